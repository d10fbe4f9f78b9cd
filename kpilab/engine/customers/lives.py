"""How long each customer has been one, and who has left: customers alike counted together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import ibis
import pandas as pd

from kpilab.engine.column import own
from kpilab.engine.customers.amounts import DAY, WHO
from kpilab.engine.customers.growth import LEAST_GAPS, QUANTILE
from kpilab.engine.customers.history import AMOUNT, END, SINCE, History
from kpilab.engine.customers.windows import EPOCH, month, month_of, number
from kpilab.engine.dialect import engine_name
from kpilab.engine.run import collect, collect_one

Unit = Literal["day", "week", "month"]
Rule = Literal["end", "contract", "orders"]
FIRST, LAST, GAP = own("first"), own("last"), own("gap")
DAYS = 1000  # above so long a life is counted in weeks


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """Attributes:
    counts: one row per segment and `age` (in units); `left` (at that age), `there` (not known to
        have left, last seen at it).
    unit: of the age. rule: who has left is told by an end date, by invoices or by silence.
    gap: days of silence after which a customer with few gaps has left; NaN by other rules.
    older: whether customers are counted who may have been there before the rows begin.
    """

    counts: pd.DataFrame
    unit: Unit
    rule: Rule
    gap: float = float("nan")
    older: bool = False


def lives(past: History, contract: bool) -> Lives:
    """The customers whose beginning is within sight; if there are none, all. Those who were
    there when the rows begin may be older, unless the customers' own table says since when."""
    unit: Unit = "month" if contract else "week" if past.seen.days > DAYS else "day"
    if END in past.people.columns:
        unit = "week" if past.seen.days > DAYS else "day"
        return Lives(_counted(_by_end(past), past, unit), unit, "end")
    each, gap = (_by_month(past), float("nan")) if contract else _by_silence(past)
    rule: Rule = "contract" if contract else "orders"
    counts = _counted(each.filter(each.young), past, unit)
    older = counts.empty and not past.dated
    return Lives(_counted(each, past, unit) if older else counts, unit, rule, gap, older)


def _counted(each: Any, past: History, unit: Unit) -> pd.DataFrame:
    """Customers of an age counted together."""
    each = each.filter(each.age >= 0)
    each = each.mutate(age=each.age // 7) if unit == "week" else each
    keys, gone = [*past.by.values(), "age"], each.gone.cast("int64")
    return collect(
        each.group_by(keys).agg(left=gone.sum(), there=(1 - gone).sum()), "survival"
    )  # fmt: skip


def _by_end(past: History) -> Any:
    """Days from the beginning to the end that the customers' own table gives."""
    engine, last = engine_name(past.days), _number(past.seen.last)
    people = past.people.filter(past.people[SINCE].notnull())
    begun, end = number(people[SINCE], engine), number(people[END], engine)
    gone = (end <= last).fill_null(False)
    return people.mutate(age=gone.ifelse(end, last) - begun, gone=gone)


def _ordered(past: History, last: date) -> Any:
    """First and last day with an amount up to a day, of customers who began within sight."""
    days = past.days.filter((past.days[AMOUNT] > 0) & (past.days[DAY] <= ibis.literal(last)))
    each = days.group_by(WHO).agg(**{FIRST: days[DAY].min(), LAST: days[DAY].max()})
    people = past.people
    return each.join(people, each[WHO] == people[WHO]).select(each, SINCE, *past.by.values())


def _by_month(past: History) -> Any:
    """Months with an invoice up to the last whole one; after a month without, a customer has
    left."""
    after = past.seen.last + timedelta(days=1)
    last = month(after) - 1
    each = _ordered(past, after.replace(day=1) - timedelta(days=1))
    first, end = month_of(each[FIRST]), month_of(each[LAST])
    begun = month_of(each[SINCE]) if past.dated else first
    young = (begun >= month(past.seen.first) + (0 if past.dated else 1)).fill_null(False)
    gone = end < last
    return each.mutate(age=gone.ifelse(end, last) - first + 1, gone=gone, young=young)


def _by_silence(past: History) -> tuple[Any, float]:
    """Days from the first order to the last one of those who are silent for longer than their own
    95th percentile of gaps; who is not, is followed up to that long ago."""
    engine, last = engine_name(past.days), _number(past.seen.last)
    days = past.days.filter(past.days[AMOUNT] > 0)
    before = days[DAY].lag().over(group_by=WHO, order_by=DAY)
    gaps = days.mutate(before=before)
    gaps = gaps.filter(gaps["before"].notnull())
    gaps = gaps.select(WHO, **{GAP: number(gaps[DAY], engine) - number(gaps["before"], engine)})
    told = collect_one(gaps.agg(gap=gaps[GAP].quantile(QUANTILE)), "survival")["gap"]
    pooled = float("nan") if told is None else float(told)
    per = gaps.group_by(WHO).agg(n=gaps.count(), usual=gaps[GAP].quantile(QUANTILE))
    each = _ordered(past, past.seen.last)
    each = each.left_join(per, each[WHO] == per[WHO]).select(each, per.n, per.usual)
    # Nobody ordered twice: nothing says how long a silence is usual.
    gap = ibis.literal(pooled if pooled == pooled else float(past.seen.days))
    gap = (each.n >= LEAST_GAPS).fill_null(False).ifelse(each.usual.cast("float64"), gap)
    first, end = number(each[FIRST], engine), number(each[LAST], engine)
    # What is known up to so long ago: by then, who was silent since has left.
    known = last - gap.ceil().cast("int64")
    begun = number(each[SINCE], engine) if past.dated else first
    start = _number(past.seen.first) + (0 if past.dated or pooled != pooled else int(pooled) + 1)
    gone = end < known
    young = (begun >= start).fill_null(False)
    return each.mutate(age=gone.ifelse(end, known) - first, gone=gone, young=young), pooled


def _number(day: date) -> int:
    return (day - EPOCH).days
