"""Shares whose trials come in clusters: several sessions of one user are not several users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student


@dataclass(frozen=True, slots=True)
class Difference:
    """Current minus baseline share, with interval and p-value; NaN where a share is undefined."""

    current: float
    baseline: float
    value: float
    low: float
    high: float
    p: float


def clustered_difference(
    current: tuple[ArrayLike, ArrayLike],
    baseline: tuple[ArrayLike, ArrayLike],
    clusters: ArrayLike,
    level: float = 0.95,
) -> Difference:
    """Difference of two shares when a cluster may add trials to both.

    Each share is a ratio of sums over clusters, linearised; the variance is that of the clusters' influences, so
    trials of one cluster may depend on each other and on themselves in the other group.

    Args:
        current, baseline: trials and successes, one entry per kind of cluster.
        clusters: how many clusters are of that kind.
        level: confidence level.

    References: Taylor linearisation of a ratio; Deng, Knoblich, Lu (2018), Applying the delta method.
    """
    n1, y1, n0, y0, w = (np.asarray(v, dtype=float) for v in (*current, *baseline, clusters))
    sums = [float((w * v).sum()) for v in (n1, y1, n0, y0)]
    units = float(w.sum())
    if min(sums[0], sums[2]) == 0 or units < 2:
        rates = [sums[k + 1] / sums[k] if sums[k] else np.nan for k in (0, 2)]
        return Difference(*rates, np.nan, np.nan, np.nan, np.nan)
    r1, r0 = sums[1] / sums[0], sums[3] / sums[2]
    influence = (y1 - r1 * n1) / sums[0] - (y0 - r0 * n0) / sums[2]
    error = float(np.sqrt((w * influence**2).sum() * units / (units - 1)))
    value = r1 - r0
    if error == 0:
        return Difference(r1, r0, value, np.nan, np.nan, np.nan)
    half = student.ppf(0.5 + level / 2, units - 1) * error
    p = 2 * student.sf(abs(value) / error, units - 1)
    return Difference(r1, r0, value, max(value - half, -1.0), min(value + half, 1.0), float(p))
