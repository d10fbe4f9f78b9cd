"""Change of a rate or a total between two periods, with noise clustered by day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.laws import student

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """A change from `before` to `after` with its standard error and degrees of freedom."""

    before: float
    after: float
    error: float
    df: float

    @property
    def value(self) -> float:
        return self.after - self.before

    @property
    def z(self) -> float:
        return self.value / self.error if self.error > 0 else 0.0

    @property
    def p(self) -> float:
        """Two-sided p-value of no change."""
        return float(2 * student.sf(abs(self.z), self.df)) if self.error > 0 else 1.0

    def ends(self, level: float = 0.95) -> tuple[float, float]:
        half = float(student.ppf(0.5 + level / 2, self.df)) * self.error
        return self.value - half, self.value + half


def rate_change(num0: ArrayLike, den0: ArrayLike, num1: ArrayLike, den1: ArrayLike) -> Change:
    """Change of a ratio of sums; each array holds one number per day, days are the clusters."""
    sides = [_rate(np.asarray(n, float), np.asarray(d, float)) for n, d in ((num0, den0), (num1, den1))]
    (r0, v0, k0), (r1, v1, k1) = sides
    return Change(r0, r1, float(np.sqrt(v0 + v1)), _welch(v0, k0, v1, k1))


def total_change(days0: ArrayLike, weekday0: ArrayLike, days1: ArrayLike, weekday1: ArrayLike) -> Change:
    """Change of the daily mean of an amount, the weekly pattern taken out of the noise.

    `days` are daily amounts, `weekday` 0-6; the baseline is scaled to the length of the current period.
    """
    d0, d1 = np.asarray(days0, float), np.asarray(days1, float)
    w0, w1 = np.asarray(weekday0, int), np.asarray(weekday1, int)
    pattern = _weekly(d0, w0, d1, w1)
    v0, v1 = (_mean_variance(d / pattern[w]) * float(np.mean(pattern[w])) ** 2 for d, w in ((d0, w0), (d1, w1)))
    return Change(float(d0.mean()), float(d1.mean()), float(np.sqrt(v0 + v1)), _welch(v0, len(d0), v1, len(d1)))


def period_change(
    days0: tuple[Array, Array, Array], days1: tuple[Array, Array, Array], totals: tuple[float, float], *, ratio: bool
) -> Change:
    """Change of a metric's period value, whether a ratio of sums or a sum.

    Each side holds numerators, denominators and weekdays (0-6), one number per day; `totals` are the period values.
    """
    if ratio:
        return rate_change(days0[0], days0[1], days1[0], days1[1])
    change = total_change(days0[0], days0[2], days1[0], days1[2])
    return Change(*totals, change.error * totals[1] / change.after if change.after else 0.0, change.df)


def unit_variance(num0: ArrayLike, den0: ArrayLike, num1: ArrayLike, den1: ArrayLike) -> float:
    """Variance of the numerator per unit of the denominator, over-dispersion between days included."""
    total, weight = 0.0, 0.0
    for num, den in (
        (np.asarray(num0, float), np.asarray(den0, float)),
        (np.asarray(num1, float), np.asarray(den1, float)),
    ):
        days = max(int((den > 0).sum()), 2)
        rate = num.sum() / den.sum() if den.sum() > 0 else 0.0
        total += float(np.sum((num - rate * den) ** 2)) * days / (days - 1)
        weight += float(den.sum())
    return total / weight if weight > 0 else 0.0


def standardised_change(
    num0: ArrayLike, den0: ArrayLike, num1: ArrayLike, den1: ArrayLike, variance: float, df: float
) -> Change:
    """Change of a rate at constant mix: segments weighted by their share in the current period.

    One number per segment; segments without rows in the baseline are left out. `variance` is that of one unit.
    """
    n0, d0, n1, d1 = (np.asarray(a, float) for a in (num0, den0, num1, den1))
    both = (d0 > 0) & (d1 > 0)
    n0, d0, n1, d1 = n0[both], d0[both], n1[both], d1[both]
    share = d1 / d1.sum() if d1.sum() > 0 else d1
    error = np.sqrt(variance * np.sum(share**2 * (1 / d0 + 1 / d1))) if len(share) else 0.0
    return Change(float(np.sum(share * n0 / d0)), float(np.sum(share * n1 / d1)), float(error), df)


def _rate(num: Array, den: Array) -> tuple[float, float, int]:
    """Ratio of sums, its variance by days, number of days."""
    days = int((den > 0).sum())
    if not days or den.sum() <= 0:
        return float("nan"), 0.0, 0
    rate = float(num.sum() / den.sum())
    if days < 2:
        return rate, 0.0, days
    return rate, float(np.sum((num - rate * den) ** 2)) * days / (days - 1) / float(den.sum()) ** 2, days


def _weekly(d0: Array, w0: NDArray[np.int_], d1: Array, w1: NDArray[np.int_]) -> Array:
    """Relative level of each weekday, from both periods, each about its own mean."""
    relative = np.concatenate([d0 / d0.mean() if d0.mean() else d0, d1 / d1.mean() if d1.mean() else d1])
    weekday = np.concatenate([w0, w1])
    counts = np.bincount(weekday, minlength=7)
    if len(relative) < 21 or counts.min() < 2:
        return np.ones(7)
    pattern = np.bincount(weekday, relative, 7) / counts
    return np.where(pattern > 0, pattern, 1.0)


def _mean_variance(days: Array) -> float:
    """Variance of the mean of a daily series; neighbouring days may be alike (AR(1) inflation, never below 1)."""
    if len(days) < 2:
        return 0.0
    centred = days - days.mean()
    variance = float(np.sum(centred**2) / (len(days) - 1))
    if len(days) < 14 or variance == 0:
        return variance / len(days)
    rho = float(np.clip(np.sum(centred[1:] * centred[:-1]) / np.sum(centred**2) + 1 / len(days), 0, 0.8))
    return variance / len(days) * (1 + rho) / (1 - rho)


def _welch(v0: float, k0: int, v1: float, k1: int) -> float:
    if v0 + v1 <= 0 or min(k0, k1) < 2:
        return max(k0 + k1 - 2, 1)
    return (v0 + v1) ** 2 / (v0**2 / (k0 - 1) + v1**2 / (k1 - 1))
