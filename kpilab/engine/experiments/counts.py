"""From counts per variant (and day, and segment) to the moments an experiment is read from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import ibis
from ibis import _

from kpilab.core.trial import Counts, Design, Outcome, Units
from kpilab.engine.column import marked, own, spelled
from kpilab.engine.dialect import one
from kpilab.engine.door.labels import label
from kpilab.engine.experiments.intake import Intake
from kpilab.engine.experiments.moments import Group, Moments
from kpilab.engine.experiments.trial import Trial
from kpilab.engine.run import collect, collect_one
from kpilab.errors import BadInput, Problem, several, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

# A table with more rows holds units: no test ran for so many days in so many segments.
MOST_DAYS = 5000
# Values that all variants have in common, of the rows of one; a day may be missing here and there.
HELD = 1.2
# Settings of a design that only rows of units can answer.
OF_UNITS = ("cluster", "exposure", "window", "covariates", "before", "slot")


def refuse_days(who: Units, metrics: Sequence[Outcome], design: Design) -> None:
    """Stop where every row is one value of a column in one variant, and every variant has them all:
    days of a test, or pairs, which do not differ as units do.

    Raises:
        BadInput: the rows are no units.
    """
    named = {who.variant, who.unit, design.cluster, design.strata, design.exposure}
    named |= {c for m in metrics for c in (m.value, m.per, *m.covariates)}
    able = [c for c in who.table.columns if c not in named and _may_be_days(who.table, c)]
    if not able:
        return
    rows = int(collect_one(who.table.aggregate(_.count().name("n")), "experiment")["n"])
    if rows > MOST_DAYS:
        return
    keys = {c: _[c].cast("string").fill_null("") for c in able}
    if len(able) > 1:
        keys[" and ".join(able)] = reduce(lambda a, b: a + "\n" + b, keys.values())
    arm = _[who.variant].cast("string")
    sums = {"arms": arm.nunique()}
    for k, key in enumerate(keys.values()):
        sums |= {f"v{k}": key.nunique(), f"b{k}": (arm + "\n" + key).nunique()}
    found = collect_one(who.table.aggregate([v.name(n) for n, v in sums.items()]), "experiment")
    arms = int(found["arms"])
    for k, name in enumerate(keys):
        values = int(found[f"v{k}"])
        if arms > 1 and values > 1 and found[f"b{k}"] == rows and values * arms <= HELD * rows:
            raise BadInput(
                f"each row is one {name!r} of a variant, not a unit: {rows} rows in {arms} "
                "variants cannot stand for the units behind them",
                f"table {who.name!r}, column {name!r}",
                "say how many units each row stands for: Counts(table, units='column'), in the "
                "terminal --units COLUMN; and take shares out of them",
            )


def _may_be_days(table: ir.Table, column: str) -> bool:
    kind = table[column].type()
    return kind.is_temporal() or kind.is_string()


def counted(
    who: Counts, metrics: Sequence[Outcome], design: Design, keep: Sequence[str]
) -> tuple[Trial, Moments]:
    """The moments of counts, as if their units had been read one by one.

    Raises:
        BadInput: settings that need rows of units, sums without squares, more who did than there
            are, units that are missing or negative.
    """
    error = several([*_asked(design), *(p for m in metrics for p in _needs(who, m))])
    if error:
        raise error
    groups = tuple(_group(who, m) for m in metrics)
    _check(who, groups)
    table = who.table
    keys = {"variant": table[who.variant].cast("string")}
    keys |= {marked(k): label(table[k]) for k in keep}
    keys |= {"day": table[who.time].cast("timestamp").date()} if who.time else {}
    names = {own(f"k{i}"): value for i, value in enumerate(keys.values())}
    rows = table.mutate(**names).filter(_[own("k0")].notnull())
    rows = _inside(rows, own(f"k{len(keys) - 1}"), design) if who.time else rows
    sums = {own("n"): _[who.units].cast("float64").sum()}
    at: dict[str, str] = {}
    for k, g in enumerate(groups):
        for what, expression in _sums(who, g).items():
            at[own(f"g{k}_{what}")] = f"{g.name}:{what.replace('_', ':')}"
            sums[own(f"g{k}_{what}")] = expression
    frame = collect(rows.group_by(*names).agg(**sums), "experiment")
    called = dict(zip(names, keys, strict=True)) | {own("n"): "units"} | at
    found = Moments(
        frame.rename(columns=called).fillna(dict.fromkeys(at.values(), 0.0)),
        tuple(keys),
        groups,
        dict.fromkeys((c for g in groups for c in g.all), 0.0),
    )
    return Trial(table, table, groups, {}, {}, Intake({}), None), found


def _asked(design: Design) -> Iterator[Problem]:
    for name in OF_UNITS:
        if getattr(design, name):
            what = f"counts hold no units, so {name!r} cannot be read"
            yield Problem(what, f"Design, {name}", "give one row per unit, or leave it out")


def _needs(who: Counts, m: Outcome) -> Iterator[Problem]:
    """What a metric asks of the table and it does not have."""
    where = f"metric {m.name!r}"
    if m.kind == "quantile" or m.cap is not None or m.covariates:
        what = "counts hold no units: no quantile, cap or covariate can be read from them"
        yield Problem(what, where, "give one row per unit")
        return
    columns = [m.value, *([m.per] if m.per else [])]
    for c in columns:
        if c not in who.table.columns:
            yield from unknown("column", c, who.table.columns, where).problems
            return
        if not who.table[c].type().is_numeric():
            yield Problem(f"column {c!r} holds no numbers", where, "give a column of sums")
    if m.kind == "proportion":
        return
    wanted = [*columns, *([f"{m.value} * {m.per}"] if m.per else [])]
    for c in wanted:
        if c not in who.squares:
            many = "products" if " * " in c else "squares"
            yield Problem(
                f"a sum alone says nothing of how units differ: the sum of {many} of {c!r} is "
                "missing",
                where,
                f"name its column: Counts(table, squares={{{c!r}: 'column'}}); a share of the "
                "units needs none: Outcome(…, kind='proportion')",
            )


def _group(who: Counts, m: Outcome) -> Group:
    columns = tuple(str(spelled(c, who.table.columns)) for c in (m.value, m.per) if c)
    share = m.kind == "proportion"
    return Group(m.name, columns, (), (), share, share)


def _sums(who: Counts, g: Group) -> dict[str, ibis.Deferred]:
    """Units that count, sums and sums of products; rows without a value count for nothing."""
    whole = reduce(or_, (_[c].isnull() for c in g.columns))
    found = {"n": whole.ifelse(0.0, _[who.units].cast("float64")).sum()}
    for i, c in enumerate(g.columns):
        found[str(i)] = _[c].cast("float64").sum()
        square = c if g.proportion else who.squares[c]
        found[f"{i}_{i}"] = _[square].cast("float64").sum()
    if len(g.columns) == 2:
        product = who.squares[" * ".join(g.columns)]
        found["0_1"] = _[product].cast("float64").sum()
    return found


def _check(who: Counts, groups: Sequence[Group]) -> None:
    """Numbers of units are whole and known, and no more did than there are."""
    if not who.table[who.units].type().is_numeric():
        raise BadInput(
            f"column {who.units!r} holds no numbers",
            f"table {who.name!r}, role 'units'",
            "give the number of units of each row",
        )
    shares = [g for g in groups if g.proportion]
    units = _[who.units]
    parts = {"bad": one(units.isnull() | (units < 0) | (units != units.floor())).sum()}
    for k, g in enumerate(shares):
        value = _[g.columns[0]]
        parts[f"over{k}"] = one((value > units) | (value < 0)).sum()
    found = collect_one(who.table.aggregate([v.name(n) for n, v in parts.items()]), "experiment")
    if found["bad"]:
        raise BadInput(
            f"{int(found['bad'])} rows hold no whole number of units",
            f"table {who.name!r}, column {who.units!r}",
            "give how many units each row stands for",
        )
    for k, g in enumerate(shares):
        if found[f"over{k}"]:
            raise BadInput(
                f"in {int(found[f'over{k}'])} rows more did than there are units",
                f"metric {g.name!r}",
                f"choose the units it is a share of (now {who.units!r}); a sum per unit needs its "
                "squares",
            )


def _inside(rows: ir.Table, day: str, design: Design) -> ir.Table:
    """Rows on the design's days."""
    if design.start:
        rows = rows.filter(_[day] >= ibis.timestamp(str(design.start)))
    return rows.filter(_[day] <= ibis.timestamp(str(design.until))) if design.until else rows
