"""What the customers of two periods did to an amount, and how long each one usually stays away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from sqlglot import exp

from kpilab.core.values import Period
from kpilab.engine.column import own
from kpilab.engine.customers.amounts import DAY, WHO, Amounts
from kpilab.engine.customers.movements import BEFORE, NOW
from kpilab.engine.customers.windows import first_of, month, month_of, number
from kpilab.engine.dialect import dialect_of, engine_name
from kpilab.engine.expression import quoted
from kpilab.engine.run import collect, collect_one, collect_text

if TYPE_CHECKING:
    import ibis.expr.types as ir

FIRST, LAST = own("first"), own("last")
GAP, GAPS, USUAL, MOVED = own("gap"), own("gaps"), own("usual"), own("moved")
MONTH, EARLIER, ENTERED, ENDED = own("month"), own("earlier"), own("entered"), own("ended")
QUANTILE = 0.95
LEAST_GAPS = 4  # of a customer, for a usual gap of its own
REGULAR = 0.95  # of the months between first and last amount have one: invoices of a contract
LONG = 3  # months from the first to the last amount that tell whether they are regular


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """What the customers of two periods did.

    Attributes:
        moved: one row per movement and segment: customers, sums before and now, and sums of their
            products.
        months: one row per month, movement and segment: customers, amount in the month before and
            in the month.
        regular: share of the months between a customer's first and last amount that have one; NaN
            where nobody spans three.
        gap: days up to which a customer with few gaps counts as paused.
    """

    moved: pd.DataFrame
    months: pd.DataFrame
    regular: float
    gap: float


def grown(found: Amounts, baseline: Period, current: Period) -> Grown:
    """What the customers did, from period to period and from month to month: the rows are read once
    for all of it, and once more for the gaps of those who stopped."""
    keys, until = [WHO, *found.by.values()], found.until(current.last)
    months = range(month(baseline.first) - 1, month(current.last) + 1)
    each = _each(until, keys, {BEFORE: baseline, NOW: current}, months)
    people: Any = each.filter(each[WHO].notnull())
    told = _by_month(people, months, [*found.by.values()])
    moved, gap = _between(until, each.filter((each[BEFORE] != 0) | (each[NOW] != 0)), baseline,
                          current, keys)  # fmt: skip
    names = [_named(k) for k in months[1:]]
    if found.by:
        people = people.group_by(WHO).agg(**{name: people[name].sum() for name in names})
    return Grown(moved, told, _share(people, names), gap)


def _each(
    found: Amounts, keys: list[str], periods: dict[str, Period], months: Sequence[int]
) -> Any:
    """One row per customer and segment with an amount since the first of the months: those of the
    periods and months, first and last day, first and last month with an amount (those before are
    one)."""
    day, whole = exp.column(DAY, quoted=True), {n: p for n, p in periods.items() if _whole(p)}
    asked: dict[str, Period | None] = {n: p for n, p in periods.items() if n not in whole}
    asked |= {_named(k): Period(first_of(k), first_of(k + 1) - timedelta(days=1)) for k in months}
    before, adds = first_of(months[0]) - timedelta(days=1), found.only_adds()
    if adds:
        asked[EARLIER] = Period(date.min, before)
    ends = [exp.alias_(kind(this=day.copy()), name, quoted=True)
            for kind, name in ((exp.Min, FIRST), (exp.Max, LAST))]  # fmt: skip
    each: Any = found.of(keys, asked, *ends)
    each = each.mutate(**{
        name: sum((each[_named(k)] for k in _months(p)[1:]), each[_named(_months(p)[0])])
        for name, p in whole.items()
    })  # fmt: skip
    held = [(k, each[_named(k)] != 0) for k in months]
    each = each.filter(ibis.or_(*(each[name] != 0 for name in periods), *(met for _, met in held)))
    if not adds:
        each = _with_earlier(found, each, keys, before)
    old, last = each[EARLIER] != 0, reversed(held)
    return each.mutate(
        **{ENTERED: ibis.cases((old, months[0] - 1), *((met, k) for k, met in held)),
           ENDED: ibis.cases(*((met, k) for k, met in last))},
    ).cache()  # fmt: skip


def _whole(period: Period) -> bool:
    """Whether it begins and ends with a month."""
    return period.first.day == 1 and (period.last + timedelta(days=1)).day == 1


def _months(period: Period) -> range:
    return range(month(period.first), month(period.last) + 1)


def _named(k: int) -> str:
    return own(f"month{k}")


def _with_earlier(found: Amounts, each: Any, keys: list[str], until: date) -> Any:
    """Whether a customer had an amount in any month up to a day: in the sum of them all, what was
    taken back later would hide it."""
    rows: Any = found.until(until).rows
    rows = replace(found, rows=rows.mutate(**{MONTH: month_of(rows[DAY])}))
    sums: Any = rows.of([*keys, MONTH], {NOW: None})
    # Kept by itself: one statement cannot read the rows under one name in two places.
    there = sums.filter(sums[NOW] != 0).select(*keys).distinct().mutate(**{EARLIER: 1}).cache()
    joined = each.left_join(there, [each[k] == there[k] for k in keys])
    return joined.select(each, there[EARLIER].fill_null(0).name(EARLIER))


def _between(
    until: Amounts, each: Any, baseline: Period, current: Period, keys: list[str]
) -> tuple[pd.DataFrame, float]:
    """What the customers did between the periods, and the gap up to which one with few gaps counts
    as paused."""
    gone = each.filter((each[NOW] == 0) & each[WHO].notnull())
    gaps = _gaps(until, gone.select(*keys), keys).cache()
    usual = collect_one(gaps.agg(usual=gaps[GAP].quantile(QUANTILE)), "growth")["usual"]
    pooled = float("nan") if usual is None else float(usual)
    per = gaps.group_by(keys).agg(**{GAPS: gaps.count(), USUAL: gaps[GAP].quantile(QUANTILE)})
    same = [each[k] == per[k] for k in keys]
    joined = each.left_join(per, same).select(each, per[GAPS], per[USUAL])
    moved = joined.mutate(**{MOVED: _movement(joined, baseline, current, pooled)})
    return collect(_moments(moved, [MOVED, *keys[1:]]), "growth"), pooled


def _movement(each: Any, baseline: Period, current: Period, pooled: float) -> Any:
    """What one customer did, in words."""
    engine = engine_name(each)
    limit = ibis.cases(
        (each[GAPS] >= LEAST_GAPS, each[USUAL].cast("float64")),
        else_=ibis.literal(pooled if pooled == pooled else None, type="float64"),
    )
    silent = number(ibis.literal(current.last), engine) - number(each[LAST], engine)
    return ibis.cases(
        (each[WHO].isnull(), "nobody"),
        ((each[BEFORE] == 0) & (each[FIRST] > ibis.literal(baseline.last)), "new"),
        (each[BEFORE] == 0, "back"),
        ((each[NOW] == 0) & (silent > limit), "left"),
        (each[NOW] == 0, "paused"),
        (each[NOW] > each[BEFORE], "expanded"),
        (each[NOW] < each[BEFORE], "contracted"),
        else_="kept",
    )


def _moments(each: Any, keys: list[str]) -> ir.Table:
    before, now = each[BEFORE].cast("float64"), each[NOW].cast("float64")
    less: Any = ibis.least(before, now)
    return each.group_by(keys).agg(
        customers=each.count(), before=before.sum(), now=now.sum(), less=less.sum(),
        bb=(before * before).sum(), bn=(before * now).sum(), nn=(now * now).sum(),
        bl=(before * less).sum(), ll=(less * less).sum(),
    )  # fmt: skip


def _gaps(found: Amounts, whose: ir.Table, keys: list[str]) -> Any:
    """Days between a customer's days, one row per gap."""
    rows: Any = found.rows.semi_join(whose, keys).select(*keys, DAY)
    rows = rows.mutate(**{EARLIER: rows[DAY].lag().over(group_by=keys, order_by=DAY)})
    rows = rows.filter(rows[EARLIER] < rows[DAY])  # rows of one day are one
    engine = engine_name(rows)
    gap = number(rows[DAY], engine) - number(rows[EARLIER], engine)
    return rows.select(*keys, **{GAP: gap})


def by_contract(found: Amounts, period: Period, said: bool | None = None) -> bool:
    """Whether customers are billed every month: as said, else by the rows of the period."""
    return regular(found, period) >= REGULAR if said is None else said


def regular(found: Amounts, period: Period) -> float:
    """Share of the months between a customer's first and last amount that have one; NaN where
    nobody spans three."""
    rows: Any = found.rows.filter(found.rows[WHO].notnull())
    rows = rows.filter(rows[DAY].between(ibis.literal(period.first), ibis.literal(period.last)))
    rows = replace(found, rows=rows.mutate(**{MONTH: month_of(rows[DAY])}))
    seen: Any = rows.of([WHO, MONTH], {NOW: None})
    seen = seen.filter(seen[NOW] != 0)
    each = seen.group_by(WHO).agg(n=seen.count(), span=seen[MONTH].max() - seen[MONTH].min() + 1)
    return _of_spans(each)


def _share(people: Any, months: list[str]) -> float:
    """The same, of customers with a column per month."""
    held = [(k, people[name] != 0) for k, name in enumerate(months)]
    n = sum((met.ifelse(1, 0) for _, met in held[1:]), held[0][1].ifelse(1, 0))
    last: Any = ibis.cases(*((met, k) for k, met in reversed(held)))
    first: Any = ibis.cases(*((met, k) for k, met in held))
    return _of_spans(people.select(n=n, span=last - first + 1))


def _of_spans(each: Any) -> float:
    each = each.filter(each.span >= LONG)
    row = collect_one(each.agg(n=each.n.sum(), span=each.span.sum()), "growth")
    return float(row["n"] / row["span"]) if row["span"] else float("nan")


def _by_month(each: Any, months: Sequence[int], segment: list[str]) -> pd.DataFrame:
    """One row per month but the first, movement and segment.

    As text: to write out a query per month takes Ibis longer than the engine to answer it.
    """
    dialect = dialect_of(engine_name(each))
    told = " UNION ALL ".join(_of_month(k, segment, dialect) for k in months[1:])
    found = collect_text(each, f"SELECT * FROM ({told}) AS months", "growth")
    return found.astype({"customers": "int64", "before": float, "now": float, MONTH: "int64"})


def _of_month(k: int, segment: list[str], dialect: str) -> str:
    """What customers did from the month before to this one."""
    quote = "`" if dialect == "spark" else '"'
    number = "DOUBLE" if dialect == "spark" else "DOUBLE PRECISION"
    names = [quoted(name, quote) for name in segment]
    was, now = (quoted(_named(m), quote) for m in (k - 1, k))
    ours = (ENTERED, ENDED, MOVED, MONTH)
    entered, ended, moved, bucket = (quoted(name, quote) for name in ours)
    # Who comes back inside the period paused; of whoever does not, nobody knows yet.
    cases = {
        f"{was} = 0 AND {entered} = {k}": "new", f"{was} = 0": "back",
        f"{now} = 0 AND {ended} > {k}": "paused", f"{now} = 0": "left",
        f"{now} > {was}": "expanded", f"{now} < {was}": "contracted",
    }  # fmt: skip
    what = " ".join(f"WHEN {met} THEN '{word}'" for met, word in cases.items())
    sums = (
        f"COUNT(*) AS {quote}customers{quote}",
        *(f"SUM(CAST({of} AS {number})) AS {quote}{name}{quote}"
          for of, name in ((was, "before"), (now, "now"))),
        f"{k} AS {bucket}",
    )  # fmt: skip
    columns = ", ".join((*names, f"CASE {what} ELSE 'kept' END AS {moved}", *sums))
    keys = ", ".join(str(n) for n in range(1, len(names) + 2))
    return f"SELECT {columns} FROM rows_read WHERE {was} <> 0 OR {now} <> 0 GROUP BY {keys}"
