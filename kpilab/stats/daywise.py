"""How far an amount or a rate moved between two runs of days, with the noise from day to day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.laws import student

Array = NDArray[np.float64]


def moved(before: tuple[Array, Array], after: tuple[Array, Array], level: float = 0.95) -> tuple[float, float, float]:
    """The numerator gained or lost, had the denominators of after met the rate of before; with its interval.

    Days are the units: the noise is that of the daily residuals around the period's own rate (Welch, linearised
    ratio). With denominators of one the rate is the daily mean, and the answer is the change of the sum.

    Args:
        before, after: numerators and denominators, one number per day.
        level: confidence level of the interval.

    Returns:
        (amount, low, high); NaN where a side has no denominator, ends NaN with fewer than two days on a side.
    """
    (n0, d0), (n1, d1) = before, after
    if d0.sum() <= 0 or d1.sum() <= 0:
        return float("nan"), float("nan"), float("nan")
    amount = float(n1.sum() - d1.sum() * n0.sum() / d0.sum())
    if min(len(n0), len(n1)) < 2:
        return amount, float("nan"), float("nan")
    parts = [_variance(n0, d0) * d1.sum() ** 2, _variance(n1, d1) * d1.sum() ** 2]
    spread = float(np.sqrt(sum(parts)))
    if spread == 0:
        return amount, amount, amount
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (len(n0) - 1) + parts[1] ** 2 / (len(n1) - 1))
    reach = float(student.ppf((1 + level) / 2, freedom)) * spread
    return amount, amount - reach, amount + reach


def _variance(numerators: Array, denominators: Array) -> float:
    """Variance of the ratio of the sums over days."""
    rest = numerators - denominators * numerators.sum() / denominators.sum()
    return float(len(rest) * rest.var(ddof=1) / denominators.sum() ** 2)
