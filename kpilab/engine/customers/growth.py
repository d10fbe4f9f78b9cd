"""What the customers of two periods did to an amount, and how long each one usually stays away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from sqlglot import exp

from kpilab.core.values import Period
from kpilab.engine.column import own
from kpilab.engine.customers.amounts import DAY, WHO, Amounts
from kpilab.engine.customers.movements import BEFORE, NOW
from kpilab.engine.customers.windows import month, month_of, number
from kpilab.engine.dialect import engine_name
from kpilab.engine.run import collect, collect_one

if TYPE_CHECKING:
    from datetime import date

    import ibis.expr.types as ir

FIRST, LAST = own("first"), own("last")
GAP, GAPS, USUAL, MOVED = own("gap"), own("gaps"), own("usual"), own("moved")
MONTH, EARLIER = own("month"), own("earlier")
QUANTILE = 0.95
LEAST_GAPS = 4  # of a customer, for a usual gap of its own
REGULAR = 0.95  # of the months between first and last amount have one: invoices of a contract


def grown(found: Amounts, baseline: Period, current: Period) -> tuple[pd.DataFrame, float]:
    """One row per movement and segment: customers, sums before and now, and sums of their
    products; and the gap up to which a customer with few gaps counts as paused.
    """
    keys, until = [WHO, *found.by.values()], found.until(current.last)
    day = exp.column(DAY, quoted=True)
    ends = [exp.alias_(kind(this=day.copy()), name, quoted=True)
            for kind, name in ((exp.Min, FIRST), (exp.Max, LAST))]  # fmt: skip
    each: Any = until.of(keys, {BEFORE: baseline, NOW: current}, *ends)
    each = each.filter((each[BEFORE] != 0) | (each[NOW] != 0)).cache()
    gone = each.filter((each[NOW] == 0) & each[WHO].notnull())
    gaps = _gaps(until, gone.select(*keys), keys).cache()
    usual = collect_one(gaps.agg(usual=gaps[GAP].quantile(QUANTILE)), "growth")["usual"]
    pooled = float("nan") if usual is None else float(usual)
    per = gaps.group_by(keys).agg(**{GAPS: gaps.count(), USUAL: gaps[GAP].quantile(QUANTILE)})
    same = [each[k] == per[k] for k in keys]
    joined = each.left_join(per, same).select(each, per[GAPS], per[USUAL])
    moved = joined.mutate(**{MOVED: _movement(joined, baseline, current, pooled)})
    return collect(_moments(moved, [MOVED, *found.by.values()]), "growth"), pooled


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
    seen = rows.select(WHO, **{MONTH: month_of(rows[DAY])}).distinct()
    each = seen.group_by(WHO).agg(n=seen.count(), span=seen[MONTH].max() - seen[MONTH].min() + 1)
    each = each.filter(each.span >= 3)
    row = collect_one(each.agg(n=each.n.sum(), span=each.span.sum()), "growth")
    return float(row["n"] / row["span"]) if row["span"] else float("nan")


def by_month(found: Amounts, period: Period) -> pd.DataFrame:
    """One row per month of the period, movement and segment: customers, amount in the month before
    and in the month."""
    first, last = month(period.first), month(period.last)
    each: Any = _months(found, first, period.last)
    order: Any = {"group_by": [WHO, *found.by.values()], "order_by": MONTH}
    each = each.mutate(
        before=each[NOW].lag().over(**order), later=each[MONTH].lead().over(**order),
        **{EARLIER: each[MONTH].lag().over(**order)},
    )  # fmt: skip
    each = each.filter(each[MONTH] >= first - 1)
    was = (each[EARLIER] == each[MONTH] - 1).fill_null(False)
    ended = (each.later.fill_null(-1) != each[MONTH] + 1) & (each[MONTH] < last)
    none = ibis.null("string")
    each = each.mutate(
        before=was.ifelse(each.before, 0.0),
        # Who comes back inside the period paused; of whoever does not, nobody knows yet.
        ended=ended.ifelse(each.later.isnull().ifelse("left", "paused"), none),
        **{MOVED: ibis.cases(
            (each[MONTH] < first, none), (each[EARLIER].isnull(), "new"), (~was, "back"),
            (each[NOW] > each.before, "expanded"), (each[NOW] < each.before, "contracted"),
            else_="kept",
        )},
    )  # fmt: skip
    segment = [*found.by.values()]
    sums = each.group_by([MONTH, *segment, MOVED, "ended"]).agg(
        customers=each.count(), before=each.before.sum(), now=each[NOW].sum()
    )
    return _moved(collect(sums, "growth"), segment)


def _months(found: Amounts, first: int, until: date) -> Any:
    """A customer's months with an amount; all before `first` but the last as one, if they may."""
    rows: Any = found.rows
    rows = rows.filter(rows[WHO].notnull() & (rows[DAY] <= ibis.literal(until)))
    found = replace(found, rows=rows)
    at = month_of(rows[DAY])
    # Of earlier months it is asked whether there are any: in their sum, losses may hide them.
    at = ibis.greatest(at, first - 2) if found.only_adds() else at
    found = replace(found, rows=rows.mutate(**{MONTH: at}))
    each: Any = found.of([WHO, *found.by.values(), MONTH], {NOW: None})
    each = each.filter(each[NOW] != 0)
    return each.mutate(**{NOW: each[NOW].cast("float64")})


def _moved(sums: pd.DataFrame, segment: list[str]) -> pd.DataFrame:
    """What customers did in a month, and those of whom it was the last one in the month after."""
    numbers = {"customers": "sum", "before": "sum", "now": "sum"}
    gone = sums.drop(columns=MOVED).rename(columns={"ended": MOVED})
    gone = gone.assign(**{MONTH: gone[MONTH] + 1}, before=gone["now"], now=0.0)
    both = pd.concat([sums.drop(columns="ended"), gone]).dropna(subset=MOVED)
    return both.groupby([MONTH, *segment, MOVED], as_index=False).agg(numbers)
