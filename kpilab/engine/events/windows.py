"""The portable form of a chain: one Ibis expression of window functions, the same on every engine.

Rows of one unit and moment are drawn together first. Then, from the last step to the first, each
moment carries the earliest times of the steps still to come: a running minimum over the unit's
later moments.
"""

from __future__ import annotations

from functools import reduce
from itertools import combinations
from operator import and_, or_
from typing import TYPE_CHECKING, Any, cast

import ibis

from kpilab.engine.column import column
from kpilab.engine.dialect import one
from kpilab.engine.events.chain import NEVER, Chain
from kpilab.errors import BadInput

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_SHARED = 6  # steps one row may meet together: 2^6 counts per moment


def outcomes(rows: ir.Table, chain: Chain, keys: tuple[str, ...]) -> ir.Table:
    """The best pass of every unit; see `kpilab.engine.events.passes.outcomes`."""
    if any(len(group) > MOST_SHARED for group in chain.groups):
        raise BadInput(
            f"more than {MOST_SHARED} steps can be met by one event",
            "funnel, argument 'steps'",
            "name the event of each step, or load the log into DuckDB",
        )
    moments = _moments(rows, chain, keys)
    passes = (
        _unordered(moments, chain, keys)
        if chain.mode == "unordered"
        else _ordered(moments, chain, keys)
    )
    return _best(_kept(passes, chain), chain, keys)


def _bit(mask: Any, *bits: int) -> ir.BooleanColumn:
    """Whether the mask has any of the bits."""
    return (mask & sum(1 << b for b in bits)) != 0


def _subsets(chain: Chain) -> list[tuple[int, ...]]:
    groups = chain.groups or tuple((k,) for k in range(chain.steps))
    sizes = (1,) if chain.reuse or chain.mode == "unordered" else range(1, MOST_SHARED + 1)
    return [s for group in groups for size in sizes for s in combinations(group, size)]


def _name(subset: tuple[int, ...]) -> str:
    return "c" + "_".join(map(str, subset))


def _moments(rows: ir.Table, chain: Chain, keys: tuple[str, ...]) -> ir.Table:
    """One row per unit and moment: how many rows meet each set of steps,
    and the next exclusion and optional step."""
    n, mask = chain.steps, column(rows, "mask")
    if chain.mode == "unordered":
        mask = _first_only(mask, n)
    counts = {_name(s): one(_bit(mask, *s)).sum() for s in _subsets(chain)}
    marks = {
        f"b{b}": _bit(mask, b).max()
        for b in range(n, n + len(chain.exclusions) + len(chain.extras))
    }
    moments = rows.group_by([*keys, "t"]).agg(
        size=mask.count(), **counts, **marks, **_repeats(mask, chain)
    )
    later = ibis.window(group_by=keys, order_by=ibis.desc("t"), preceding=(None, 1))
    since = ibis.window(group_by=keys, order_by=ibis.desc("t"), preceding=None, following=0)
    coming = {
        f"v{p}": column(moments, f"b{n + p}").ifelse(moments["t"], ibis.null("int64")).min().over(
            later if p < len(chain.exclusions) else since
        )
        for p in range(len(chain.exclusions) + len(chain.extras))
    }  # fmt: skip
    return moments.mutate(**coming) if coming else moments


def _repeats(mask: Any, chain: Chain) -> dict[str, ir.Value]:
    """Rows of a moment by the steps that may not be repeated once step k is met: `r<k>` rows that
    meet the second to the k-th, `f<k>` whether another row meets the first."""
    found = {}
    for k in range(2, chain.steps) if chain.once else ():
        later = _bit(mask, *range(1, k))
        found |= {f"r{k}": one(later).sum(), f"f{k}": one(_bit(mask, 0) & ~later).max()}
    return found


def _first_only(mask: Any, n: int) -> ir.IntegerColumn:
    """The mask with the first step it meets only (exclusions stay)."""
    steps: Any = ibis.cases(*[(_bit(mask, k), 1 << k) for k in range(n)], else_=0)
    return steps + (mask - (mask & ((1 << n) - 1)))


def _attached(chain: Chain) -> list[tuple[str, int]]:
    """What a pass carries: a name and the step (from 1) at which it is read off."""
    steps = [(f"e{k}", k) for k in range(1, chain.steps + 1)]
    others = [first for first, _ in chain.exclusions] + list(chain.extras)
    return steps + [(f"p{p}", k) for p, k in enumerate(others)]


def _ordered(moments: ir.Table, chain: Chain, keys: tuple[str, ...]) -> ir.Table:
    """One row per pass: the moments of its steps, null where there is none."""
    n = chain.steps
    items = _attached(chain)
    table = moments
    for start in range(n - 1, -1, -1):
        table = table.mutate(reach=_reach(table, chain, start))
        entered = table.mutate(
            **{
                f"{name}_{start}": _entry(table, chain, start, name, k)
                for name, k in items
                if k > start
            }
        )
        if start:
            entered = entered.mutate(
                **{
                    f"{name}_after{start}": _after(entered, chain, start, name, keys)
                    for name, k in items
                    if k > start
                }
            )
        table = entered.drop("reach")
    passes = table.filter(table["e1_0"].notnull())
    return passes.select(*keys, **{name: passes[f"{name}_0"] for name, _ in items})


def _reach(table: ir.Table, chain: Chain, start: int) -> ir.IntegerValue:
    """Last step that rows of this moment can meet when `start` steps are already met;
    `start` when none."""
    reach: Any = ibis.literal(start, "int64")
    for last in range(start + 1, chain.furthest(start) + 1):
        needed = set(range(start, last))
        # Hall's theorem: every set of steps needs at least as many rows as it has steps.
        met = [
            column(table, _name(s)) >= (1 if chain.reuse else len(s))
            for s in _subsets(chain)
            if needed >= set(s)
        ]
        reach = reach + one(reduce(and_, met))
    return reach


def _entry(table: ir.Table, chain: Chain, start: int, name: str, step: int) -> ir.Value:
    """Value carried by a pass that enters this moment with `start` steps met."""
    reach, missing = column(table, "reach"), ibis.null("int64")
    own = table["t"] if name.startswith("e") else table["v" + name[1:]]
    branches = [(reach == start, missing), (reach >= step, own)]
    for last in range(start + 1, step):
        onward = table[f"{name}_after{last}"]
        if chain.mode == "strict" and start:
            # Nothing may stand between: every row of the moment must have served.
            onward = (column(table, "size") == last - start).ifelse(onward, missing)
        if chain.once and last > 1:
            # Rows that served are no repeats; of the rows that begin, one may meet no other step.
            served = last - start if start else last - column(table, f"f{last}")
            onward = (column(table, f"r{last}") <= served).ifelse(onward, missing)
        branches.append((reach == last, onward))
    return ibis.cases(*branches, else_=missing)


def _after(table: ir.Table, chain: Chain, start: int, name: str, keys: tuple[str, ...]) -> ir.Value:
    """The value a pass finds after this moment, `start` steps being met: the earliest later one,
    or the very next in strict mode; neither before the step may follow."""
    value, gap = column(table, f"{name}_{start}"), chain.gaps[start] if chain.gaps else 0
    if chain.mode == "strict":
        order = ibis.window(group_by=keys, order_by="t")
        waited = column(table, "t").lead().over(order) - table["t"] >= gap
        following = value.lead().over(order)
        return waited.ifelse(following, ibis.null("int64")) if gap > 1 else following
    later = ibis.window(group_by=keys, order_by=ibis.desc("t"), preceding=(None, 1))
    # Moments differ by one at least.
    ahead = (
        ibis.range_window(group_by=keys, order_by="t", following=(gap, None)) if gap > 1 else later
    )
    if not chain.once:
        return value.min().over(ahead)
    # A pass that begins later may go on where this one stops, so the least value may be that of
    # another moment: the moment itself leads the value.
    place = ibis.array([column(table, "t"), value.fill_null(NEVER)])
    met = column(table, f"e{start + 1}_{start}").notnull()
    found: Any = met.ifelse(place, ibis.null("array<int64>")).min().over(ahead)
    onward = found[1].nullif(NEVER)
    if start == 1:
        return onward
    again = (column(table, f"r{start}") > 0).ifelse(table["t"], ibis.null("int64"))
    stopped = (again.min().over(later) < found[0]).fill_null(False)
    return stopped.ifelse(ibis.null("int64"), onward)


def _unordered(moments: ir.Table, chain: Chain, keys: tuple[str, ...]) -> ir.Table:
    """One row per moment of any step: when the first, second … different step follows."""
    n, since = (
        chain.steps,
        ibis.window(group_by=keys, order_by=ibis.desc("t"), preceding=None, following=0),
    )
    here = {f"h{k}": (column(moments, f"c{k}") > 0) for k in range(n)}
    table = moments.mutate(**here)
    met = [column(table, f"h{k}") for k in range(n)]
    carried = {
        f"e_{k}": met[k].ifelse(table["t"], ibis.null("int64")).min().over(since) for k in range(n)
    }
    for p in range(len(chain.exclusions)):
        # A null next exclusion must not vanish in the minimum: it means "never".
        value = column(table, f"v{p}").fill_null(NEVER)
        carried |= {
            f"p{p}_{k}": met[k].ifelse(value, ibis.null("int64")).min().over(since)
            for k in range(n)
        }
    table = table.mutate(**carried)
    table = table.filter(reduce(or_, [column(table, f"h{k}") for k in range(n)]))
    # Later steps have later exclusions, so sorting both lists keeps them side by side.
    lists = {"e": [f"e_{k}" for k in range(n)]}
    lists |= {f"p{p}": [f"p{p}_{k}" for k in range(n)] for p in range(len(chain.exclusions))}
    table = table.mutate(
        **{
            f"s{name}": ibis.array([column(table, c).fill_null(NEVER) for c in found]).sort()
            for name, found in lists.items()
        }
    )
    places = dict(_attached(chain))
    values = {
        name: table["se" if name.startswith("e") else f"s{name}"][k - 1].nullif(NEVER)
        for name, k in places.items()
    }
    return table.select(*keys, **values)


def _kept(passes: ir.Table, chain: Chain) -> ir.Table:
    """Passes with the level they reach in time, without those an exclusion spoils."""
    limits = chain.limits or (None,) * chain.steps
    times = {k: column(passes, f"e{k}") for k in range(1, chain.steps + 1)}
    level, going = (
        cast("ir.IntegerScalar", ibis.literal(1, "int64")),
        cast("ir.BooleanValue", ibis.literal(True)),
    )
    for k in range(2, chain.steps + 1):
        in_time = (times[k] - times[1] <= chain.within).fill_null(False)
        if limits[k - 1] is not None:
            in_time = in_time & (times[k] - times[k - 1] <= limits[k - 1]).fill_null(False)
        going = going & in_time
        level = level + one(going)
    passes = passes.mutate(level=level)
    for p, (first, last) in enumerate(chain.exclusions):
        level = column(passes, "level")
        end = (level >= last).ifelse(passes[f"e{last}"], column(passes, "e1") + chain.within)
        spoilt = (level >= first) & (passes[f"p{p}"] < end).fill_null(False)
        passes = passes.filter(~spoilt)
    return passes


def _best(passes: ir.Table, chain: Chain, keys: tuple[str, ...]) -> ir.Table:
    passes = passes.mutate(best=passes["level"].max().over(ibis.window(group_by=keys)))
    longest = passes.filter(passes["level"] == passes["best"])
    extras = range(len(chain.exclusions), len(chain.exclusions) + len(chain.extras))
    wanted = {f"t{k}": f"e{k}" for k in range(1, chain.steps + 1)}
    firsts = {out: longest[name].argmin(longest["e1"]) for out, name in wanted.items()}
    # An engine may pass over nulls in argmin, so "never" is a number here.
    optional = {
        f"o{o}": column(longest, f"p{p}").fill_null(NEVER).argmin(longest["e1"])
        for o, p in enumerate(extras, 1)
    }
    waits = {
        f"d{k}": (column(longest, f"e{k}") - longest[f"e{k - 1}"]).mean()
        for k in range(2, chain.steps + 1)
    }
    found = longest.group_by(list(keys)).agg(
        level=longest["level"].max(), **firsts, **waits, **optional
    )
    return found.mutate(**_blanked(found, chain)).select(*keys, *chain.columns)


def _blanked(found: ir.Table, chain: Chain) -> dict[str, ir.Value]:
    """Times above the level are no part of the pass;
    an optional step counts before the next step or in time."""
    steps = range(2, chain.steps + 1)
    level = column(found, "level")
    times = {f"t{k}": (level >= k).ifelse(found[f"t{k}"], ibis.null("int64")) for k in steps}
    waits = {f"d{k}": (level >= k).ifelse(found[f"d{k}"], ibis.null("float64")) for k in steps}
    extras = {}
    for o, after in enumerate(chain.extras, 1):
        moment, end = found[f"o{o}"], column(found, "t1") + chain.within
        if after < chain.steps:
            end = (level > after).ifelse(found[f"t{after + 1}"], end)
        met = ((level >= after) & (moment <= end)).fill_null(False)
        extras[f"o{o}"] = met.ifelse(moment, ibis.null("int64"))
    return times | waits | extras
