"""Empirical Bayes: what a unit can really do, when its own figures are few and the other units tell
something too.

References: Efron and Morris (1975), Data analysis using Stein's estimator and its generalizations;
Morris (1983), Parametric empirical Bayes inference; Paule and Mandel (1982), Consensus values and
weighting factors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from kpilab.errors import BadInput
from kpilab.stats.distributions import norm

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """One entry per unit.

    Attributes:
        value, low, high: estimate drawn towards the common mean, with its interval.
        own: how much of it is the unit's own figure, 0 (all the mean) to 1.
        mean: what units are drawn towards. between: variance of the true values between units.
    """

    value: Array
    low: Array
    high: Array
    own: Array
    mean: float
    between: float


def normal(values: ArrayLike, variances: ArrayLike, level: float = 0.95) -> Shrunk:
    """Draw the values of units towards their common mean, the more the less is known about them.

    With equal variances this is the James-Stein estimator. Fewer than four units are left as they
    are.

    Args:
        values: one per unit. variances: of each value (squared standard error), above zero.

    Raises:
        BadInput: no units, or a variance that is not above zero.
    """
    y, v = np.asarray(values, float), np.asarray(variances, float)
    if not len(y) or not np.all(v > 0) or not np.isfinite(y).all():
        raise BadInput(
            "a unit without a value or variance", "normal(values, variances)", "leave it out"
        )
    z, k = float(norm.ppf(0.5 + level / 2)), len(y)
    if k < 4:
        half = z * np.sqrt(v)
        return Shrunk(
            y, y - half, y + half, np.ones(k), float(np.average(y, weights=1 / v)), float("nan")
        )
    between = _between(y, v)
    mean = float(np.average(y, weights=1 / (v + between)))
    pull = (k - 3) / (k - 1) * v / (v + between)
    # Morris: what is uncertain about the pull itself counts too.
    spread = np.sqrt(v * (1 - (k - 1) / k * pull) + 2 / (k - 3) * pull**2 * (y - mean) ** 2)
    value = mean + (1 - pull) * (y - mean)
    return Shrunk(value, value - z * spread, value + z * spread, 1 - pull, mean, between)


def _between(y: Array, v: Array) -> float:
    """Variance between units: the weighted squares are then as large as they should be."""

    def excess(between: float) -> float:
        weight = 1 / (v + between)
        mean = np.sum(weight * y) / np.sum(weight)
        return float(np.sum(weight * (y - mean) ** 2)) - (len(y) - 1)

    if excess(0.0) <= 0:
        return 0.0
    top = float(np.var(y)) + float(v.max())
    while excess(top) > 0:
        top *= 2
    # a number unless full_output is asked for
    return brentq(excess, 0.0, top)  # type: ignore[return-value]
