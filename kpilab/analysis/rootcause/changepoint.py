"""Dating: when did a change begin, at once or gradually, and what was logged near that day?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Effect, Message, Period, fraction
from kpilab.engine.door.frames import frame, known
from kpilab.engine.door.values import count, day, number
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.distributions import norm
from kpilab.stats.rootcause.changepoint import Dated, credible, date_change

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Frame

NEAR = timedelta(days=3)


@dataclass(frozen=True, slots=True, eq=False)
class ChangepointResult(Result):
    """Answer of `changepoint`.

    Attributes:
        table: one row per day; columns `day` (date), `value` (level of the day), `fitted` (level
            with the one change), `chance` (that the change began on that day, 0-1).
        start: most likely first day; None when no change stands out. low, high: interval of it.
        reached: day the new level was reached (the start itself for a step).
        gradual: chance that the change took more than a day.
        before: old level. change: of the level, with interval.
        p: chance of as sharp a change somewhere in the series if nothing changed.
        candidates: entries of the change log near the start: candidates, not causes.
    """

    start: date | None
    low: date | None
    high: date | None
    reached: date | None
    gradual: float
    before: float
    change: Effect
    p: float
    level: float
    candidates: tuple[tuple[date, str], ...] = ()
    kind: ClassVar[str] = "dating"

    @property
    def period(self) -> Period | None:
        """From the start to the last day of the series; None when no change stands out."""
        return None if self.start is None else Period(self.start, self.table["day"].iloc[-1])

    @property
    def headline(self) -> Message:
        if self.start is None:
            return Message("dating.nothing", {"p": self.p})
        # A start that is sure to the day needs no interval.
        sure = self.low == self.high
        values = {
            "start": self.start,
            "low": None if sure else self.low,
            "high": None if sure else self.high,
        }
        ends = (self.change.value, self.change.low, self.change.high)
        change = [v / self.before if self.before and v is not None else None for v in ends]
        values |= dict(
            zip(("change", "change_low", "change_high"), change, strict=True), reached=self.reached
        )
        # Gradual by its chance, but the likeliest end is the first day: then it was at once.
        slow = self.gradual > 0.5 and self.reached is not None and self.reached > self.start
        return Message("dating.gradual" if slow else "dating.step", values)

    @property
    def began(self) -> Message:
        """The headline without the size, for a sentence that has said by how much."""
        said = self.headline
        sizes = ("change", "change_low", "change_high")
        return Message(said.key, {k: v for k, v in said.values.items() if k not in sizes})


@keywords("changepoint")
def changepoint(
    rows: Frame,
    *,
    value: str = "value",
    exposure: str | None = None,
    time: str = "day",
    changes: Sequence[tuple[date, str]] = (),
    alpha: float = 0.05,
    level: float = 0.95,
) -> ChangepointResult:
    """Date the largest change of level in a daily series.

    The level is the value, or value / exposure weighted by the exposure. Weekdays are allowed their
    own level from three weeks on. Every start day and several lengths (one day: a step) are fitted;
    their likelihoods give the chance of each start. Noise of any size is estimated from the series
    itself.

    Args:
        rows: one row per day (more are summed). Days without rows are missing, not zero; so is a
            day one of whose values is missing (of a rate, only the row). What is left out is
            counted in a note.
        value, exposure, time: column names; the exposure of a rate is its denominator.
        changes: (day, text) of the change log.
        alpha: chance of dating a change where there was none.
        level: confidence level of the intervals.

    Returns:
        ChangepointResult with one row per day.

    Raises:
        BadInput: unknown columns, or fewer than ten days.

    Note:
        Days may resemble the day before: that is estimated with the change taken out, and taken out
        too. Under a month little of it can be told, and a change is called more often than `alpha`
        says (docs/benchmarks/stress.md). A slow trend will be dated as a gradual change.
    """
    fraction(alpha, "changepoint(alpha=)")
    fraction(level, "changepoint(level=)")
    series, notes = _series(rows, value, exposure, time)
    rate, weight = series["rate"].to_numpy(float), series["weight"].to_numpy(float)
    stamps = pd.DatetimeIndex(series.index)
    pattern = stamps.dayofweek.to_numpy() if len(stamps) >= 21 else np.zeros(len(stamps), dtype=int)
    found = date_change(rate, weight, pattern.astype(np.intp))
    if found is None:
        raise BadInput(
            f"the series has {len(series)} days", "changepoint(rows)", "give at least ten days"
        )
    result = _result(found, [s.date() for s in stamps], rate, tuple(changes), alpha, level)
    return replace(result, notes=notes + result.notes)


def _series(
    days: Frame, value: str, exposure: str | None, time: str
) -> tuple[pd.DataFrame, tuple[Message, ...]]:
    """Rate and weight per day, and a note on the rows left out."""
    columns = {"day": (time, day), "value": (value, number)} | (
        {"weight": (exposure, count)} if exposure else {}
    )
    rows = frame(days, columns, "changepoint(rows)")
    holed = set() if exposure else set(rows.loc[rows["value"].isna(), "day"])
    rows, notes = known(rows.assign(value=rows["value"].mask(rows["day"].isin(holed))))
    rows = rows if exposure else rows.assign(weight=1.0)
    sums = (
        rows.groupby("day")
        .agg({"value": "sum", "weight": "sum" if exposure else "max"})
        .sort_index()
    )
    sums = sums[sums["weight"] > 0]
    return sums.assign(rate=sums["value"] / sums["weight"]), notes


def _result(
    found: Dated,
    days: list[date],
    rate: np.ndarray,
    changes: tuple[tuple[date, str], ...],
    alpha: float,
    level: float,
) -> ChangepointResult:
    table = pd.DataFrame(
        {"day": days, "value": rate, "fitted": found.fitted, "chance": found.chance}
    )
    half = float(norm.ppf(0.5 + level / 2)) * found.error
    change = Effect(found.change, found.change - half, found.change + half)
    if found.p > alpha:
        flat = table.assign(fitted=float(np.mean(rate)))
        return ChangepointResult(
            flat, None, None, None, None, found.gradual, found.before, change, found.p, level
        )
    first, last = (days[k] for k in credible(found.chance, level))
    near = tuple((day, text) for day, text in sorted(changes) if first - NEAR <= day <= last + NEAR)
    reached = days[min(found.start + found.length - 1, len(days) - 1)]
    return ChangepointResult(
        table,
        days[found.start],
        first,
        last,
        reached,
        found.gradual,
        found.before,
        change,
        found.p,
        level,
        near,
        notes=(Message("dating.candidates", {"entries": tuple(text for _, text in near)}),)
        if near
        else (),
    )
