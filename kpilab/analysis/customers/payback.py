"""Payback: when has what a customer brought covered what it cost to win one?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.customers.ages import SUMS, filled, valued
from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.table import Entities, Facts
from kpilab.core.values import Message, Period, fraction
from kpilab.engine.customers.amounts import Amounts, amounts
from kpilab.engine.customers.triangle import bucket_of, start_of, triangle
from kpilab.engine.daily import Measured, daily
from kpilab.engine.door.dimensions import called
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

NUMBERS = ["customers", "spend", "cost", "age", "value", "value_low", "value_high", "ratio",
           "ratio_low", "ratio_high", "payback", "payback_low", "payback_high"]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class PaybackResult(Result):
    """Answer of `payback`.

    Attributes:
        table: one row per channel, the largest spend first; column `by`, `customers` (new in the
            months with spend), `spend`, `cost` (spend per new customer; NaN without one), `age`
            (months, the oldest that half of them have reached), `value` (what one brought up to and
            with it), `value_low`, `value_high`, `ratio` (value by cost, NaN without spend), ends
            `ratio_low`, `ratio_high`, `payback` (the age by which the value covers the cost),
            `payback_low`, `payback_high` (its interval; NaN: not yet).
        curve: one row per channel and age; `by`, `age`, `size` (customers old enough), `value`,
            `value_low`, `value_high`.
        first, last: days of the months with spend. level: confidence level.
    """

    curve: pd.DataFrame
    first: date
    last: date
    by: str
    amount: str
    level: float
    kind: ClassVar[str] = "payback"

    @property
    def headline(self) -> Message:
        paid = self.table[self.table["spend"] > 0]
        back = paid.dropna(subset="payback").sort_values("payback", kind="stable")
        values: dict[str, object] = {"channels": len(paid), "paid": len(back)}
        if back.empty:
            return Message("payback.none", values)
        first = {"first": back.iloc[0, 0], "months": int(back["payback"].iloc[0])}
        return Message("payback.some", values | first)


def payback(
    facts: Facts | Tabular,
    spend: Measured,
    *,
    customer: str,
    amount: str | Metric,
    by: str,
    until: date,
    customers: Entities | Tabular | None = None,
    level: float = 0.95,
) -> PaybackResult:
    """Hold what new customers have brought, by age, against what winning one cost, channel by
    channel.

    The customers who came in the months with spend are followed by whole months; the value at an
    age is that of the cohorts old enough for it, with the interval of the customers. A channel has
    paid back at the first age at which the value covers the cost.

    Args:
        facts, customer, customers, level: as for `churn`.
        spend: what was spent, a sum, and its table, with the channel in a column named as `by`.
        amount: what a customer brings: best a margin, as a cost is to be covered by it.
        by: the channel; of the customers' own table, or of the first row. until: last day that
            counts.

    Returns:
        PaybackResult with one row per channel.

    Raises:
        BadInput: a column that is not there, an amount that does not add up over customers, or no
            whole month with spend and new customers.

    Note:
        Spend is set against the customers of its own months: one that works later is not followed.
        Customers of a channel would have come in part without it.
    """
    fraction(level, "payback(level=)")
    people = None if customers is None else Entities.of(customers)
    found = amounts(Facts.of(facts), amount, customer, [by] if people is None else ())
    return paid_back(found, spend, by, until, people, level)


def paid_back(
    found: Amounts, spend: Measured, by: str, until: date, people: Entities | None, level: float
) -> PaybackResult:
    """The answer from the amounts by customer."""
    seen = triangle(found, until, "month", people, [by])
    key = seen.by[by]
    start = seen.first if seen.dated else seen.first + 1
    end = start_of(seen.last + 1, "month").date() - timedelta(days=1)
    cost = _spent(spend, by, start_of(start, "month").date(), end)
    months = [bucket_of(day.date(), "month") for day in cost["day"]]
    sizes = seen.sizes[seen.sizes["cohort"].between(*(min(months), max(months)))] if months else []
    if not len(sizes):
        what = f"no whole month up to {until} has both spend and new customers"
        raise BadInput(what, "payback(spend, until=)", "give rows of the same months")
    cells = filled(seen, [key])
    cells = cells[cells["cohort"].between(min(months), max(months))]
    curve = valued(cells.groupby([key, "age"], as_index=False)[SUMS].sum(), level)
    spent = cost.groupby("segment")["value"].sum()
    table = pd.DataFrame(
        [_channel(c, curve[curve[key] == c], float(spent.get(c, 0.0)), key)
         for c in sorted({*spent.index, *curve[key]})],
    ).sort_values("spend", ascending=False, kind="stable", ignore_index=True)  # fmt: skip
    ours = {key: by}
    first = start_of(min(months), "month").date()
    after = start_of(max(months) + 1, "month").date()
    return PaybackResult(
        called(table[[key, *NUMBERS]], ours),
        called(curve[[key, "age", "size", "value", "value_low", "value_high"]], ours),
        first, after - timedelta(days=1), by, found.metric.name, level,
        notes=(*(() if seen.dated else (Message("cohorts.first_amount"),)),
               *found.left_out(until)),
    )  # fmt: skip


def _spent(spend: Measured, by: str, first: date, last: date) -> pd.DataFrame:
    """Spend by day and channel, of days with any."""
    if first > last:
        return pd.DataFrame({"day": [], "value": [], "segment": []})
    rows = daily(spend, Period(first, last), by)
    rows = rows.assign(segment=rows["segment"].astype(str))
    return rows[rows["value"].fillna(0.0) != 0]


def _channel(name: str, curve: pd.DataFrame, spent: float, key: str) -> dict[str, str | float]:
    """One row of the table."""
    none = float("nan")
    told: dict[str, str | float] = {key: name, "customers": 0, "spend": spent}
    if curve.empty:
        return told | dict.fromkeys(NUMBERS[2:], none)
    size, ages = curve["size"].to_numpy(float), curve["age"].to_numpy(int)
    at = int(np.flatnonzero(size >= size[0] / 2)[-1])
    cost = spent / size[0]
    row = curve.iloc[at]
    ends = {c: float(row[c]) for c in ("value", "value_low", "value_high")}
    ratio = {c.replace("value", "ratio"): v / cost if cost > 0 else none for c, v in ends.items()}
    back = {
        name: float(ages[k[0]]) if len(k := np.flatnonzero(curve[c] >= cost)) else none
        for name, c in (("payback", "value"), ("payback_low", "value_high"),
                        ("payback_high", "value_low"))
    }  # fmt: skip
    told |= {"customers": int(size[0]), "cost": cost, "age": int(ages[at])}
    return told | ends | ratio | back
