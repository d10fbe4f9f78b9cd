"""Audit sampling: how many records to check, what the checked ones say about all, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.distributions import beta, binomial

Floats = NDArray[np.float64]
MOST = 1_000_000


def sample_size(
    tolerable: float, risk: float, allowed: int = 0, population: int | None = None
) -> int:
    """Smallest sample in which `allowed` or fewer faults appear with probability <= `risk` at the
    tolerable rate.

    Binomial for an endless population, hypergeometric (with ceil(tolerable * population) faults)
    for a finite one. Returns the population when even checking all of it cannot say more.

    References: AICPA, Audit Guide: Audit Sampling; Cannon and Roe (1982), Livestock disease
    surveys.
    """
    from scipy.stats import hypergeom  # loads for a second

    faults = None if population is None else int(np.ceil(tolerable * population - 1e-9))
    low, high = allowed, MOST if population is None else population
    while high - low > 1:
        middle = (low + high) // 2
        missed = (
            binomial.cdf(allowed, middle, tolerable)
            if population is None
            else hypergeom.cdf(allowed, population, faults, middle)
        )
        low, high = (low, middle) if missed <= risk else (middle, high)
    return high


def clopper_pearson(
    faults: ArrayLike, checked: ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Exact two-sided interval of a rate (effective, non-integer counts allowed);
    NaN where nothing was checked."""
    k, n = np.asarray(faults, dtype=float), np.asarray(checked, dtype=float)
    tail = (1 - level) / 2
    low = np.where(k > 0, beta.ppf(tail, np.maximum(k, 1e-12), n - k + 1), 0.0)
    high = np.where(k < n, beta.ppf(1 - tail, k + 1, np.maximum(n - k, 1e-12)), 1.0)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def upper_bound(
    faults: int, checked: int, risk: float = 0.05, population: int | None = None
) -> float:
    """One-sided exact upper bound of the true rate (Clopper-Pearson; hypergeometric for a finite
    population)."""
    from scipy.stats import hypergeom  # loads for a second

    if checked == 0 or faults >= checked:
        return 1.0
    if population is None:
        return float(beta.ppf(1 - risk, faults + 1, checked - faults))
    possible = np.arange(faults, population - (checked - faults) + 1)
    return float(
        possible[hypergeom.cdf(faults, population, possible, checked) > risk].max() / population
    )


def neyman(sizes: ArrayLike, spread: ArrayLike, total: int, least: int = 2) -> NDArray[np.int64]:
    """Sample sizes per stratum in proportion to size times spread, at least `least`, at most the
    stratum.

    References: Neyman (1934), On the two different aspects of the representative method.
    """
    sizes, spread = np.asarray(sizes, dtype=int), np.asarray(spread, dtype=float)
    taken = np.minimum(sizes, least)
    weight = sizes * np.maximum(spread, 1e-12)
    while taken.sum() < min(total, sizes.sum()):
        # The next record goes where it is owed most; full strata are owed nothing more.
        owed = np.where(taken < sizes, weight / (taken + 1), -1.0)
        taken[int(np.argmax(owed))] += 1
    return taken.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate over all strata, with interval and effective sample size."""

    value: float
    low: float
    high: float
    effective: float


def stratified_rate(
    weights: ArrayLike, sizes: ArrayLike, checked: ArrayLike, faults: ArrayLike, level: float
) -> Rate:
    """Rate over strata from samples of unequal share, finite populations corrected.

    The variance gives an effective sample size, and Clopper-Pearson at that size the interval,
    which stays honest when few or no faults were found.

    Args:
        weights: what each stratum counts (records, or the quantity claimed). sizes: records, N_h.
        checked: n_h, >= 1. faults: k_h.

    References: Korn and Graubard (1998), Confidence intervals for proportions with small expected
    counts.
    """
    w, size, n, k = (np.asarray(a, dtype=float) for a in (weights, sizes, checked, faults))
    w = w / w.sum()
    rate = k / n
    value = float((w * rate).sum())
    # One fault is added to the spread of each stratum, so that a clean small sample is not taken
    # for certainty.
    smooth = (k + 0.5) / (n + 1)
    variance = float((w**2 * (1 - n / size) * smooth * (1 - smooth) / n).sum())
    middle = float((w * smooth).sum())
    effective = (
        min(middle * (1 - middle) / variance, float(size.sum()))
        if variance > 0
        else float(size.sum())
    )
    if variance == 0:
        return Rate(value, value, value, effective)
    low, high = clopper_pearson(value * effective, effective, level)
    return Rate(value, float(low), float(high), effective)
