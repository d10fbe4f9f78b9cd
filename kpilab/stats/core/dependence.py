"""How much days in a row resemble each other, and what that does to the noise of a mean.

References: Kendall (1954), Note on bias in the estimation of autocorrelation; Müller (2014), HAC
corrections for strongly autocorrelated time series; Lazarus, Lewis, Stock and Watson (2018), HAR
inference: recommendations for practice (equal-weighted cosines, Student's t); Smyth (2004), Linear
models and empirical Bayes methods (two sources of one variance, weighted by the degrees of freedom
that each is known with).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MOST = 0.95
MOST_IN_A_WINDOW = 0.8  # more cannot be told from a trend within a few weeks
LEAST = 14  # days from which on neighbours tell something
PER_WAVE = (
    0.4  # waves = 0.4 n^(2/3): Lazarus et al.; best of .3, .4, .5 in docs/benchmarks/change.md
)
NEIGHBOURS, DAYS_EACH = (
    8.0,
    7,
)  # waves that the days' spread counts as at most, and one per so many days


@dataclass(frozen=True, slots=True)
class LongRun:
    """Variance that a mean of many days behaves as if its days were independent with;
    known with `df` degrees."""

    variance: float
    df: float


def alike(*pieces: Array, corrected: bool = True, most: float = MOST) -> float:
    """Correlation of neighbours, 0 to `most`, pooled over series that are each taken around their
    own mean.

    Args:
        pieces: series in order of time, NaN where missing (a day and the one after it count where
            both are known).
        corrected: freed of the bias of short series, one mean lost per piece; not freed, it may be
            below zero.
        most: the largest value given.
    """
    centred = [p - np.nanmean(p) for p in pieces if np.isfinite(p).any()]
    power = sum(float(np.nansum(c**2)) for c in centred)
    n, means = sum(int(np.isfinite(c).sum()) for c in centred), len(centred)
    pairs = np.concatenate([c[1:] * c[:-1] for c in centred]) if centred else np.empty(0)
    pairs = pairs[np.isfinite(pairs)]
    if power <= 0 or not len(pairs):
        return 0.0
    # A day without a neighbour is in the power and in no pair.
    rho = float(pairs.sum()) / power * (n - means) / len(pairs)
    if not corrected:
        return min(rho, most)
    return float(np.clip((rho * n + means) / (n - 3 * means), 0.0, most)) if n > 6 * means else 0.0


def inflation(rho: float, days: int | None = None) -> float:
    """By how much neighbours that are alike widen the variance of a mean; of so many days,
    or of very many."""
    if days is None:
        return (1 + rho) / (1 - rho)
    k = np.arange(1, days)
    return float(1 + 2 * np.sum((1 - k / days) * rho**k))


def waves(days: int, least: int = 1) -> int:
    """How many slow waves tell the noise of a mean of so many days;
    at most one less than there are days."""
    return max(min(max(round(PER_WAVE * days ** (2 / 3)), least), days - 1), 0)


def long_run(*pieces: Array, least: int = 1, free: float | None = None) -> LongRun:
    """Noise of means, read off the slowest waves of the series, whatever way their days depend on
    each other.

    A mean is moved by what changes slowly. The squared weights of the slowest cosines tell how
    strong that is; they see neither the pattern of the week nor what evens out within days. What
    the waves are weaker than the slowest of all, days that follow each other like an
    autoregression, is put back by the correlation of neighbours.

    Waves are few. The spread of the days, widened by that correlation, is a second source: it
    counts as up to eight waves where neighbours do not resemble each other, and as fewer, the more
    they do.

    Args:
        pieces: series of like scale, NaN where missing, each taken around its own mean.
        least: waves per series, where there are days enough: few days each, that hardly depend on
            each other, ask for more.
        free: degrees of freedom of independent days; known days less one per series where nothing
            else was estimated.
    """
    known = [_inside(p - np.nanmean(p)) for p in pieces if np.isfinite(p).sum() > 1]
    days = sum(int(np.isfinite(p).sum()) for p in known)
    rho = alike(*known, most=MOST_IN_A_WINDOW) if days >= LEAST else 0.0
    slow = [waves(int(np.isfinite(p).sum()), least) for p in known]
    if not sum(slow):
        return LongRun(float("nan"), 0.0)
    power = sum(_slow(p, k, rho) for p, k in zip(known, slow, strict=True))
    spread = (
        sum(float(np.nansum(p**2)) for p in known) / (free or days - len(known)) * inflation(rho)
    )
    weight = min(NEIGHBOURS, days / DAYS_EACH) / inflation(rho) if days >= LEAST else 0.0
    df = sum(slow) + weight
    return LongRun((power + weight * spread) / df, df)


def _inside(piece: Array) -> Array:
    """From the first known day to the last: over days not seen, a wave would be laid in vain."""
    seen = np.flatnonzero(np.isfinite(piece))
    return piece[seen[0] : seen[-1] + 1]


def _slow(piece: Array, k: int, rho: float) -> float:
    """Sum of the k slowest waves' squared weights, brought to that of a wave without end."""
    n, seen = len(piece), int(np.isfinite(piece).sum())
    at = np.pi * np.arange(1, k + 1)[:, None] * (np.arange(n) + 0.5) / n
    weights = np.sqrt(2 / n) * np.cos(at) @ np.nan_to_num(piece)
    frequency = np.pi * np.arange(1, k + 1) / n
    seen_of = np.mean((1 - rho) ** 2 / (1 - 2 * rho * np.cos(frequency) + rho**2))
    return (
        float(np.sum(weights**2)) * n / seen / float(seen_of) * inflation(rho, n) / inflation(rho)
    )
