"""What the customers who came together did by age: sums by cohort, age and segment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import pandas as pd

from kpilab.engine.column import own
from kpilab.engine.customers.amounts import DAY, WHO
from kpilab.engine.customers.history import AMOUNT, SINCE, History
from kpilab.engine.customers.windows import EPOCH, month, month_of, number
from kpilab.engine.dialect import engine_name
from kpilab.engine.run import collect

COHORT, AGE, SUM, ALL = own("cohort"), own("age"), own("sum"), own("all")
GRAINS = ("week", "month", "quarter")
MONDAY = 3  # days from the Monday before the epoch to it


@dataclass(frozen=True, slots=True, eq=False)
class Triangle:
    """Attributes:
    sizes: one row per cohort and segment; `cohort` (number of its bucket), `size`.
    cells: one row per cohort, age and segment with an amount; `active` (customers with an amount
        above zero), `orders` (days with one), `amount`, `squares` (by which the sum of squares of
        what each customer brought so far grows).
    first, last: numbers of the first bucket with rows, and of the last whole one.
    """

    sizes: pd.DataFrame
    cells: pd.DataFrame
    first: int
    last: int


def triangle(past: History, grain: str) -> Triangle:
    """Whole weeks from Monday, calendar months or quarters; a customer is of that of its first day
    with an amount, or since which the customers' own table says so."""
    engine = engine_name(past.days)
    first = bucket_of(past.seen.first, grain)
    last = bucket_of(past.seen.last + timedelta(days=1), grain) - 1
    people = past.people.mutate(**{COHORT: _bucket(past.people[SINCE], grain, engine)})
    begun = (people[COHORT] >= first) & (people[COHORT] <= last)
    people = people.filter(begun.fill_null(False))
    segment = [*past.by.values()]
    sizes = collect(people.group_by([COHORT, *segment]).agg(size=people.count()), "cohorts")
    days = past.days.mutate(**{AGE: _bucket(past.days[DAY], grain, engine)})
    days = days.filter(days[AGE] <= last)
    bought: Any = (days[AMOUNT] > 0).cast("int64")
    each = days.group_by([WHO, AGE]).agg(amount=days[AMOUNT].sum(), orders=bought.sum())
    each = each.join(people, each[WHO] == people[WHO]).select(each, COHORT, *segment)
    each = each.filter(each[AGE] >= each[COHORT]).mutate(**{AGE: each[AGE] - each[COHORT]})
    so_far = ibis.window(group_by=WHO, order_by=AGE, preceding=None, following=0)
    each = each.mutate(**{ALL: each["amount"].sum().over(so_far)})
    # What the square of the sum so far grows by: added up over ages it is that square.
    grown = each["amount"] * (2 * each[ALL] - each["amount"])
    cells = each.group_by([COHORT, AGE, *segment]).agg(
        active=(each["orders"] > 0).cast("int64").sum(), orders=each["orders"].sum(),
        amount=each["amount"].sum(), squares=grown.sum(),
    )  # fmt: skip
    names = {COHORT: "cohort", AGE: "age"}
    found = collect(cells, "cohorts").rename(columns=names)
    return Triangle(sizes.rename(columns=names), found, first, last)


def bucket_of(day: date, grain: str) -> int:
    """The number of a day's bucket."""
    if grain == "week":
        return ((day - EPOCH).days + MONDAY) // 7
    return month(day) // (3 if grain == "quarter" else 1)


def start_of(bucket: int, grain: str) -> pd.Timestamp:
    """The first day of a bucket."""
    if grain == "week":
        return pd.Timestamp(EPOCH) + pd.Timedelta(days=bucket * 7 - MONDAY)
    months = bucket * (3 if grain == "quarter" else 1)
    return pd.Timestamp(year=months // 12, month=months % 12 + 1, day=1)


def _bucket(day: Any, grain: str, engine: str) -> Any:
    if grain == "week":
        return (number(day, engine) + MONDAY) // 7
    return month_of(day) // (3 if grain == "quarter" else 1)
