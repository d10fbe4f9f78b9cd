"""Is a KPI related to the goal? One test with a level it keeps, and a verdict of three kinds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.series import (
    Array,
    CrossCorrelation,
    Ints,
    cross_correlation,
    followed,
    fourier,
    innovations,
    split,
    unexplained,
)

HARMONICS = 2
LEAST_RHO = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is asked of a pair of series.

    Attributes:
        season: periods per year (52 for weeks); None for no yearly terms.
        terms: further regressors (weekdays, holidays, events), periods × terms.
        readings: blocks of regressors of which the one that explains the goal best is taken.
        peaks: regressors that are taken where the goal follows them.
        lags: periods by which the KPI leads; None for 0-4 below 52 periods, else 0-8.
        alpha: error rate.
        least: smallest correlation that would matter.
    """

    season: float | None = None
    terms: Array | None = None
    readings: tuple[Array, ...] = ()
    peaks: Array | None = None
    lags: tuple[int, ...] | None = None
    alpha: float = 0.05
    least: float = LEAST_RHO

    def looked_at(self, n: int) -> Ints:
        return np.array(
            self.lags if self.lags is not None else range(5 if n < 52 else 9), dtype=np.int64
        )

    def regressors(self, goal: Array) -> Array | None:
        """The terms that are taken out of both, as the goal (rows of series) follows them.

        A pattern in the KPI alone makes no relation, so the goal decides.
        """
        n = goal.shape[1]
        parts = (
            []
            if self.season is None
            else [fourier(n, self.season, HARMONICS if n >= self.season else 1)]
        )
        parts += [] if self.terms is None else [np.asarray(self.terms, dtype=float).reshape(n, -1)]
        fixed = np.hstack(parts) if parts else np.empty((n, 0))
        if self.readings:
            fixed = min(
                (np.hstack([fixed, block]) for block in self.readings),
                key=lambda terms: unexplained(goal, terms),
            )
        peaks = np.empty((n, 0)) if self.peaks is None else self.peaks
        taken = np.hstack([fixed, followed(goal, fixed, peaks)])
        return taken if taken.shape[1] else None


@dataclass(frozen=True, slots=True, eq=False)
class RelationTests:
    """One entry per KPI.

    Attributes:
        lag, rho, low, high: strongest lag, correlation of the innovations there, simultaneous
            interval.
        p: corrected for the lags. detectable: smallest rho found with 80 % power.
        verdict: related, unrelated or inconclusive; "" for a series that holds nothing to test.
        cross: all lags.
    """

    lag: Ints
    rho: Array
    low: Array
    high: Array
    p: Array
    detectable: Array
    verdict: NDArray[np.str_]
    cross: CrossCorrelation


def relation_tests(kpis: Array, goal: Array, question: Question) -> RelationTests:
    """Test each row of `kpis` against `goal` (one row, or one for each KPI)."""
    kpis, goal = np.atleast_2d(kpis), np.atleast_2d(goal)
    n = kpis.shape[1]
    new = innovations(np.concatenate([kpis, goal]), question.regressors(goal))
    cross = cross_correlation(*split(new, len(kpis)), question.looked_at(n))
    low, high = cross.bounds(question.alpha)
    rows, best = np.arange(len(kpis)), cross.best
    verdict = np.where(cross.p < question.alpha, "related", "inconclusive")
    # "Unrelated" must rule out a relation that matters at every lag; each lag is tested at the full
    # level, because all of them must reject (intersection-union).
    unrelated = cross.largest(question.alpha) < question.least
    verdict = np.where(unrelated & (cross.p >= question.alpha), "unrelated", verdict)
    verdict = np.where(np.isnan(cross.p), "", verdict)
    return RelationTests(
        cross.lags[best], cross.rho[rows, best], low[rows, best], high[rows, best], cross.p,
        cross.detectable(question.alpha), verdict, cross,
    )  # fmt: skip
