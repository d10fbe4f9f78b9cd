"""Before and after: did a rate or a total change more than its comparison did, beyond the noise between days?

References: difference in differences on the logarithm; Taylor linearisation of a ratio of sums, days as clusters;
Bertrand, Duflo and Mullainathan (2004), How much should we trust differences-in-differences estimates? (days in a
row resemble each other).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.laws import student

Array = NDArray[np.float64]
WEEK, LEAST_FOR_WEEKDAYS, LEAST_FOR_PAST = 7, 28, 14
MOST_ALIKE = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """One number per day: numerators, denominators (1 for a total), and the weekday (0-6; all 0 if there is none)."""

    num: Array
    den: Array
    weekday: NDArray[np.int64]

    @classmethod
    def of(cls, num: ArrayLike, den: ArrayLike, weekday: ArrayLike) -> Days:
        return cls(np.asarray(num, float), np.asarray(den, float), np.asarray(weekday, np.int64))

    @property
    def rate(self) -> float:
        total = float(self.den.sum())
        return float(self.num.sum()) / total if total > 0 else float("nan")

    def influence(self) -> Array:
        """What each day adds to the logarithm of the rate; the mean is zero."""
        total = float(self.den.sum())
        return (self.num - self.rate * self.den) / (self.rate * total / len(self.den))


@dataclass(frozen=True, slots=True)
class Contrast:
    """Relative change from before to after, beyond that of the comparison where there is one.

    Attributes:
        value, low, high: relative change, 0.1 = +10 %; NaN where a rate is zero or undefined.
        p: two-sided p-value of no change.
        detectable: smallest relative rise that would be found with chance .8.
    """

    value: float
    low: float
    high: float
    p: float
    detectable: float


UNKNOWN = Contrast(*[float("nan")] * 5)


def contrast(
    before: Days,
    after: Days,
    reference: tuple[Days, Days] | None = None,
    *,
    level: float = 0.95,
    power: float = 0.8,
) -> Contrast:
    """Relative change of a rate from before to after, minus that of the reference on the same days.

    What both share on a day (weather, a holiday, the market) drops out. The noise is that between days: the weekly
    pattern is taken out where four weeks are known, and days in a row that resemble each other count for less.

    Args:
        before, after: days of both windows, at least two each.
        reference: the comparison's days, the same ones as `before` and `after`; None for a plain before and after.
        level: confidence level. power: chance that `detectable` refers to.
    """
    sides = [before, after, *(reference or ())]
    if min(len(s.num) for s in sides) < 2 or not all(s.rate > 0 for s in sides):
        return UNKNOWN
    change = float(np.log(after.rate / before.rate))
    days = [before.influence(), after.influence()]
    if reference is not None:
        change -= float(np.log(reference[1].rate / reference[0].rate))
        days = [own - other.influence() for own, other in zip(days, reference, strict=True)]
    error, df = _error(days, [before.weekday, after.weekday])
    if error == 0:
        return UNKNOWN
    half = float(student.ppf(0.5 + level / 2, df)) * error
    value, low, high = (float(e) for e in np.expm1([change, change - half, change + half]))
    p = float(2 * student.sf(abs(change) / error, df))
    return Contrast(value, low, high, p, float(np.expm1(half + float(student.ppf(power, df)) * error)))


def _error(days: list[Array], weekdays: list[NDArray[np.int64]]) -> tuple[float, float]:
    """Standard error of the difference of the two windows' means, and its degrees of freedom."""
    values, weekday = np.concatenate(days), np.concatenate(weekdays)
    spent = 2
    if len(values) >= LEAST_FOR_WEEKDAYS and len(np.unique(weekday)) == WEEK:
        values = values - (np.bincount(weekday, values, WEEK) / np.bincount(weekday, minlength=WEEK))[weekday]
        spent += WEEK - 1
    n = len(values)
    first = values[: len(days[0])], values[len(days[0]) :]
    squares = [float(np.sum(v**2)) / len(v) * n / max(n - spent, 1) for v in first]
    variance = sum(s / len(v) for s, v in zip(squares, first, strict=True))
    alike = _alike(first) if n >= LEAST_FOR_PAST else 0.0
    inflation = (1 + alike) / (1 - alike)
    return float(np.sqrt(variance * inflation)), max(n - spent, 1) / inflation + 1


def _alike(windows: tuple[Array, Array]) -> float:
    """Correlation of neighbouring days, without the bias of short windows; never below zero."""
    centred = [w - w.mean() for w in windows]
    power = sum(float(np.sum(c**2)) for c in centred)
    n = sum(len(c) for c in centred)
    if power == 0:
        return 0.0
    rho = sum(float(np.sum(c[1:] * c[:-1])) for c in centred) / power
    return float(np.clip((rho * n + 2) / (n - 6) if n > 12 else rho, 0.0, MOST_ALIKE))
