"""Always-valid intervals and p-values: look whenever you like, stop whenever you like."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def bound(n: ArrayLike, tuning: float, level: float = 0.95) -> NDArray[np.float64]:
    """Critical |z| after `n` units that holds at all n together.

    It holds for z of a known variance. With an estimated one the first units have heavy tails: give
    the z that stands for the t statistic's own p-value.
    """
    grown = np.asarray(n, dtype=float) * _rho2(tuning, level) + 1
    return np.sqrt(2 * grown / (grown - 1) * np.log(np.sqrt(grown) / (1 - level)))


def worth(z: float, n: float, tuning: float, level: float = 0.95) -> float:
    """Always-valid p-value of a z after `n` units; `level` is the one that the tuning is for."""
    grown = n * _rho2(tuning, level) + 1
    log_p = 0.5 * np.log(grown) - z**2 * (grown - 1) / (2 * grown)
    return float(np.exp(min(log_p, 0.0)))


def _rho2(tuning: float, level: float) -> float:
    twice = -2 * np.log(1 - level)
    return float((twice + np.log(twice + 1)) / tuning)
