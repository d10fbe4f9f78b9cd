"""One market behind several noisy series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def detrend(x: Array) -> Array:
    """Columns of `x` without their straight line (missing rows ignored)."""
    x = np.asarray(x, dtype=float).reshape(len(x), -1)
    time = np.arange(len(x), dtype=float)
    out = np.full(x.shape, np.nan)
    for k in range(x.shape[1]):
        known = np.isfinite(x[:, k])
        if known.sum() > 2:
            line = np.polynomial.polynomial.polyfit(time[known], x[known, k], 1)
            out[known, k] = x[known, k] - np.polynomial.polynomial.polyval(time[known], line)
    return out


def loadings(history: Array) -> tuple[Array, float, Array]:
    """Weights of the series in the common movement, its variance, each one's own noise variance.

    One factor with loading 1 on every series, by moments: the variance of the common part is the
    mean covariance between series, the rest of each variance is noise; weights are inverse noise
    variances. A single series is taken at face value (weight 1, no noise known).
    """
    clean = detrend(history)
    n = clean.shape[1]
    if n == 1:
        return np.ones(1), float(np.nanvar(clean)), np.zeros(1)
    pairs = np.ma.cov(np.ma.masked_invalid(clean), rowvar=False).filled(0.0)
    total = np.diag(pairs)
    common = max(float(pairs[np.triu_indices(n, 1)].mean()), 0.0)
    noise = np.maximum(total - common, 0.05 * total)
    weights = 1 / np.maximum(noise, 1e-300)
    return weights / weights.sum(), common, noise
