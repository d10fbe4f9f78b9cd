"""Concentration: on how few customers does an amount rest, and do few carry its fall?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.table import Facts
from kpilab.core.values import Effect, Message, Period, fraction
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.growth import by_contract
from kpilab.engine.customers.history import History, history, largest
from kpilab.stats.customers.concentrated import Carried, concentrated

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

MOST = 1000  # customers fetched per window: those below them carry nothing alone


@dataclass(frozen=True, slots=True, eq=False)
class ConcentrationResult(Result):
    """Answer of `concentration`.

    Attributes:
        table: the customers who carry the fall, largest loss first; columns `customer`, `before`,
            `now` (amounts of the window before and the current period), `lost` (beyond the common
            course of the others).
        effect: what they take from the amount beyond what as many usually do, with its interval.
        p: of so large a loss in so few hands among customers as restless as they were; NaN where
            the history is too short.
        share: part of the former amount that they held.
        level: confidence level; `few` tells whether p is below its complement.
        seed: of the draws.
    """

    effect: Effect
    p: float
    share: float
    amount: str
    level: float
    seed: int
    kind: ClassVar[str] = "concentration"

    @property
    def few(self) -> bool:
        """Whether few customers carry a loss that the usual ups and downs do not explain."""
        return self.p <= 1 - self.level

    @property
    def headline(self) -> Message:
        values = {"amount": self.amount, "customers": len(self.table), "share": self.share,
                  "lost": float(self.table["lost"].sum()), "effect": self.effect.value,
                  "p": self.p}  # fmt: skip
        name = "few" if self.few else "usual" if self.p == self.p else "unknown"
        return Message(f"concentration.{name}", values)


def concentration(
    facts: Facts | Tabular,
    *,
    customer: str,
    amount: str | Metric,
    current: Period,
    level: float = 0.95,
    seed: int = 0,
) -> ConcentrationResult:
    """Tell whether few customers carry a fall, and who they are.

    The current period is compared with the window of the same length before it; where amounts are
    monthly invoices, the last month with that of the window before. What each customer
    lost beyond the common course is held against draws from what customers of like size lost and
    won between former windows: so many large ones lost at once must be rare. Named are the fewest
    customers who carry four fifths of what is beyond the usual.

    Args:
        facts, customer, amount, current, level: as for `churn`.
        seed: of the 4,000 draws.

    Returns:
        ConcentrationResult with one row per customer named; none where nothing could be compared.

    Raises:
        BadInput: a column that is not there, or an amount that does not add up over customers.

    Note:
        Needs 30 customers and three windows before the current one. Only the 1,000 largest
        customers of each window are fetched.
    """
    fraction(level, "concentration(level=)")
    found = amounts(Facts.of(facts), amount, customer)
    past = history(found, current, None, ())
    contract = bool(past.windows.months) and by_contract(found, past.seen)
    told = carried(past, found.metric.name, level, seed, contract)
    return replace(told, notes=(*told.notes, *found.left_out(current.last)))


def carried(
    past: History, amount: str, level: float, seed: int, contract: bool = False
) -> ConcentrationResult:
    """The answer from the history of the largest customers; who has a contract and stopped is told
    by the last month of a window."""
    long = largest(past, MOST)
    wide = _wide(long, "amount", past)
    table = wide.to_numpy(float)
    ends = _wide(long, "end", past).to_numpy(float) if contract else None
    seen: Carried = concentrated(table, np.random.default_rng(seed), level, ends)
    lost = float(seen.lost.sum()) if len(seen.order) else float("nan")
    named = pd.DataFrame({
        "customer": wide.index[seen.order].astype(str),
        "before": table[seen.order, -2] if table.shape[1] > 1 else [],
        "now": table[seen.order, -1] if table.shape[1] else [], "lost": seen.lost,
    })  # fmt: skip
    effect = Effect.known(seen.usual - lost, seen.low - lost, seen.high - lost, amount)
    whole = table[:, -2].sum() if table.shape[1] > 1 else 0.0
    share = float(named["before"].sum() / whole) if whole > 0 else float("nan")
    return ConcentrationResult(named, effect, seen.p, share, amount, level, seed)


def _wide(long: pd.DataFrame, amount: str, past: History) -> pd.DataFrame:
    """Customers × windows."""
    wide = long.pivot(index="who", columns="window", values=amount)
    return wide.reindex(columns=range(past.first, 1)).fillna(0.0).sort_index()
