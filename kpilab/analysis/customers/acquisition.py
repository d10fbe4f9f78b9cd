"""Acquisition: do as many customers come as usual, and are they worth as much at the same age?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import pandas as pd

from kpilab.analysis.customers.stand_out import Parts, View, stand_out
from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.table import Entities, Facts
from kpilab.core.values import Message, Period, fraction
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.history import History, cohorts, history
from kpilab.stats.customers.usual import Array, Sums

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

Of = Literal["quality", "number"]


@dataclass(frozen=True, slots=True, eq=False)
class AcquisitionResult(Result):
    """Answer of `acquisition`.

    Attributes:
        table: one row per segment judged, the most telling first; columns `where`, `customers` (new
            in the current period), `view` (again: share who bought on a second day; value: what one
            is worth; number: how many came), `ratio` (of it now; for again and value relative to
            what customers of like age bring in general), `expected` (what the segment's former
            windows and the other segments let expect), `effect`, `low`, `high` (amount of the
            current period beyond what is expected), `p`, `q` (corrected for the search).
        places: rows of the segments that stand out.
        cohorts: one row per window (`first`, `last` day), `customers` (new in it), `bought`,
            `again`, `amount`: what they did up to its end.
        of: quality or number. dated: whether the customers' table says since when they are.
        searched: how many segments were judged. placebos: former contrasts behind the errors.
        level: confidence level.
    """

    places: pd.DataFrame
    cohorts: pd.DataFrame
    of: Of
    dated: bool
    searched: int
    placebos: int
    level: float
    kind: ClassVar[str] = "acquisition"

    @property
    def headline(self) -> Message:
        if self.places.empty:
            return Message(f"acquisition.{self.of}_usual", {"segments": self.searched})
        return place(self.places.iloc[0])


def place(row: pd.Series) -> Message:
    """One place in a sentence."""
    values = {"where": row["where"], "customers": int(row["customers"]), "p": float(row["q"]),
              "effect": float(row["effect"]),
              "change": float(row["ratio"] / row["expected"] - 1)}  # fmt: skip
    return Message(f"acquisition.{row['view']}", values)


def acquisition(
    facts: Facts | Tabular,
    *,
    customer: str,
    amount: str | Metric,
    current: Period,
    by: Sequence[str],
    customers: Entities | Tabular | None = None,
    of: Of = "quality",
    level: float = 0.95,
) -> AcquisitionResult:
    """Find the segments whose new customers are worth less than new customers of the same age were
    (`of="quality"`), or are fewer than usual (`of="number"`).

    A customer is new since the day in the customers' own table, else with the first amount. Of the
    new customers of each window as long as the current period, what they did up to its end is
    compared: amounts, and whether they bought on a second day, each against what customers of like
    age bring, so that a cohort is never bad for being young. A segment is held against its own
    former windows and the course of the others.

    Args:
        facts, customer, amount, current, by, customers, level: as for `churn`.
        of: what is asked.

    Returns:
        AcquisitionResult with one row per segment.

    Raises:
        BadInput: a column that is not there, or an amount that does not add up over customers.

    Note:
        Without a table of customers the first windows hold old customers who look new; windows
        begin with the second then.
    """
    fraction(level, "acquisition(level=)")
    people = None if customers is None else Entities.of(customers)
    found = amounts(Facts.of(facts), amount, customer, by if people is None else ())
    past = history(found, current, people, by)
    told = acquired(past, cohorts(past), of, level)
    return replace(told, notes=(*told.notes, *found.left_out(current.last)))


def acquired(past: History, leaves: pd.DataFrame, of: Of, level: float) -> AcquisitionResult:
    """The answer from the sums of `cohorts`."""
    if not past.dated:
        leaves = leaves[leaves["window"] > past.first]
    expected = leaves.groupby("bin")[["y", "again", "n"]].transform("sum")
    leaves = leaves.assign(
        value=leaves["n"] * expected["y"] / expected["n"],
        returning=leaves["n"] * expected["again"] / expected["n"],
    )
    leaves["vv"] = leaves["value"] ** 2 / leaves["n"]
    leaves["yv"] = leaves["y"] * leaves["value"] / leaves["n"]
    views = QUALITY if of == "quality" else NUMBER
    found = stand_out(leaves, tuple(past.by), "n", views, level, past.windows.a_year)
    notes = () if past.dated else (Message("acquisition.first_amount"),)
    notes += (Message("churn.history" if found.placebos else "churn.no_history",
                      {"segments": found.searched, "placebos": found.placebos}),)  # fmt: skip
    return AcquisitionResult(
        found.table, found.places, _cohorts(past, leaves), of, past.dated, found.searched,
        found.placebos, level, notes=notes,
    )  # fmt: skip


def _value(x: Parts) -> Sums:
    return Sums.of(x["y"], x["value"], x["yy"], x["yv"], x["vv"])


def _came(x: Parts) -> Sums:
    return Sums(x["n"], np.ones_like(x["n"]), x["n"], counts=True)


def _worth(x: Parts) -> Array:
    """What a new customer of the segment brought in former windows."""
    with np.errstate(all="ignore"):
        return np.nan_to_num(x["y"][:, :-1].sum(axis=1) / x["n"][:, :-1].sum(axis=1))


QUALITY = (
    View("again", lambda x: Sums.of_counts(x["again"], x["returning"], x["n"]), weight=0.5),
    View("value", _value, weight=0.5),
)
NUMBER = (View("number", _came, worth=_worth),)


def _cohorts(past: History, leaves: pd.DataFrame) -> pd.DataFrame:
    """The new customers of each window."""
    sums = leaves.groupby("window")[["n", "bought", "again", "y"]].sum()
    days = [past.windows.period(int(k)) for k in sums.index]
    found = sums.rename(columns={"n": "customers", "y": "amount"}).reset_index(drop=True)
    found.insert(0, "last", pd.to_datetime([d.last for d in days]))
    found.insert(0, "first", pd.to_datetime([d.first for d in days]))
    return found
