"""Survival: how long do customers stay?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.table import Entities, Facts
from kpilab.core.values import Message, Period, fraction
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.growth import by_contract
from kpilab.engine.customers.history import history
from kpilab.engine.customers.lives import Lives, lives
from kpilab.engine.door.dimensions import called
from kpilab.errors import BadInput
from kpilab.stats.customers.survival import Array, Curve, curve, logrank

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

MOST = 40  # segments


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalResult(Result):
    """Answer of `survival`.

    Attributes:
        table: one row per segment; columns those of `by`, `customers`, `left` (of them, known to
            have left), `median` (age by which half have left, in `unit`), `median_low`,
            `median_high` (NaN: not within sight), `age` (the oldest one that ten customers
            reached, of fewer than 40 a quarter) and `rate` (share still there after it), `low`,
            `high`.
        curve: one row per segment and age; columns those of `by`, `age`, `risk` (customers followed
            so far and there), `rate` (share still there after it), `low`, `high`.
        unit: day, week or month. rule: end, contract or orders, as said in `notes`.
        p: of the log-rank test that the segments leave alike; NaN of one segment.
        level: confidence level.
    """

    curve: pd.DataFrame
    unit: str
    rule: str
    p: float
    level: float
    kind: ClassVar[str] = "survival"

    @property
    def headline(self) -> Message:
        if len(self.table) > 1:
            # At the age that all segments have reached.
            found = self.curve[self.curve["age"] == self.table["age"].min()]
            found = found.sort_values("rate", kind="stable")
            names = list(self.table.columns[: self.table.columns.get_loc("customers")])
            first, last = (" · ".join(map(str, found[names].iloc[k])) for k in (0, -1))
            said = {"p": self.p, "first": first, "last": last, "segments": len(self.table)}
            told = "survival.differ" if self.p <= 1 - self.level else "survival.alike"
            return Message(told, said)
        row = self.table.iloc[0]
        median = float(row["median"])
        if median == 0:
            first = self.curve.iloc[0]
            gone = {"rate": 1 - first["rate"], "low": 1 - first["high"], "high": 1 - first["low"]}
            return Message("survival.once", {k: float(v) for k, v in gone.items()})
        known = median == median
        values = {c: float(row[c]) for c in ("rate", "low", "high")}
        age = median if known else float(row["age"])
        values |= {"age": age, "unit": Message(f"survival.{self.unit}", {"n": age})}
        return Message("survival.median" if known else "survival.rate", values)


def survival(
    facts: Facts | Tabular,
    *,
    customer: str,
    amount: str | Metric,
    until: date,
    by: Sequence[str] = (),
    customers: Entities | Tabular | None = None,
    level: float = 0.95,
) -> SurvivalResult:
    """Estimate how long customers stay, those who are customers still counted for as long as they
    have been.

    Who has left is told by the end in the customers' own table (`Entities(until=)`), if it has one;
    where amounts are monthly invoices, by a month without one at the end; else by silence for
    longer than the 95th percentile of the customer's own gaps (with fewer than four, of those of
    all). Who has not is followed up to now; by the rule of silence, up to as long ago as would
    tell. Customers whose beginning is not within sight are left out, if others are.

    Args:
        facts, customer, amount, by, customers, level: as for `churn`.
        until: last day that counts.

    Returns:
        SurvivalResult with one row per segment.

    Raises:
        BadInput: a column that is not there, an amount that does not add up over customers, no
            customer to follow, or more than 40 segments.

    References: Kaplan, Meier (1958); Mantel (1966) for the test between segments.
    """
    fraction(level, "survival(level=)")
    people = None if customers is None else Entities.of(customers)
    found = amounts(Facts.of(facts), amount, customer, by if people is None else ())
    past = history(found, Period(until, until), people, by)
    told = lives(past, by_contract(found, past.seen))
    if told.counts.empty:
        what = f"there is no customer to follow up to {until}"
        raise BadInput(what, "survival(until=)", "give more rows, or a later day")
    ours = {c: d for d, c in past.by.items()}
    groups = _groups(told.counts, list(ours))
    if len(groups) > MOST:
        what = f"{len(groups)} segments are too many"
        raise BadInput(what, "survival(by=)", f"choose dimensions with at most {MOST}")
    curves = {key: curve(*sides, level) for key, sides in groups.items()}
    p = _alike(groups, curves)
    table = pd.DataFrame([_row(k, curves[k], groups[k]) for k in groups])
    drawn = pd.concat([_drawn(k, curves[k]) for k in groups], ignore_index=True)
    table, drawn = (_keyed(t, list(ours)) for t in (table, drawn))
    return SurvivalResult(
        called(table, ours), called(drawn, ours), told.unit, told.rule, p, level,
        notes=(*_notes(told), *found.left_out(until)),
    )  # fmt: skip


def _groups(counts: pd.DataFrame, by: list[str]) -> dict[tuple[object, ...], tuple[Array, Array]]:
    """Segment -> who left and who was last seen, by age; all as long."""
    ages = pd.RangeIndex(int(counts["age"].max()) + 1)
    parts = counts.groupby(by, sort=True) if by else [((), counts)]
    found = {}
    for key, part in parts:
        whole = part.groupby("age")[["left", "there"]].sum().reindex(ages, fill_value=0)
        found[key] = (whole["left"].to_numpy(float), whole["there"].to_numpy(float))
    return found


def _alike(
    groups: dict[tuple[object, ...], tuple[Array, Array]], curves: dict[tuple[object, ...], Curve]
) -> float:
    if len(groups) < 2:
        return float("nan")
    events = np.array([left for left, _ in groups.values()])
    return logrank(events, np.array([c.risk for c in curves.values()]))[1]


def _row(key: tuple[object, ...], drawn: Curve, sides: tuple[Array, Array]) -> dict[str, object]:
    left, there = (int(side.sum()) for side in sides)
    median, low, high = drawn.when(0.5)
    reached = np.flatnonzero(drawn.risk >= min(10, (left + there) / 4))
    age = int(reached[-1])
    return {
        "key": key, "customers": left + there, "left": left, "median": median, "median_low": low,
        "median_high": high, "age": age, "rate": 1 - drawn.rate[age],
        "low": 1 - drawn.high[age], "high": 1 - drawn.low[age],
    }  # fmt: skip


def _drawn(key: tuple[object, ...], drawn: Curve) -> pd.DataFrame:
    known = np.isfinite(drawn.rate)
    found = pd.DataFrame({
        "age": np.arange(len(known)), "risk": drawn.risk, "rate": 1 - drawn.rate,
        "low": 1 - drawn.high, "high": 1 - drawn.low,
    })[known]  # fmt: skip
    return found.assign(key=pd.Series([key] * len(found), found.index, dtype=object))


def _keyed(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The segment in columns of its own, before all others."""
    for k, name in enumerate(by):
        table.insert(k, name, [key[k] for key in table["key"]])
    return table.drop(columns="key").reset_index(drop=True)


def _notes(told: Lives) -> tuple[Message, ...]:
    notes = [Message("survival.older")] if told.older else []
    if told.rule != "orders":
        return (Message(f"survival.rule_{told.rule}"), *notes)
    days = None if told.gap != told.gap else told.gap
    return (*([Message("survival.rule_orders", {"days": days})] if days else []), *notes)
