"""The level of a series in one period: a rate, a daily mean, and what each day adds to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.rounding import beyond_rounding

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
OUTLIER = 3.5  # robust standard deviations; an old incident must not hide the next one


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What was measured in one period, one number per day (week, month), in order of time.

    Attributes:
        num, den: numerators and denominators (1 for a total). A day is missing where either is NaN,
            or where there is nothing to divide by.
        code: recurring group of each day (its weekday, 0-6); all 0 where there is none.
    """

    num: Array
    den: Array
    code: Codes

    @classmethod
    def of(
        cls, num: ArrayLike, den: ArrayLike | None = None, code: ArrayLike | None = None
    ) -> Window:
        """A window of floats, its missing days marked in both parts."""
        n = np.asarray(num, float)
        d = np.ones(len(n)) if den is None else np.asarray(den, float)
        known = np.isfinite(n) & (d > 0)
        groups = np.zeros(len(n), np.int64) if code is None else np.asarray(code, np.int64)
        return cls(np.where(known, n, np.nan), np.where(known, d, np.nan), groups)

    @property
    def days(self) -> int:
        """How many days are known."""
        return int(np.isfinite(self.den).sum())

    @property
    def rate(self) -> float:
        """Sum of the numerators over sum of the denominators; NaN with no day known."""
        return float(np.nansum(self.num) / np.nansum(self.den)) if self.days else float("nan")

    @property
    def counted(self) -> bool:
        """Whether every day is a number of successes out of trials."""
        num, den = (x[np.isfinite(x)] for x in (self.num, self.den))
        return bool(
            np.all((num >= 0) & (num <= den) & (num == np.round(num)) & (den == np.round(den)))
        )

    def influence(self) -> Array:
        """What each day moves the rate by, times the number of days; the mean is zero."""
        if not self.days:
            return np.full(len(self.num), np.nan)
        moved = beyond_rounding(self.num - self.rate * self.den, self.num)
        return moved / (np.nansum(self.den) / self.days)


def unit_variance(before: Window, after: Window) -> float:
    """Variance of the numerator per unit of the denominator, over-dispersion between days included.

    Successes out of trials vary at least as such counts do, however alike the days look.
    """
    total, least, weight = 0.0, 0.0, 0.0
    for side in (before, after):
        if not side.days:
            continue
        rate, days, trials = side.rate, max(side.days, 2), float(np.nansum(side.den))
        total += float(np.nansum((side.num - rate * side.den) ** 2)) * days / (days - 1)
        least += trials * rate * (1 - rate) if before.counted and after.counted else 0.0
        weight += trials
    return max(total, least) / weight if weight > 0 else 0.0


def capped(x: Array) -> Array:
    """The values, none farther from the median than 3.5 robust standard deviations."""
    middle = float(np.nanmedian(x))
    spread = 1.4826 * float(np.nanmedian(np.abs(x - middle)))
    return np.clip(x, middle - OUTLIER * spread, middle + OUTLIER * spread) if spread > 0 else x
