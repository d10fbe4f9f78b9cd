"""Pull-forward: how much of a peak came back as a trough, and whose?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.table import Facts
from kpilab.core.values import Effect, Message, Period, fraction
from kpilab.engine.customers.amounts import Amounts, amounts
from kpilab.engine.customers.followers import followers
from kpilab.errors import BadInput
from kpilab.stats.customers import pulled as told
from kpilab.stats.customers.pulled import Part

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular


@dataclass(frozen=True, slots=True, eq=False)
class PullForwardResult(Result):
    """Answer of `pull_forward`.

    Attributes:
        table: one row per part; columns `part` (peak; trough: all who bought in it; where rows say
            whose they are early: those of them who bought in the peak as well, and others),
            `expected`, `actual`, `effect`, `low`, `high`,
            `p` (of so much more in the peak, so much less after it, against the same at former
            windows; one-sided, NaN where the history is too short).
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


@dataclass(frozen=True, slots=True, eq=False)
class Sought:
    """The clearest peak with a trough among several stretches of days.

    Attributes:
        p: of peak and trough, the larger, corrected for the stretches looked at.
        by_chance: p where neither is there. searched: how many stretches that were.
    """

    result: PullForwardResult
    p: float
    by_chance: float
    searched: int


def pull_forward(
    facts: Facts | Tabular,
    *,
    amount: str | Metric,
    peak: Period,
    trough: int | None = None,
    customer: str | None = None,
    level: float = 0.95,
) -> PullForwardResult:
    """Tell how much of a peak (a campaign) was only bought early: it is missing right after.

    The peak and the days after it are held against the four weeks before the peak; those who bought
    in the peak, against what was spent in it. What is usual between such stretches, the history
    tells. What was pulled forward is missing among the early; rows of nobody are none of theirs.

    Args:
        facts, amount, level: as for `churn`. peak: its days; whole weeks do best.
        trough: how many days after the peak, 1 or more; None: as many as the peak has.
        customer: column that says whose a row is; None tells peak and trough alone.

    Returns:
        PullForwardResult.

    Raises:
        BadInput: a column that is not there, no row, a peak after the last row, or no day after it.

    Note:
        A fall that only happens to begin after the peak looks the same, the more so where nobody
        knows who bought; and a season of the year is
        not taken out: where the trough is one every year, compare years.
    """
    fraction(level, "pull_forward(level=)")
    days = peak.days if trough is None else trough
    if days < 1:
        raise BadInput(f"trough is {days} days", "pull_forward(trough=)", "give a day or more")
    found = amounts(Facts.of(facts), amount, customer)
    first, last = found.span
    if not first <= peak.first <= last:
        hint = f"choose days within {first}..{last}"
        raise BadInput(f"no row lies in {peak}", "pull_forward(peak=)", hint)
    daily = every_day(found)
    result = at_once(daily, peak, days, found.metric.name, level)
    result = result if customer is None else by_early(result, found, daily)
    return replace(result, notes=(*result.notes, *found.left_out(last)))


def every_day(found: Amounts) -> pd.Series:
    """The amount of each day from the first row to the last."""
    return found.of_days().asfreq("D", fill_value=0.0)


def at_once(
    daily: pd.Series, peak: Period, trough: int, amount: str, level: float
) -> PullForwardResult:
    """The answer from the amount alone.

    Args:
        daily: the amount of every day (index). trough: how many days.
    """
    values, at = daily.to_numpy(float), _place(daily, peak.last)
    parts = {
        "peak": told.peak(values, at, peak.days, peak.days, level),
        "trough": told.trough(_filled(values, at + trough), at, trough, peak.days, level),
    }
    return _answer(parts, peak, trough, amount, level)


def by_early(
    result: PullForwardResult, found: Amounts, daily: pd.Series, apart: int | None = None
) -> PullForwardResult:
    """The answer with those who bought in the peak, and the others.

    Args:
        apart: days before the peak's end that may be of a campaign; None: those of the peak.
    """
    before, after = result.peak.days, result.trough.days
    apart, step = apart or before, max(before, after)
    at = _place(daily, result.peak.last)
    values = _filled(daily.to_numpy(float), at + after)
    marks = told.marks(at, step, apart + after)
    rows = followers(found, result.trough.first, before, after)
    early = rows.reindex((marks - at) // step).fillna(0.0).to_numpy(float)
    others = told.window(values, marks, 0, after) - early
    spent = told.window(values, marks, -before, 0)
    first = told.beyond(early, spent, -1, result.level)
    # The more buy in a peak, the fewer are left who did not.
    with np.errstate(all="ignore"):
        mine = spent * (first.expected / spent[-1])
    left = told.usual(values, marks, apart, after) - mine
    parts = {"early": first, "others": told.beyond(others, left, -1, result.level)}
    return replace(result, table=pd.concat([result.table, _rows(parts)], ignore_index=True))


def sought(
    daily: pd.Series, peaks: Sequence[Period], troughs: Sequence[int], amount: str, level: float
) -> Sought | None:
    """The clearest of several peaks and of the troughs after it; None where no history tells.

    A trough is looked for in its own stretches: what a campaign sold early may be missing for
    longer than it lasted. What is usual ends before the longest of the peaks, which may all be of
    one campaign.

    Args:
        daily: the amount of every day (index). peaks: those that end on one day are one campaign's.
        troughs: how many days after it.
    """
    apart = max((p.days for p in peaks), default=0)
    ends = sorted({p.last for p in peaks})
    asked = [list(_asked(daily, [p for p in peaks if p.last == e], troughs, apart, level))
             for e in ends]  # fmt: skip
    found = [_clearest(each, amount, level) for each in asked]
    known = [f for f in found if f is not None]
    if not known:
        return None
    best = min(known, key=lambda f: f.p)
    return replace(best, p=told.any_of([f.p for f in known]),
                   by_chance=min(1.0, best.by_chance * len(known)),
                   searched=sum(map(len, asked)))  # fmt: skip


def _asked(
    daily: pd.Series, peaks: Sequence[Period], troughs: Sequence[int], apart: int, level: float
) -> Iterator[tuple[Period, int, Part]]:
    """Each stretch of one campaign: its peaks (no days of trough), then the days after it."""
    values, at = daily.to_numpy(float), _place(daily, peaks[0].last)
    for peak in peaks:
        yield peak, 0, told.peak(values, at, peak.days, apart, level)
    for days in troughs:
        yield peaks[0], days, told.trough(values, at, days, apart, level)


def _clearest(
    asked: Sequence[tuple[Period, int, Part]], amount: str, level: float
) -> Sought | None:
    """Of one campaign the clearest peak, and of the clear troughs the one that lacks most."""
    known = [a for a in asked if a[2].p == a[2].p]
    peaks, troughs = ([a for a in known if (a[1] > 0) is after] for after in (False, True))
    if not peaks or not troughs:
        return None
    up, down = (told.any_of([a[2].p for a in each]) for each in (peaks, troughs))
    high = min(peaks, key=lambda a: a[2].p)
    least = min(a[2].p for a in troughs)
    clear = [a for a in troughs if a[2].p <= max(least, 1 - level)]
    low = min(clear, key=lambda a: a[2].effect)
    result = _answer({"peak": high[2], "trough": low[2]}, high[0], low[1], amount, level)
    both = up * down
    return Sought(result, max(up, down), both * (1 - float(np.log(both))) if both else 0.0, 0)


def _answer(
    parts: dict[str, Part], peak: Period, trough: int, amount: str, level: float
) -> PullForwardResult:
    share = _share(parts["peak"], parts["trough"])
    after = Period(peak.last + timedelta(days=1), peak.last + timedelta(days=trough))
    return PullForwardResult(_rows(parts), share, peak, after, amount, level)


def _share(peak: Part, trough: Part) -> Effect:
    """Missing part of the excess. Where the base was low by chance, the excess is too large and
    what is missing too small: the ends of one are held against the opposite ends of the other."""
    none = float("nan")
    if not peak.effect > 0:
        return Effect.known(none, none, none)
    most = -trough.low / peak.low if peak.low > 0 else none
    return Effect.known(-trough.effect / peak.effect, -trough.high / peak.high, most)


def _rows(parts: dict[str, Part]) -> pd.DataFrame:
    names = ("expected", "actual", "effect", "low", "high", "p")
    rows = [[k, *(getattr(part, n) for n in names)] for k, part in parts.items()]
    return pd.DataFrame(rows, columns=["part", *names])


def _place(daily: pd.Series, end: date) -> int:
    """Position of the day after a peak."""
    return (pd.Timestamp(end) - pd.DatetimeIndex(daily.index)[0]).days + 1


def _filled(values: np.ndarray, length: int) -> np.ndarray:
    """Days after the last row brought nothing, where they are asked about."""
    return np.append(values, np.zeros(max(0, length - len(values))))
