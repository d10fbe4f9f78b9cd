"""Slips of the clock and of units: days whose figures are the usual ones, moved or multiplied."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.laws import chi2

Floats = NDArray[np.float64]
FACTORS = (10.0, 100.0, 1000.0, 60.0)
NEAR = 0.12
LEAST_ROWS = 50


def clock_slips(hours: Floats, alpha: float = 0.01) -> NDArray[np.int64]:
    """Hours by which each day's profile is moved against the others, 0 for none.

    The multinomial likelihood of each of the 23 moves is held against that of none; a move counts when twice the
    gain in log-likelihood passes chi-square with Bonferroni over moves and days, and the moved profile fits the day
    better by a tenth of a unit per row.

    Args:
        hours: rows per day and hour, D x 24.
    """
    total = hours.sum(0)
    moved = np.zeros(len(hours), dtype=np.int64)
    limit = chi2.isf(alpha / (23 * max(len(hours), 1)), 1)
    for k, day in enumerate(hours):
        n = day.sum()
        if n < LEAST_ROWS:
            continue
        usual = total - day + 0.5
        usual = np.log(usual / usual.sum())
        gains = np.array([(day * (np.roll(usual, s) - usual)).sum() for s in range(24)])
        best = int(np.argmax(gains))
        if 2 * gains[best] > limit and gains[best] > 0.1 * n:
            moved[k] = best if best <= 12 else best - 24
    return moved


def unit_slips(typical: Floats) -> Floats:
    """Factor by which each day's typical amount is off the usual one (10, 100, 1000, 60 or one over it), 1 for none.

    Args:
        typical: median amount per day; NaN where there is none.
    """
    usual = np.nanmedian(typical)
    out = np.ones(len(typical))
    if not usual > 0:
        return out
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.log10(typical / usual)
    for factor in FACTORS:
        for sign in (1, -1):
            out[np.abs(off - sign * np.log10(factor)) < NEAR] = factor**sign
    return out
