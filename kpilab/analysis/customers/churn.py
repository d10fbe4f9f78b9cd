"""Churn: whose existing customers left or paused, and whose stayed and bought less?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

import pandas as pd

from kpilab.analysis.customers.stand_out import Found, Parts, View, stand_out
from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.table import Entities, Facts
from kpilab.core.values import Message, Period, Where, fraction
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.growth import by_contract
from kpilab.engine.customers.history import History, history, months, returns
from kpilab.stats.customers.usual import Sums

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

Of = Literal["stopped", "spend"]
# Of the error rate: few large customers who leave are told by `concentration`.
NUMBER = 0.8
DOUBLED = 1.0  # twice as many who stop is what is worth finding


@dataclass(frozen=True, slots=True, eq=False)
class ChurnResult(Result):
    """Answer of `churn`.

    Attributes:
        table: one row per segment judged, the most telling first; columns `where`, `customers` (in
            the current period), `view` (number, amount, spend: what tells most), `ratio` (of it
            now), `expected` (what the segment's former windows and the rest let expect), `effect`,
            `low`, `high` (amount beyond what is expected, with its interval), `p`, `q` (corrected
            for every segment and view looked at).
        places: rows of the segments that stand out; each is judged with those before it taken out.
        of: stopped (who left or paused) or spend (what those who stayed spend).
        contract: whether customers are followed from month to month.
        searched: how many segments were judged. placebos: former contrasts behind the errors.
        level: confidence level; 1 − level is the error rate of the whole search.
    """

    places: pd.DataFrame
    of: Of
    contract: bool
    searched: int
    placebos: int
    level: float
    kind: ClassVar[str] = "churn"

    @property
    def headline(self) -> Message:
        if self.places.empty:
            return Message(f"churn.{self.of}_usual", {"segments": self.searched})
        row = self.places.iloc[0]
        return stopped(row) if self.of == "stopped" else spend(row)


def stopped(row: pd.Series) -> Message:
    """One place in a sentence."""
    rise = "worse" if row["effect"] < 0 else "better"
    return Message(f"churn.stopped_{rise}", _values(row))


def spend(row: pd.Series) -> Message:
    """One place in a sentence."""
    return Message("churn.spend", _values(row))


def _values(row: pd.Series) -> dict[str, object]:
    where: Where = row["where"]
    return {"where": where, "effect": float(row["effect"]), "p": float(row["q"]),
            "now": float(row["ratio"]), "expected": float(row["expected"])}  # fmt: skip


def churn(
    facts: Facts | Tabular,
    *,
    customer: str,
    amount: str | Metric,
    current: Period,
    by: Sequence[str],
    customers: Entities | Tabular | None = None,
    of: Of = "stopped",
    level: float = 0.95,
) -> ChurnResult:
    """Find the segments whose existing customers stopped, or spend less, more than is usual there.

    Windows as long as the current period are counted back from it. Of each, the customers who were
    there before are followed: by month where amounts are regular invoices; else who came before
    the window and had an amount in one of the two windows before it, each held against what becomes
    of customers as young and as active in general. How many stop (and, for `of="spend"`, what the
    others spend) is held, segment by segment, against its own former windows and the course of all
    others. The error counts customers and is grown by how much such contrasts moved before.

    Args:
        facts: rows with a time, the longer back the better. customer: column that says whose a row
            is. amount: column that is summed, or a metric that is a sum or count of rows.
        current: the period asked about.
        by: dimensions of the customers: values and pairs of values are judged.
        customers: their own table, if there is one; `by` are then columns of it.
        of: what is asked. level: confidence level.

    Returns:
        ChurnResult with one row per segment.

    Raises:
        BadInput: a column that is not there, or an amount that does not add up over customers.

    Note:
        New customers are not looked at: see `acquisition`. With fewer than three windows before the
        current one nothing is known of the usual, and a note says so.
    """
    fraction(level, "churn(level=)")
    people = None if customers is None else Entities.of(customers)
    found = amounts(Facts.of(facts), amount, customer, by if people is None else ())
    past = history(found, current, people, by)
    contract = bool(past.windows.months) and by_contract(found, past.seen)
    told = churned(past, followed(past, contract), contract, of, level)
    return replace(told, notes=(*told.notes, *found.left_out(current.last)))


def followed(past: History, contract: bool) -> pd.DataFrame:
    """What became of the customers who were there, with what becomes of such customers."""
    if contract:
        return months(past)
    leaves = returns(past)
    total = leaves.groupby("bin")[["n", "active", "a", "k", "b"]].transform("sum")
    rate, spend = total["b"] / total["a"], total["b"] / total["k"].where(total["k"] > 0)
    return leaves.assign(
        likely=leaves["n"] * total["active"] / total["n"], usual=leaves["a"] * rate,
        bu=leaves["ab"] * rate, uu=leaves["aa"] * rate**2,
        same=(leaves["k"] * spend).fillna(0.0), bs=(leaves["ab"] * spend).fillna(0.0),
        ss=(leaves["kk"] * spend**2).fillna(0.0),
    )  # fmt: skip


def churned(
    past: History, leaves: pd.DataFrame, contract: bool, of: Of, level: float
) -> ChurnResult:
    """The answer from the sums of `followed`."""
    views = (CONTRACT if contract else ORDERS)[of]
    found = stand_out(leaves, tuple(past.by), "n", views, level, past.windows.a_year)
    return ChurnResult(
        found.table, found.places, of, contract, found.searched, found.placebos, level,
        notes=usual_notes(found, contract),
    )  # fmt: skip


def usual_notes(found: Found, contract: bool | None = None) -> tuple[Message, ...]:
    """What the answer rests on."""
    notes = [] if contract is None else [Message("churn.contract" if contract else "churn.orders")]
    said = {"segments": found.searched, "placebos": found.placebos}
    return (*notes, Message("churn.history" if found.placebos else "churn.no_history", said))


def _gone(x: Parts) -> Sums:
    return Sums.of_counts(x["gone"], x["risk"])


def _lost(x: Parts) -> Sums:
    return Sums.of(x["lost"], x["a"], x["ll"], x["la"], x["aa"])


def _spent(x: Parts) -> Sums:
    return Sums.of(x["b"], x["kept"], x["bb"], x["kb"], x["kk"])


def _active(x: Parts) -> Sums:
    return Sums.of_counts(x["active"], x["likely"], x["n"])


def _usual(x: Parts) -> Sums:
    return Sums.of(x["b"], x["usual"], x["bb"], x["bu"], x["uu"])


def _same(x: Parts) -> Sums:
    return Sums.of(x["b"], x["same"], x["bb"], x["bs"], x["ss"])


# Contracts: how many stop. Orders: how many are active; who left inside the window spent less in
# it, so that the amount is that of all who were there.
CONTRACT = {
    "stopped": (
        View("number", _gone, sign=-1.0, weight=NUMBER, change=DOUBLED),
        View("amount", _lost, sign=-1.0, weight=1 - NUMBER, change=DOUBLED),
    ),
    "spend": (View("spend", _spent),),
}
ORDERS = {
    "stopped": (View("number", _active, weight=NUMBER), View("amount", _usual, weight=1 - NUMBER)),
    "spend": (View("spend", _same),),
}
