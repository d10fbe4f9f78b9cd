"""Two measurements of the same thing: their usual ratio, and where they part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.distributions import binomial, student

Floats = NDArray[np.float64]
LEAST_NOISE = 0.005
FINEST = 1e-9  # of the largest value: what is left of a division by rounding


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
    one; those of counts are at least those of so many rows going astray, one by one, where
    rows do as often as they are seen to. NaN where `second` is missing or nothing.
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
    p = 2 * student.sf(np.abs(z), int(known.sum()) - 1)
    return Agreement(ratio, z, np.maximum(p, _astray(x, y, expected, known)))


def _astray(x: Floats, y: Floats, expected: Floats, known: NDArray[np.bool_]) -> Floats:
    """Chance of a departure at least as large, were rows astray one by one; 0 if these are no
    counts.

    Of a few rows a day most days agree to the row: their spread says nothing then.
    """
    chance = np.where(known, 0.0, np.nan)
    one = _step(np.concatenate([x[known], y[known]]))
    if not one:
        return chance
    off, most = np.abs(x - expected)[known] / one, np.maximum(x, y)[known] / one
    share = min(float(off.sum() * one / y[known].sum()), 1.0)
    # The departure from a ratio is no whole number: the rows it takes are.
    chance[known] = binomial.sf(np.ceil(off - 1e-6) - 1, np.round(most), share)
    return chance


def _step(values: Floats) -> float:
    """What all values are whole multiples of (1 for counts, in whatever unit); 0 if there is
    none."""
    found, least = 0.0, FINEST * float(np.max(np.abs(values), initial=0.0))
    for value in np.unique(np.abs(values)):
        rest = float(value)
        while rest > least:
            found, rest = rest, found % rest if found else 0.0
            rest = 0.0 if found - rest <= least else rest
        if found and found <= 100 * least:
            return 0.0
    return found
