"""Pull-forward: how much of a peak came back as a trough, and whose?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.table import Facts
from kpilab.core.values import Effect, Message, Period, fraction
from kpilab.engine.customers.amounts import Amounts, amounts
from kpilab.engine.customers.followers import followers
from kpilab.engine.customers.windows import Windows
from kpilab.errors import BadInput
from kpilab.stats.customers.pulled import before, beyond

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular


@dataclass(frozen=True, slots=True, eq=False)
class PullForwardResult(Result):
    """Answer of `pull_forward`.

    Attributes:
        table: four rows; columns `part` (peak; trough: all who bought in it; early: those of them
            who bought in the peak as well; others), `expected`, `actual`, `effect`, `low`, `high`,
            `p` (against the same at former windows; NaN where the history is too short).
        share: part of the peak's excess that is missing in the trough, with its interval.
        peak, trough: their days. level: confidence level.
    """

    share: Effect
    peak: Period
    trough: Period
    amount: str
    level: float
    kind: ClassVar[str] = "pull_forward"

    @property
    def pulled(self) -> bool:
        """Whether there was a peak, a trough after it, and the trough is one of early buyers."""
        rows = self.table.set_index("part").loc[["peak", "trough", "early"]]
        told = (rows["p"] <= 1 - self.level).all()
        return bool(told and np.sign(rows["effect"]).tolist() == [1, -1, -1])

    @property
    def headline(self) -> Message:
        rows = self.table.set_index("part")["effect"]
        values = {"amount": self.amount, "peak": self.peak, "trough": self.trough,
                  "excess": float(rows["peak"]), "effect": float(rows["trough"]),
                  "share": self.share.value}  # fmt: skip
        return Message("pull_forward.pulled" if self.pulled else "pull_forward.none", values)


def pull_forward(
    facts: Facts | Tabular,
    *,
    customer: str,
    amount: str | Metric,
    peak: Period,
    level: float = 0.95,
) -> PullForwardResult:
    """Tell how much of a peak (a campaign) was only bought early: it is missing right after.

    The window of the same length after the peak is held against the four windows before the peak,
    and so is the peak; those who bought in the peak, against what they spent in it. What is usual
    between such windows, the history tells. What was pulled forward is missing among the early;
    rows of nobody are none of theirs.

    Args:
        facts, customer, amount, level: as for `churn`. peak: its days; whole weeks do best.

    Returns:
        PullForwardResult.

    Raises:
        BadInput: a column that is not there, no row, or a peak after the last row.

    Note:
        A fall that only happens to begin after the peak looks the same, and a season of the year is
        not taken out: where the trough is one every year, compare years.
    """
    fraction(level, "pull_forward(level=)")
    found = amounts(Facts.of(facts), amount, customer)
    first, last = found.span
    if not first <= peak.first <= last:
        hint = f"choose days within {first}..{last}"
        raise BadInput(f"no row lies in {peak}", "pull_forward(peak=)", hint)
    told = after_peak(found, peak, level)
    return replace(told, notes=(*told.notes, *found.left_out(last)))


def after_peak(found: Amounts, peak: Period, level: float) -> PullForwardResult:
    """The answer from the amounts by customer."""
    windows = Windows(peak, 0)
    trough = windows.period(1)
    rows = followers(found, Windows(trough, 0))
    every = range(int(rows["window"].min()) if len(rows) else -1, 1)
    wide = rows.pivot(index="early", columns="window", values="amount")
    wide = wide.reindex(index=[False, True], columns=pd.Index(every)).fillna(0.0)
    others, early = wide.to_numpy(float)
    whole, at = others + early, len(every) - 1
    spent = np.roll(whole, 1)  # by all who bought in the window before
    spent[0] = np.nan
    usual, peaks = before(whole, 1), before(whole, 0)
    parts = {
        "peak": beyond(whole, peaks, at - 1, at - 1, level),
        "trough": beyond(whole, usual, at, at - 1, level),
        "early": beyond(early, spent, at, at - 1, level),
        "others": beyond(others, usual, at, at - 1, level),
    }
    names = ("expected", "actual", "effect", "low", "high", "p")
    table = pd.DataFrame([[k, *(getattr(v, n) for n in names)] for k, v in parts.items()],
                         columns=["part", *names])  # fmt: skip
    excess, low = parts["peak"].effect, parts["trough"]
    of = excess if excess > 0 else float("nan")
    share = Effect.known(-low.effect / of, -low.high / of, -low.low / of)
    return PullForwardResult(table, share, peak, trough, found.metric.name, level)
