"""Difference of two proportions: tests and intervals that hold for small counts and non-zero margins."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from kpilab.stats.proportion import wilson


def pooled_z(xa: ArrayLike, na: ArrayLike, xb: ArrayLike, nb: ArrayLike) -> NDArray[np.float64]:
    """z of b - a with the common proportion's variance; NaN where it is 0 or an arm is empty."""
    xa, na, xb, nb = (np.asarray(v, dtype=float) for v in (xa, na, xb, nb))
    with np.errstate(divide="ignore", invalid="ignore"):
        common = (xa + xb) / (na + nb)
        spread = np.sqrt(common * (1 - common) * (1 / na + 1 / nb))
        return np.where(spread > 0, (xb / nb - xa / na) / spread, np.nan)


def newcombe(xa: float, na: float, xb: float, nb: float, level: float = 0.95) -> tuple[float, float]:
    """Interval of b - a from the two Wilson intervals.

    References: Newcombe (1998), Interval estimation for the difference between independent proportions, method 10.

    Example:
        >>> [round(end, 4) for end in newcombe(48, 80, 56, 70)]
        [0.0524, 0.3339]
    """
    a, b = xa / na, xb / nb
    (low_a, high_a), (low_b, high_b) = wilson(xa, na, level), wilson(xb, nb, level)
    low = b - a - np.hypot(b - low_b, high_a - a)
    high = b - a + np.hypot(high_b - b, a - low_a)
    return float(low), float(high)


def two_sided(z: float) -> float:
    """p-value of a z statistic."""
    return float(2 * norm.sf(abs(z)))
