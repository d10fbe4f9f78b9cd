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
from kpilab.stats.customers.pulled import Array, before, beyond

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular


@dataclass(frozen=True, slots=True, eq=False)
class PullForwardResult(Result):
    """Answer of `pull_forward`.

    Attributes:
        table: one row per part; columns `part` (peak; trough: all who bought in it; where rows say
            whose they are early: those of them who bought in the peak as well, and others),
            `expected`, `actual`, `effect`, `low`, `high`,
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
        """Whether there was a peak, a trough after it, and the trough is one of early buyers, as
        far as rows say whose they are."""
        rows = self.table[self.table["part"] != "others"]
        told = (rows["p"] <= 1 - self.level).all()
        return bool(told and np.sign(rows["effect"]).tolist() == [1, -1, -1][: len(rows)])

    @property
    def p(self) -> float:
        """The largest p of what must all hold."""
        return float(self.table.loc[self.table["part"] != "others", "p"].max(skipna=False))

    @property
    def early(self) -> float:
        """What is missing among those who bought in the peak; NaN where nobody knows them."""
        found = self.table.set_index("part")["effect"].to_dict()
        return float(found.get("early", float("nan")))

    @property
    def headline(self) -> Message:
        rows = self.table.set_index("part")["effect"]
        values = {"amount": self.amount, "peak": self.peak, "trough": self.trough,
                  "excess": float(rows["peak"]), "effect": float(rows["trough"]),
                  "share": self.share.value}  # fmt: skip
        known = self.early == self.early
        pulled = "pull_forward.pulled" if known else "pull_forward.whole"
        return Message(pulled if self.pulled else "pull_forward.none", values)


def pull_forward(
    facts: Facts | Tabular,
    *,
    amount: str | Metric,
    peak: Period,
    customer: str | None = None,
    level: float = 0.95,
) -> PullForwardResult:
    """Tell how much of a peak (a campaign) was only bought early: it is missing right after.

    The window of the same length after the peak is held against the four windows before the peak,
    and so is the peak; those who bought in the peak, against what they spent in it. What is usual
    between such windows, the history tells. What was pulled forward is missing among the early;
    rows of nobody are none of theirs.

    Args:
        facts, amount, level: as for `churn`. peak: its days; whole weeks do best.
        customer: column that says whose a row is; None tells peak and trough alone.

    Returns:
        PullForwardResult.

    Raises:
        BadInput: a column that is not there, no row, or a peak after the last row.

    Note:
        A fall that only happens to begin after the peak looks the same, the more so where nobody
        knows who bought; and a season of the year is
        not taken out: where the trough is one every year, compare years.
    """
    fraction(level, "pull_forward(level=)")
    found = amounts(Facts.of(facts), amount, customer)
    first, last = found.span
    if not first <= peak.first <= last:
        hint = f"choose days within {first}..{last}"
        raise BadInput(f"no row lies in {peak}", "pull_forward(peak=)", hint)
    if customer is None:
        told = at_once(found.of_days(), peak, found.metric.name, level)
    else:
        told = after_peak(found, peak, level)
    return replace(told, notes=(*told.notes, *found.left_out(last)))


def after_peak(found: Amounts, peak: Period, level: float) -> PullForwardResult:
    """The answer from the amounts by customer."""
    rows = followers(found, Windows(Windows(peak, 0).period(1), 0))
    every = range(int(rows["window"].min()) if len(rows) else -1, 1)
    wide = rows.pivot(index="early", columns="window", values="amount")
    wide = wide.reindex(index=[False, True], columns=pd.Index(every)).fillna(0.0)
    others, early = wide.to_numpy(float)
    return _answer(others + early, (early, others), peak, found.metric.name, level)


def at_once(daily: pd.Series, peak: Period, amount: str, level: float) -> PullForwardResult:
    """The answer from the amount alone.

    Args:
        daily: the amount by day (index), from its first day on.
    """
    trough = Windows(peak, 0).period(1)
    days = pd.DatetimeIndex(daily.index)
    number = (days - pd.Timestamp(trough.first)).days // peak.days
    first = -((pd.Timestamp(trough.first) - days.min()).days // peak.days)
    inside = (number >= first) & (number <= 0)
    sums = daily[inside].groupby(number[inside]).sum()
    whole = sums.reindex(range(min(first, -1), 1), fill_value=0.0).to_numpy(float)
    return _answer(whole, None, peak, amount, level)


def _answer(
    whole: Array, parts: tuple[Array, Array] | None, peak: Period, amount: str, level: float
) -> PullForwardResult:
    """From the amounts of the windows, the last of which is the trough: of all, and of those who
    bought in the window before and the others."""
    usual, peaks, at = before(whole, 1), before(whole, 0), len(whole) - 1
    told = {
        "peak": beyond(whole, peaks, at - 1, at - 1, level),
        "trough": beyond(whole, usual, at, at - 1, level),
    }
    if parts is not None:
        early, others = parts
        spent = np.roll(whole, 1)  # by all who bought in the window before
        spent[0] = np.nan
        told["early"] = beyond(early, spent, at, at - 1, level)
        told["others"] = beyond(others, usual, at, at - 1, level)
    names = ("expected", "actual", "effect", "low", "high", "p")
    table = pd.DataFrame([[k, *(getattr(v, n) for n in names)] for k, v in told.items()],
                         columns=["part", *names])  # fmt: skip
    excess, low = told["peak"].effect, told["trough"]
    of = excess if excess > 0 else float("nan")
    share = Effect.known(-low.effect / of, -low.high / of, -low.low / of)
    trough = Windows(peak, 0).period(1)
    return PullForwardResult(table, share, peak, trough, amount, level)
