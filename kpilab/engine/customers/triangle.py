"""What the customers who came together did by age: sums by cohort, age and segment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import ibis
import pandas as pd

from kpilab.core.table import Entities
from kpilab.engine.column import own
from kpilab.engine.customers.amounts import DAY, WHO, Amounts
from kpilab.engine.customers.history import (
    AMOUNT,
    SINCE,
    customers,
    dated,
    seen_until,
    with_keys,
)
from kpilab.engine.customers.windows import EPOCH, month, month_of, number
from kpilab.engine.dialect import engine_name
from kpilab.engine.run import collect

COHORT, AGE, ALL, BEFORE = own("cohort"), own("age"), own("all"), own("before")
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
    by: dimension -> its column of both.
    dated: whether the customers' own table says since when they are.
    """

    sizes: pd.DataFrame
    cells: pd.DataFrame
    first: int
    last: int
    by: Mapping[str, str]
    dated: bool


def triangle(
    found: Amounts, until: date, grain: str, entities: Entities | None, by: Sequence[str]
) -> Triangle:
    """Whole weeks from Monday, calendar months or quarters; a customer is of that of its first day
    with an amount, or since which the customers' own table says so.

    Args:
        until: last day that counts. entities, by: as for `history`.
    """
    found, seen = found.until(until), seen_until(found, until)
    first, last = (bucket_of(seen.first, grain),
                   bucket_of(seen.last + timedelta(days=1), grain) - 1)  # fmt: skip
    pieces, positive = found.pieces([WHO, DAY], AMOUNT)
    rows = with_keys(pieces, found, entities)
    bucket = partial(_bucket, grain=grain, engine=engine_name(rows))
    people, columns = None, {}
    if entities is not None or by:
        rows = rows if positive else rows.cache()
        people, columns = customers(found, rows, entities, by)
        rows = rows.join(people, rows[WHO] == people[WHO])
        rows = rows.select(WHO, DAY, AMOUNT, SINCE, *columns.values())
        begun = bucket(rows[SINCE])
        rows = rows.filter((begun >= first) & (begun <= bucket(rows[DAY])))
    segment, names = [*columns.values()], {COHORT: "cohort", AGE: "age"}
    cells = _cells(_beside_former(rows, positive), segment, bucket, last)
    cells = collect(cells, "cohorts").rename(columns=names)
    came = cells[cells["size"] > 0][["cohort", *segment, "size"]]
    if dated(entities) and people is not None:
        people = people.mutate(**{COHORT: bucket(people[SINCE])})
        people = people.filter(people[COHORT].between(first, last).fill_null(False))
        sizes = people.group_by([COHORT, *segment]).agg(size=people.count())
        came = collect(sizes, "cohorts").rename(columns=names)
    return Triangle(came, cells.drop(columns="size"), first, last, columns, dated(entities))


def _beside_former(rows: Any, positive: bool) -> Any:
    """Rows with what the same customer had up to them, in one pass over each one's days: `ALL`, the
    sum; `BEFORE`, the last day before with an amount above zero; `SINCE` where nothing says it."""
    if positive:
        before = rows[DAY].lag().over(group_by=WHO, order_by=DAY)
    else:
        before = (rows[AMOUNT] > 0).ifelse(rows[DAY], ibis.null("date")).max().over(_up_to(1))
    since = {} if SINCE in rows.columns else {SINCE: rows[DAY].min().over(_up_to(0))}
    return rows.mutate(**{ALL: rows[AMOUNT].sum().over(_up_to(0)), BEFORE: before}, **since)


def _cells(rows: Any, segment: list[str], bucket: Callable[[Any], Any], last: int) -> Any:
    """Sums by cohort, age and segment; `size` counts the customers whose first row is in them."""
    rows = rows.mutate(**{COHORT: bucket(rows[SINCE]), AGE: bucket(rows[DAY])})
    rows = rows.filter(rows[AGE] <= last)
    some, none, before = rows[AMOUNT] > 0, rows[BEFORE].isnull(), rows[BEFORE]
    # What the square of the sum so far grows by: added up over rows it is that square.
    grown = rows[AMOUNT] * (2 * rows[ALL] - rows[AMOUNT])
    sums = rows.group_by([COHORT, AGE, *segment]).agg(
        size=rows.count(where=none & (rows[DAY] == rows[SINCE])),
        active=rows.count(where=some & (none | (bucket(before) < rows[AGE]))),
        orders=rows.count(where=some & (none | (before < rows[DAY]))),
        amount=rows[AMOUNT].sum(), squares=grown.sum(),
    )  # fmt: skip
    return sums.mutate(**{AGE: sums[AGE] - sums[COHORT]})


def _up_to(back: int) -> Any:
    """A customer's rows in their order, up to so many before the row."""
    return ibis.window(group_by=WHO, order_by=DAY, preceding=(None, back))


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
    return month_of(day) // 3 if grain == "quarter" else month_of(day)
