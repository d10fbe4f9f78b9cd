"""Novelty: does an effect wear off with the days since a unit first met it, and what lasts?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.distributions import chi2, norm
from kpilab.stats.tail import critical

Array = NDArray[np.float64]
Matrix = NDArray[np.floating[Any]]
HALF_LIVES = (0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0)
TESTED_HALF_LIFE = 2.8


@dataclass(frozen=True, slots=True)
class Decay:
    """Effect by age = lasting + extra * 2^(-age / half_life).

    Attributes:
        p: two-sided p-value of the extra, with one half-life fixed beforehand (so nothing is
            searched).
        first: effect on the first day. extra: the part that goes. lasting, low, high: the part that
            stays; its interval covers every half-life the data allow. half_life: the one that fits
            best, in days.
    """

    p: float
    first: float
    extra: float
    lasting: float
    low: float
    high: float
    half_life: float


def decay(
    effects: ArrayLike, covariance: ArrayLike, ages: ArrayLike, level: float = 0.95
) -> Decay | None:
    """Generalised least squares of effects by age on a constant and a decaying part; None below
    three ages.

    Args:
        effects: effect at each age. covariance: their covariance matrix (the same units recur).
        ages: days since first exposure.
    """
    y, matrix, age = (np.asarray(x, dtype=float) for x in (effects, covariance, ages))
    if len(y) < 3:
        return None
    weight = np.linalg.pinv(matrix)
    fits = {h: _fit(y, weight, age, h) for h in HALF_LIVES}
    tested, spread, _ = fits[TESTED_HALF_LIFE]
    best = min(fits, key=lambda h: fits[h][2])
    allowed = [fits[h] for h in HALF_LIVES if fits[h][2] - fits[best][2] <= chi2.ppf(level, 1)]
    z = norm.ppf(0.5 + level / 2)
    ends = [
        (fit[0] - z * np.sqrt(fit[1][0, 0]), fit[0] + z * np.sqrt(fit[1][0, 0]))
        for fit in _lasting(allowed)
    ]
    lasting, extra = fits[best][0]
    p = 2 * norm.sf(abs(tested[1]) / np.sqrt(spread[1, 1]))
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    return Decay(
        float(p),
        float(lasting + extra),
        float(extra),
        float(lasting),
        float(low),
        float(high),
        best,
    )


@dataclass(frozen=True, slots=True)
class ByAge:
    """Effect by age class: mean age, observed unit-days, control's rate, difference,
    its covariance matrix."""

    age: Array
    days: Array
    control: Array
    effect: Array
    covariance: Array

    def columns(self, level: float = 0.95) -> dict[str, NDArray[Any]]:
        """Columns of a table by age, the effect with its interval."""
        half = critical(level) * np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        told = {
            "age": self.age,
            "days": self.days.astype(int),
            "control": self.control,
            "effect": self.effect,
        }
        return {**told, "low": self.effect - half, "high": self.effect + half}


Arm = tuple[Array, Array, Array, Array, Array]


def by_age(control: Arm, treatment: Arm, fewest: float = 30) -> ByAge:
    """Difference of rates per age class, of classes with at least `fewest` unit-days in both arms.

    Args:
        control, treatment: n, y, products of both (stacked), unit-days and sums of ages, by class.
    """
    kept = np.flatnonzero(
        (np.minimum(control[3], treatment[3]) >= fewest) & (control[0] > 0) & (treatment[0] > 0)
    )
    rate, cov_c = cell_rates(*control[:3], kept)
    treated, cov_t = cell_rates(*treatment[:3], kept)
    days = (control[3] + treatment[3])[kept]
    age = (control[4] + treatment[4])[kept] / days
    return ByAge(age, days, rate, treated - rate, cov_c + cov_t)


def worn_off(control: Arm | None, treatment: Arm | None) -> Decay | None:
    """The decay of the effect between two arms; None where it cannot be told."""
    if control is None or treatment is None:
        return None
    seen = by_age(control, treatment)
    found = decay(seen.effect, seen.covariance, seen.age)
    return found if found and np.isfinite(found.p) else None


def cell_rates(n: Array, y: Array, products: Array, kept: NDArray[np.int64]) -> tuple[Array, Array]:
    """Rates y / n of cells in which the same units recur, and their covariance (delta method over
    units).

    Args:
        n, y: sums over units, one per cell. products: sums over units of products of (n, y) with
            (n, y), stacked.
        kept: cells wanted.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = y / n
        slope = np.hstack([np.diag(-rate / n), np.diag(1 / n)])
    slope = np.nan_to_num(slope, posinf=0.0, neginf=0.0)
    matrix = slope @ products @ slope.T
    return rate[kept], matrix[np.ix_(kept, kept)]


def _lasting(fits: list[tuple[Array, Matrix, float]]) -> list[tuple[float, Matrix]]:
    return [(float(beta[0]), spread) for beta, spread, _ in fits]


def _fit(y: Array, weight: Array, age: Array, half_life: float) -> tuple[Array, Matrix, float]:
    """Coefficients, their covariance, and the misfit."""
    design = np.column_stack([np.ones_like(age), 2.0 ** (-age / half_life)])
    spread = np.linalg.pinv(design.T @ weight @ design)
    beta = spread @ design.T @ weight @ y
    rest = y - design @ beta
    return beta, spread, float(rest @ weight @ rest)
