"""Two measurements of the same thing: their usual ratio, and where they part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.distributions import student

Floats = NDArray[np.float64]
LEAST_NOISE = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """Usual ratio of first over second, and per pair the z and two-sided p of the departure from
    it."""

    ratio: float
    z: Floats
    p: Floats


def agreement(first: ArrayLike, second: ArrayLike) -> Agreement:
    """Hold `first` against `second` times their usual (median) ratio.

    The variance of a departure grows with the level; its size is the robust spread of the
    departures themselves (over-dispersion included), never below half a percent of the level.
    p-values come from a t distribution with as many degrees of freedom as there are pairs, less
    one. NaN where `second` is missing or nothing.
    """
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    known = (y > 0) & ~np.isnan(x)
    nothing = np.full(x.shape, np.nan)
    if known.sum() < 3:
        return Agreement(float("nan"), nothing, nothing.copy())
    ratio = float(np.median(x[known] / y[known]))
    expected = np.where(known, ratio * y, np.nan)
    scaled = (x - expected) / np.sqrt(np.maximum(expected, 1e-12))
    spread = 1.4826 * float(np.nanmedian(np.abs(scaled)))
    z = scaled / np.sqrt(np.maximum(spread**2, LEAST_NOISE**2 * expected))
    return Agreement(ratio, z, 2 * student.sf(np.abs(z), int(known.sum()) - 1))
