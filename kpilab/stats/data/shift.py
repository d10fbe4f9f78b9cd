"""A level that jumps once: where, by how much, and whether it jumps at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.core.change import change
from kpilab.stats.core.level import Window

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

    The noise is that around the two levels; p is multiplied by the number of places tried
    (Bonferroni).
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
    found = change(Window.of(series[:at]), Window.of(series[at:]))
    # Reports that are copied from each other have no noise of their own; their rounding has.
    least = tuple(
        max(v, SMALLEST_NOISE**2 / n)
        for v, n in zip(found.variances, (at, len(series) - at), strict=True)
    )
    found = replace(found, variances=least)
    return Shift(
        at, found.before, found.after, found.value, *found.ends(level), min(1.0, found.p * tried)
    )
