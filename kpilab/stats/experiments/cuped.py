"""CUPED: what was known before the test takes its share out of the variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.mean import Estimate, Sample, ratio_gradient

# A metric is one column (a mean) or two (a ratio of means).
Columns = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Both arms after adjustment.

    Attributes:
        a, b: estimates at the common covariate mean. theta: one coefficient per covariate.
        cut: share of the variance of the difference that the covariates took away, 0-1.
    """

    a: Estimate
    b: Estimate
    theta: NDArray[np.float64]
    cut: float


def adjust(a: Sample, b: Sample, metric: Columns, covariates: Sequence[Columns] = ()) -> Adjusted:
    """Estimates of a mean or a ratio, adjusted for covariates that are means or ratios themselves.

    theta comes from the pooled within-arm covariance of the linearised values, so neither arm is
    favoured.

    References: Deng, Xu, Kohavi & Walker (2013), Improving the sensitivity of online controlled
    experiments.
    """
    wanted = [metric, *covariates]
    pooled = _pooled(a, b)
    slopes = np.array([_slope(pooled.mean, c) for c in wanted])
    common = slopes @ pooled.cov @ slopes.T
    theta = np.linalg.pinv(common[1:, 1:]) @ common[1:, 0] if covariates else np.zeros(0)
    at = np.array([_value(pooled.mean, c) for c in wanted[1:]])
    plain, adjusted = [], []
    for arm in (a, b):
        values = np.array([_value(arm.mean, c) for c in wanted])
        own = np.array([_slope(arm.mean, c) for c in wanted])
        spread = own @ arm.cov @ own.T / arm.n
        weight = np.concatenate([[1.0], -theta])
        plain.append(spread[0, 0])
        adjusted.append(
            Estimate(
                float(values[0] - theta @ (values[1:] - at)), float(weight @ spread @ weight), arm.n
            )
        )
    before, after = sum(plain), adjusted[0].variance + adjusted[1].variance
    return Adjusted(
        adjusted[0], adjusted[1], theta, float(1 - after / before) if before > 0 else 0.0
    )


def linear(
    arms: Sequence[Sample], metric: Columns, covariates: Sequence[Columns] = ()
) -> list[Sample]:
    """Every arm as one column: the metric, linearised where it is a ratio, less what the covariates
    explain.

    All arms (and strata) share one linearisation and one theta, so their means can be compared and
    weighed.
    """
    weight, pooled = weights(arms, metric, covariates)
    at = _value(pooled.mean, metric)
    return [
        Sample.of(a.n, at + weight @ (a.mean - pooled.mean), weight @ a.cov @ weight) for a in arms
    ]


def weights(
    arms: Sequence[Sample], metric: Columns, covariates: Sequence[Columns] = ()
) -> tuple[NDArray[np.float64], Sample]:
    """What each column weighs in that one column, and all arms together."""
    pooled = reduce(_pooled, arms)
    slopes = np.array([_slope(pooled.mean, c) for c in (metric, *covariates)])
    common = slopes @ pooled.cov @ slopes.T
    theta = np.linalg.pinv(common[1:, 1:]) @ common[1:, 0] if covariates else np.zeros(0)
    return np.concatenate([[1.0], -theta]) @ slopes, pooled


def _pooled(a: Sample, b: Sample) -> Sample:
    """Common mean, and the covariance of all units around it."""
    n = a.n + b.n
    mean = (a.n * a.mean + b.n * b.mean) / n
    gap = b.mean - a.mean
    between = np.outer(gap, gap) * a.n * b.n / n
    return Sample(n, mean, ((a.n - 1) * a.cov + (b.n - 1) * b.cov + between) / (n - 1))


def _value(mean: NDArray[np.float64], columns: Columns) -> float:
    return float(mean[columns[0]] if len(columns) == 1 else mean[columns[0]] / mean[columns[1]])


def _slope(mean: NDArray[np.float64], columns: Columns) -> NDArray[np.float64]:
    if len(columns) == 1:
        slope = np.zeros(len(mean))
        slope[columns[0]] = 1.0
        return slope
    return ratio_gradient(mean, columns[0], columns[1])
