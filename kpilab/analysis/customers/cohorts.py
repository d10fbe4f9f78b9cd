"""Cohorts: what did the customers who came together bring, at the same age?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.customers.ages import SUMS, error, filled, valued
from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.table import Entities, Facts
from kpilab.core.values import Message, fraction
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.triangle import GRAINS, start_of, triangle
from kpilab.engine.door.dimensions import called
from kpilab.errors import BadInput, unknown
from kpilab.stats.customers.cohorts import beside_former
from kpilab.stats.multiplicity import holm

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

LEAST = 30  # customers of a cohort that is judged
CELLS = ["size", "active", "rate", "rate_low", "rate_high", "orders", "amount", "value",
         "value_low", "value_high"]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class CohortsResult(Result):
    """Answer of `cohorts`.

    Attributes:
        table: one row per segment, cohort and age (the triangle); columns those of `by`, `cohort`
            (first day of its week, month or quarter), `age` (whole ones since), `size` (customers),
            `active` (with an amount above zero at that age), `rate` (their share), `rate_low`,
            `rate_high` (Wilson), `orders` (days with an amount, all customers), `amount`, `value`
            (what a customer brought up to and with that age), `value_low`, `value_high`.
        curve: one row per segment and age, as above without `cohort`: the cohorts old enough drawn
            together.
        changes: one row per segment and cohort that at least three came before; columns those of
            `by`, `cohort`, `age` (its oldest), `value`, `expected` (of the cohorts before, at that
            age), `change` (value − expected), `low`, `high`, `p`, `q` (Holm over all rows).
        grain: week, month or quarter. level: confidence level.
    """

    curve: pd.DataFrame
    changes: pd.DataFrame
    grain: str
    level: float
    kind: ClassVar[str] = "cohorts"

    @property
    def headline(self) -> Message:
        found = self.changes.dropna(subset="q").sort_values("q", kind="stable")
        if not found.empty and found["q"].iloc[0] <= 1 - self.level:
            return _told(found.iloc[0], self.grain)
        # All segments together, at the oldest age that half of all customers have reached.
        sizes = self.curve.groupby("age")["size"].sum()
        age = int(sizes.index[sizes >= sizes.iloc[0] / 2].max())
        rows = self.curve[self.curve["age"] == age]
        share = rows["size"] / rows["size"].sum()
        value = float((rows["value"] * share).sum())
        half = float(np.sqrt((((rows["value_high"] - rows["value"]) * share) ** 2).sum()))
        values = {"value": value, "low": value - half, "high": value + half, "age": age,
                  "unit": _unit(self.grain, age), "cohorts": len(found)}  # fmt: skip
        return Message("cohorts.alike" if len(found) else "cohorts.value", values)


def _told(row: pd.Series, grain: str) -> Message:
    values = {c: float(row[c]) for c in ("value", "expected", "change", "low", "high")}
    values |= {"cohort": row["cohort"].date(), "p": float(row["q"]), "age": int(row["age"])}
    values |= {"unit": _unit(grain, int(row["age"]))}
    return Message("cohorts.worse" if row["change"] < 0 else "cohorts.better", values)


def _unit(grain: str, n: int) -> Message:
    return Message(f"cohorts.{grain}", {"n": n})


def cohorts(
    facts: Facts | Tabular,
    *,
    customer: str,
    amount: str | Metric,
    until: date,
    by: Sequence[str] = (),
    customers: Entities | Tabular | None = None,
    grain: str = "month",
    level: float = 0.95,
) -> CohortsResult:
    """Follow the customers who came in the same week, month or quarter: how many are active, what
    they order and what one has brought, by age; and tell the cohorts that are worth more or less
    than those before them at the same age.

    Only whole weeks, months or quarters count. A cohort is judged at its oldest age, against where
    a further cohort would lie by what the former ones brought at that age and how much they differ;
    it needs three of them and 30 customers.

    Args:
        facts, customer, amount, by, customers, level: as for `churn`.
        until: last day that counts. grain: week (from Monday), month or quarter.

    Returns:
        CohortsResult with one row per segment, cohort and age.

    Raises:
        BadInput: a column that is not there, an amount that does not add up over customers, an
            unknown grain, or no whole bucket with a customer.

    Note:
        Without a table of customers one is new with the first amount: the earliest cohort holds old
        customers, and is not held against others. A cohort of December may differ for its season.
    """
    fraction(level, "cohorts(level=)")
    if grain not in GRAINS:
        raise unknown("grain", grain, GRAINS, "cohorts(grain=)")
    people = None if customers is None else Entities.of(customers)
    found = amounts(Facts.of(facts), amount, customer, by if people is None else ())
    seen = triangle(found, until, grain, people, by)
    if seen.sizes.empty:
        what = f"no customer came in a whole {grain} up to {until}"
        raise BadInput(what, "cohorts(until=)", "give more rows, or a later day")
    ours = {c: d for d, c in seen.by.items()}
    keys = list(ours)
    cells = filled(seen, keys)
    summed = cells.groupby([*keys, "age"], as_index=False)[SUMS].sum()
    changes = _changes(cells if seen.dated else cells[cells["cohort"] > seen.first], keys, level)
    table, curve = valued(cells, level), valued(summed, level)
    for part in (table, changes):
        part["cohort"] = [start_of(int(c), grain) for c in part["cohort"]]
    notes = () if seen.dated else (Message("cohorts.first_amount"),)
    return CohortsResult(
        called(table[[*keys, "cohort", "age", *CELLS]], ours),
        called(curve[[*keys, "age", *CELLS]], ours), called(changes, ours), grain, level,
        notes=(*notes, *found.left_out(until)),
    )  # fmt: skip


def _changes(cells: pd.DataFrame, keys: list[str], level: float) -> pd.DataFrame:
    """Each cohort at its oldest age beside those before it at that age."""
    cells = cells.assign(value=cells["total"] / cells["size"], error=error(cells))
    cells = cells[cells["size"] >= LEAST]
    rows = []
    for key, part in cells.groupby(keys) if keys else [((), cells)]:
        for cohort, own in part.groupby("cohort"):
            last = own.iloc[-1]
            former = part[(part["cohort"] < cohort) & (part["age"] == last["age"])]
            told = beside_former(
                last["value"], last["error"], former["value"].to_numpy(float),
                former["error"].to_numpy(float), level,
            )  # fmt: skip
            rows.append([*key, cohort, int(last["age"]), last["value"], told[0],
                         last["value"] - told[0], *told[1:]])  # fmt: skip
    names = [*keys, "cohort", "age", "value", "expected", "change", "low", "high", "p"]
    found = pd.DataFrame(rows, columns=names).dropna(subset="p").reset_index(drop=True)
    return found.assign(q=holm(found["p"]))
