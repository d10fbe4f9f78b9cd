"""What the customers of two periods did to an amount, and how long each one usually stays away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
from sqlglot import exp

from kpilab.core.values import Period
from kpilab.engine.column import own
from kpilab.engine.customers.amounts import DAY, WHO, Amounts
from kpilab.engine.customers.movements import BEFORE, NOW
from kpilab.engine.customers.windows import month, month_of, number
from kpilab.engine.dialect import engine_name
from kpilab.engine.run import collect, collect_one

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

FIRST, LAST = own("first"), own("last")
GAP, GAPS, USUAL, MOVED = own("gap"), own("gaps"), own("usual"), own("moved")
MONTH = own("month")
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
    rows: Any = found.rows.semi_join(whose, keys).select(*keys, DAY).distinct()
    before = rows[DAY].lag().over(group_by=keys, order_by=DAY)
    rows = rows.mutate(**{own("lag"): before})
    rows = rows.filter(rows[own("lag")].notnull())
    engine = engine_name(rows)
    gap = number(rows[DAY], engine) - number(rows[own("lag")], engine)
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
    rows: Any = found.rows.filter(
        found.rows[WHO].notnull() & (found.rows[DAY] <= ibis.literal(period.last))
    )
    keys = [WHO, *found.by.values()]
    rows = rows.mutate(**{MONTH: month_of(rows[DAY])})
    each: Any = Amounts(rows, found.metric, found.by).of([*keys, MONTH], {NOW: None})
    each = each.filter(each[NOW] != 0)
    each = each.mutate(**{FIRST: each[MONTH].min().over(group_by=keys)})
    first = month(period.first)
    last = month(period.last)
    each = each.filter(each[MONTH] >= first - 1)
    each = each.mutate(
        before=each[NOW].lag().over(group_by=keys, order_by=MONTH),
        earlier=each[MONTH].lag().over(group_by=keys, order_by=MONTH),
        later=each[MONTH].lead().over(group_by=keys, order_by=MONTH),
    )
    here = each.filter(each[MONTH] >= first)
    was = here.earlier.fill_null(-1) == here[MONTH] - 1
    before = was.ifelse(here.before, 0).cast("float64")
    moved = ibis.cases(
        (~was & (here[FIRST] == here[MONTH]), "new"), (~was, "back"),
        (here[NOW] > here.before, "expanded"), (here[NOW] < here.before, "contracted"),
        else_="kept",
    )  # fmt: skip
    stayed = here.select(
        *keys, MONTH, **{MOVED: moved}, before=before, now=here[NOW].cast("float64")
    )
    ended = each.filter((each.later.fill_null(-1) != each[MONTH] + 1) & (each[MONTH] < last))
    # Who comes back inside the period paused; of whoever does not, nobody knows yet.
    gone = ended.select(
        *keys, **{MONTH: ended[MONTH] + 1, MOVED: ended.later.isnull().ifelse("left", "paused")},
        before=ended[NOW].cast("float64"), now=ibis.literal(0.0),
    )  # fmt: skip
    both = stayed.union(gone)
    grouped = both.group_by([MONTH, *found.by.values(), MOVED]).agg(
        customers=both.count(), before=both.before.sum(), now=both.now.sum()
    )  # fmt: skip
    return collect(grouped, "growth")
