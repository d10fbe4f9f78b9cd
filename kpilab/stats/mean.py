"""Means and ratios of means: difference, relative change,
intervals that never disagree with the p-value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.tail import critical, two_sided


@dataclass(frozen=True, slots=True)
class Sample:
    """Moments of one arm: units, means of its columns,
    and their sample covariance matrix (n - 1)."""

    n: float
    mean: NDArray[np.float64]
    cov: NDArray[np.float64]

    @classmethod
    def of(cls, n: float, mean: ArrayLike, cov: ArrayLike) -> Sample:
        return cls(
            float(n), np.atleast_1d(np.asarray(mean, float)), np.atleast_2d(np.asarray(cov, float))
        )

    @classmethod
    def of_sums(
        cls,
        n: float,
        sums: ArrayLike,
        products: ArrayLike,
        shift: float | NDArray[np.float64] = 0.0,
    ) -> Sample:
        """From sums and sums of products of columns that were shifted by a constant."""
        s, q = np.atleast_1d(np.asarray(sums, float)), np.atleast_2d(np.asarray(products, float))
        if n < 1:
            return cls(0.0, np.full(len(s), np.nan), np.full((len(s), len(s)), np.nan))
        spread = (q - np.outer(s, s) / n) / (n - 1) if n > 1 else np.full(q.shape, np.nan)
        return cls(float(n), s / n + shift, spread)

    @classmethod
    def of_values(cls, *columns: ArrayLike) -> Sample:
        values = np.array([np.asarray(c, dtype=float) for c in columns])
        return cls(
            float(values.shape[1]), values.mean(axis=1), np.atleast_2d(np.cov(values, ddof=1))
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """One arm's value with the variance of that estimate and the units behind it.

    `own` is the part of the variance that is this arm's alone; all of it if None.
    """

    value: float
    variance: float
    n: float
    own: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """b - a: effect, its standard error and degrees of freedom, test against `null`, interval."""

    effect: float
    error: float
    df: float
    statistic: float
    p: float
    low: float
    high: float


def ratio_of(sample: Sample, numerator: int = 0, denominator: int = 1) -> Estimate:
    """Mean of one column per mean of another; variance by the delta method over units."""
    gradient = ratio_gradient(sample.mean, numerator, denominator)
    value = sample.mean[numerator] / sample.mean[denominator]
    return Estimate(float(value), float(gradient @ sample.cov @ gradient / sample.n), sample.n)


def ratio_gradient(
    mean: NDArray[np.float64], numerator: int, denominator: int
) -> NDArray[np.float64]:
    """Slope of mean[numerator] / mean[denominator] in the means."""
    gradient = np.zeros(len(mean))
    gradient[numerator] = 1 / mean[denominator]
    gradient[denominator] -= mean[numerator] / mean[denominator] ** 2
    return gradient


def welch(
    a: Estimate, b: Estimate, *, level: float = 0.95, null: float = 0.0, shared: float = 0.0
) -> Difference:
    """Welch's t test of b - a, whose estimates may have a covariance `shared`.

    References: Welch (1947); degrees of freedom by Satterthwaite.
    """
    variance = a.variance + b.variance - 2 * shared
    error, effect = float(np.sqrt(max(variance, 0.0))), b.value - a.value
    if not variance > 0:
        return Difference(effect, error, float("nan"), float("nan"), float("nan"), effect, effect)
    own_a, own_b = (e.variance if e.own is None else e.own for e in (a, b))
    df = variance**2 / (own_a**2 / (a.n - 1) + own_b**2 / (b.n - 1))
    return t_test(effect, error, df, level=level, null=null)


def t_test(
    effect: float, error: float, df: float, *, level: float = 0.95, null: float = 0.0
) -> Difference:
    """Test and interval of an effect with a known standard error and degrees of freedom (inf:
    normal)."""
    statistic = (effect - null) / error
    half = critical(level, df) * error
    # The survival function keeps tails that 1 - cdf rounds to zero.
    p = two_sided(statistic, df)
    return Difference(
        effect, error, df, float(statistic), p, float(effect - half), float(effect + half)
    )


def student(a: Sample, b: Sample, *, level: float = 0.95) -> Difference:
    """Student's t test with the common variance of the first column."""
    df = a.n + b.n - 2
    common = ((a.n - 1) * a.cov[0, 0] + (b.n - 1) * b.cov[0, 0]) / df
    error = float(np.sqrt(common * (1 / a.n + 1 / b.n)))
    return t_test(float(b.mean[0] - a.mean[0]), error, df, level=level)


def post_stratified(strata: Sequence[tuple[Sample, Sample]]) -> tuple[Estimate, Estimate, float]:
    """Both arms at the common mix of strata, and the covariance that the common mix gives them.

    An uneven mix then neither biases nor widens the effect. The variance counts that the mix itself
    is estimated. `strata` holds (control, treatment) per stratum, first column.

    References: Miratrix, Sekhon & Yu (2013), Adjusting treatment effect estimates by
    post-stratification.
    """
    units = np.array([a.n + b.n for a, b in strata])
    total, weight = units.sum(), units / units.sum()
    mix = (np.diag(weight) - np.outer(weight, weight)) / total
    means = np.array([[arm.mean[0] for arm in pair] for pair in strata])
    within = np.array([[arm.cov[0, 0] / arm.n for arm in pair] for pair in strata])
    # The estimated mix moves both arms together.
    joint = means.T @ mix @ means
    value, own = weight @ means, weight**2 @ within
    n = [sum(pair[k].n for pair in strata) for k in (0, 1)]
    a, b = (
        Estimate(float(value[k]), float(own[k] + joint[k, k]), n[k], float(own[k])) for k in (0, 1)
    )
    return a, b, float(joint[0, 1])
