"""Daily counts of two periods: growth with over-dispersion and autocorrelation taken from the days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.laws import student

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Growth:
    """Log ratio of daily means, now over before, one entry per series.

    Attributes:
        log: ln(now / before) of the daily means (half a count added, so that zero is allowed).
        error: standard error of `log`.
        df: degrees of freedom of `error`.
    """

    log: Array
    error: Array
    df: float

    def minus(self, other: Growth) -> Growth:
        """Growth beyond another, independent series' growth."""
        return Growth(self.log - other.log, np.hypot(self.error, other.error), min(self.df, other.df))

    def rise(self) -> Array:
        """One-sided p-values of "no rise"."""
        return student.sf(self.log / self.error, self.df)

    def relative(self, level: float) -> tuple[Array, Array, Array]:
        """Relative change with interval ends."""
        half = student.ppf(0.5 + level / 2, self.df) * self.error
        return np.expm1(self.log), np.expm1(self.log - half), np.expm1(self.log + half)


def growth(counts: Array, now: NDArray[np.bool_], weekday: NDArray[np.int64]) -> Growth:
    """Growth of each row of `counts` (series × days) from the days before to the days `now`.

    The spread of the days around their period's mean and weekday gives the over-dispersion (never below
    Poisson); their autocorrelation, pooled over the series, widens it.
    """
    counts = np.atleast_2d(np.asarray(counts, dtype=float))
    days = np.array([(~now).sum(), now.sum()], dtype=float)
    sums = np.stack([counts[:, ~now].sum(axis=1), counts[:, now].sum(axis=1)], axis=1) + 0.5
    means = sums / days
    level = np.where(now, means[:, 1:], means[:, :1])
    expected = level * _weekdays(counts / level, weekday)
    residual = (counts - expected) / np.sqrt(expected)
    df = max(counts.shape[1] - 2 - (len(np.unique(weekday)) - 1), 3)
    dispersion = np.maximum((residual**2).sum(axis=1) / df, 1.0) * _inflation(residual)
    error = np.sqrt(dispersion * (1 / sums).sum(axis=1))
    return Growth(np.log(means[:, 1] / means[:, 0]), error, float(df))


def _weekdays(ratio: Array, weekday: NDArray[np.int64]) -> Array:
    """Weekday factor of each day, pooled over the series (too few days each to know their own)."""
    pooled = ratio.mean(axis=0)
    factor = np.array([pooled[weekday == d].mean() if (weekday == d).any() else 1.0 for d in range(7)])
    return np.maximum(factor[weekday], 1e-3)


def _inflation(residual: Array) -> float:
    """How much autocorrelation of the days widens the variance of a mean (1 when there is none)."""
    n = residual.shape[1]
    power = (residual**2).sum()
    lagged = [(residual[:, k:] * residual[:, :-k]).sum() / power for k in range(1, 4)] if power else [0.0]
    return float(np.clip(1 + 2 * sum(r for r in lagged if r > 2 / np.sqrt(n)), 1.0, 8.0))


def not_following(kpi: Growth, downstream: Growth, most: float) -> Array:
    """One-sided p-values of "downstream rose by at least `most` times the KPI's log growth"."""
    return student.sf(hollowness(kpi, downstream, most), min(kpi.df, downstream.df))


def hollowness(kpi: Growth, downstream: Growth, most: float) -> Array:
    """t-value of how far downstream stays behind `most` times the KPI's log growth."""
    return (most * kpi.log - downstream.log) / np.hypot(most * kpi.error, downstream.error)
