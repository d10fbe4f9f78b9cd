"""A level that jumps once: where, by how much, and whether it jumps at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.laws import student

LEAST_SIDE = 4
SMALLEST_NOISE = 1e-4


@dataclass(frozen=True, slots=True)
class Shift:
    """The clearest jump of a series: `at` is the first index of the new level.

    Attributes:
        before, after: mean levels. size, low, high: after - before, with interval.
        p: corrected for the search over all places.
    """

    at: int
    before: float
    after: float
    size: float
    low: float
    high: float
    p: float


def level_shift(series: NDArray[np.float64], level: float = 0.95) -> Shift | None:
    """The place that splits the series best into two levels; None with fewer than 8 points.

    The noise is that around the two levels, widened for autocorrelation of order one; p is multiplied by the
    number of places tried (Bonferroni).
    """
    n = len(series)
    if n < 2 * LEAST_SIDE:
        return None
    places = np.arange(LEAST_SIDE, n - LEAST_SIDE + 1)
    total = np.concatenate([[0.0], series.cumsum()])
    before, after = total[places] / places, (total[n] - total[places]) / (n - places)
    gain = (after - before) ** 2 * places * (n - places) / n
    at = int(places[int(np.argmax(gain))])
    return shift_at(series, at, level, tried=len(places))


def shift_at(series: NDArray[np.float64], at: int, level: float = 0.95, tried: int = 1) -> Shift:
    """The jump at a given place, of which `tried` were looked at."""
    n = len(series)
    left, right = series[:at], series[at:]
    rest = np.concatenate([left - left.mean(), right - right.mean()])
    spread = max(float(np.sqrt(np.sum(rest**2) / max(n - 2, 1))), SMALLEST_NOISE)
    follows = float(np.sum(rest[1:] * rest[:-1]) / max(np.sum(rest**2), 1e-300))
    rho = min(max(follows, 0.0), 0.9)
    error = spread * np.sqrt((1 / len(left) + 1 / len(right)) * (1 + rho) / (1 - rho))
    size = float(right.mean() - left.mean())
    df = max((n - 2) * (1 - rho) / (1 + rho), 1.0)
    half = float(student.ppf(0.5 + level / 2, df) * error)
    p = min(1.0, 2 * float(student.sf(abs(size) / error, df)) * tried)
    return Shift(at, float(left.mean()), float(right.mean()), size, size - half, size + half, p)
