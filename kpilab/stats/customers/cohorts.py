"""Is one cohort another than those before it, at the same age?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.tail import critical, two_sided

Array = NDArray[np.float64]
LEAST = 3  # former cohorts, to say how much cohorts differ


def beside_former(
    value: float, error: float, former: Array, errors: Array, level: float
) -> tuple[float, float, float, float]:
    """What former cohorts let expect, the interval of the difference to it, and its two-sided p.

    Cohorts differ by more than their customers explain: the variance between the former ones is
    that of random effects, and a new one is held against where it would lie. NaN with fewer than
    three of them.

    References: DerSimonian, Laird (1986); Higgins, Thompson, Spiegelhalter (2009) for the interval.
    """
    known = np.isfinite(former) & (errors > 0)
    former, errors = former[known], errors[known]
    k = len(former)
    if k < LEAST or not error > 0:
        return float("nan"), float("nan"), float("nan"), float("nan")
    weight = 1 / errors**2
    mean = (weight * former).sum() / weight.sum()
    more = (weight * (former - mean) ** 2).sum() - (k - 1)
    between = max(0.0, more / (weight.sum() - (weight**2).sum() / weight.sum()))
    weight = 1 / (errors**2 + between)
    mean = float((weight * former).sum() / weight.sum())
    spread = float(np.sqrt(between + error**2 + 1 / weight.sum()))
    half, beyond = critical(level, k - 1) * spread, value - mean
    return mean, beyond - half, beyond + half, two_sided(beyond / spread, k - 1)
