"""Levels of any window of a series, and of the same window in former years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Span = tuple[int, int]  # first day and the day after the last, as positions


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """A series over its whole history, one number per day (week, month), the calendar apart.

    Attributes:
        num: sums; NaN where a day is missing.
        den: what they are sums over: the calendar's weight of each day (1 on average), or the
            denominator of a rate. Known beyond the last day of `num` where the calendar is.
        ago: for each day, the position of the same day of the season one year before; -1 for none.
        adds: the period's value is a sum, so that the calendar moves it.
    """

    num: Array
    den: Array
    ago: NDArray[np.int64]
    adds: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Levels of any window of a series, and of the same window one, two … years before."""

    num: Array  # years × (days + 1), running sums
    den: Array
    logs: bool
    positions: int = 0  # days (weeks, months) from a window to the same one a year later

    @classmethod
    def of(cls, days: Days) -> Levels:
        num, den = [days.num], [np.where(np.isfinite(days.num), days.den, np.nan)]
        at = np.arange(len(days.num))
        years = (at - days.ago)[days.ago >= 0]
        while True:
            at = np.where(at >= 0, days.ago[at], -1)
            if (at < 0).all():
                break
            num.append(np.where(at >= 0, num[0][at], np.nan))
            den.append(np.where(at >= 0, den[0][at], np.nan))
        return cls(
            _running(num),
            _running(den),
            bool(np.nanmin(days.num) >= 0),
            int(np.median(years)) if len(years) else 0,
        )

    def level(self, first: NDArray[np.int64], last: NDArray[np.int64], year: int = 0) -> Array:
        """Level of windows, on the scale on which changes add up; NaN where nothing is known."""
        a, b = np.maximum(first, 0), np.maximum(last, 0)
        num, den = (s[year][b] - s[year][a] for s in (self.num, self.den))
        with np.errstate(divide="ignore", invalid="ignore"):
            level = np.where((den > 0) & (first >= 0), num / den, np.nan)
            return np.where(level > 0, np.log(level), np.nan) if self.logs else level

    def covered(self, first: NDArray[np.int64], last: NDArray[np.int64], year: int) -> Array:
        """Part of the windows' days that are known that many years before, 0-1."""
        here = self.den[year]
        seen = np.concatenate([[0.0], np.cumsum(np.diff(here) > 0)])
        a, b = np.maximum(first, 0), np.maximum(last, 0)
        return np.where(first >= 0, (seen[b] - seen[a]) / np.maximum(b - a, 1), 0.0)

    def of_span(self, span: Span, year: int = 0) -> float:
        """Level of one window."""
        return float(self.level(*np.array(span, np.int64)[:, None], year=year)[0])

    @property
    def years(self) -> int:
        return len(self.num) - 1


def _running(rows: list[Array]) -> Array:
    return np.array([np.concatenate([[0.0], np.nancumsum(row)]) for row in rows])


@dataclass(frozen=True, slots=True)
class Noise:
    """What moves the mean of a period, on the scale of the levels.

    Attributes:
        day: variance of a day, as if days were independent. df: that it is known with.
        walk: variance that the level itself gains per day.
    """

    day: float
    df: float
    walk: float

    def apart(self, n: int, k: NDArray[np.int64] | int) -> Array | float:
        """Variance of the difference of two adjoining means, over n and over k days."""
        return self.day * (1 / n + 1 / np.maximum(k, 1)) + self.walk * (n + k) / 3
