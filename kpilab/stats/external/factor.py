"""One market behind several noisy series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.core.contrast import against_history

Array = NDArray[np.float64]
ALONE = 0.05


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

    One factor, by moments: the variance of the common part is the mean covariance between series;
    the noise of each is what its distance from the mean of the others varies by, less what that
    mean's own noise makes of it. A series that hardly moves while the others do lies far from them,
    and weighs little. Weights are inverse noise variances; of two series none can be told to be the
    noisy one, and a single one is taken at face value (weight 1, no noise known).
    """
    clean = detrend(history)
    n = clean.shape[1]
    if n == 1:
        return np.ones(1), float(np.nanvar(clean)), np.zeros(1)
    pairs = np.ma.cov(np.ma.masked_invalid(clean), rowvar=False).filled(0.0)
    common = max(float(pairs[np.triu_indices(n, 1)].mean()), 0.0)
    others = (np.nansum(clean, axis=1, keepdims=True) - clean) / (n - 1)
    apart = np.nanvar(clean - others, axis=0, ddof=1)
    if n == 2:
        noise = apart / 2
    else:
        shared = np.eye(n) + (1 - np.eye(n)) / (n - 1) ** 2
        noise = np.maximum(np.linalg.solve(shared, apart), 0.05 * apart)
    weights = 1 / np.maximum(noise, 1e-300)
    return weights / weights.sum(), common, noise


def hit_alone(
    logs: Array, base: NDArray[np.bool_], now: NDArray[np.bool_], alpha: float = ALONE
) -> list[int]:
    """Series that moved away from all others between two windows by more than they ever do.

    The farthest is left out and the others are looked at again, as long as more than half of
    all stay, and two. Corrected for how many are looked at.
    """
    kept, out = list(range(logs.shape[1])), []
    while len(kept) > max(2, logs.shape[1] // 2 + 1):
        found = []
        for k in kept:
            others = np.median(logs[:, [j for j in kept if j != k]], axis=1)
            found.append(against_history(logs[:, k] - others, base, now).p)
        if not np.nanmin([*found, 1.0]) < alpha / len(kept):
            break
        out.append(kept.pop(int(np.nanargmin(found))))
    return sorted(out)
