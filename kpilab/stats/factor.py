"""One market behind several noisy series, and what usually happens between two windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.laws import student

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Mean of one window minus mean of another, against what is usual in the history.

    Attributes:
        change: the difference of the two window means.
        error: its usual size where nothing happened (root mean square over the history).
        df: degrees of freedom of `error`; 0 when the history holds too few windows.
        p: two-sided p-value of "no more than usual"; NaN without history.
    """

    change: float
    error: float
    df: float

    @property
    def p(self) -> float:
        return float(2 * student.sf(abs(self.change) / self.error, self.df)) if self.df else float("nan")

    def half(self, level: float) -> float:
        """Half width of the interval of `change`; NaN without history."""
        return float(student.ppf(0.5 + level / 2, self.df) * self.error) if self.df else float("nan")


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

    One factor with loading 1 on every series, by moments: the variance of the common part is the mean
    covariance between series, the rest of each variance is noise; weights are inverse noise variances.
    A single series is taken at face value (weight 1, no noise known).
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


def contrast(series: Array, base: NDArray[np.bool_], now: NDArray[np.bool_]) -> Contrast:
    """Change from the `base` window to the `now` window of one series, judged by its own history.

    The same pair of windows is moved back over the history (placebo in time); the root mean square of
    those changes, steady growth included, is what is usual. Overlapping windows are worth fewer degrees
    of freedom: n / sum of squared autocorrelations of a random walk's changes, the more cautious case.
    """
    weight = now / now.sum() - base / base.sum()
    first, last = np.flatnonzero(base | now)[[0, -1]]
    pattern = weight[first : last + 1]
    change = float(pattern @ series[first : last + 1])
    gone = last - np.flatnonzero(now)[0] + 1
    ends = range(first + len(pattern) - 1 - gone, len(pattern) - 2, -1)
    past = np.array([pattern @ series[e - len(pattern) + 1 : e + 1] for e in ends])
    past = past[np.isfinite(past)]
    if len(past) < 12:
        return Contrast(change, float("nan"), 0.0)
    df = max(len(past) / _overlap(pattern), 3.0)
    return Contrast(change, float(np.sqrt(np.mean(past**2))), df)


def _overlap(pattern: Array) -> float:
    """Sum of squared autocorrelations of the moving change of a random walk."""
    response = np.cumsum(pattern[::-1])[::-1]
    full = np.correlate(response, response, mode="full")
    return float(np.sum((full / full.max()) ** 2))
