"""A step inside a period: a level that clearly changes between two of its days is no noise of the
days."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.core.dependence import MOST_IN_A_WINDOW, alike, inflation
from kpilab.stats.distributions import student
from kpilab.stats.rounding import beyond_rounding

Array = NDArray[np.float64]
# chance of a step where there is none, at most: then taking it out costs the level next to nothing
SURE = 1e-3
EDGE = 5  # days on either side at least: a few odd days are noise


def without_step(piece: Array) -> tuple[Array, int]:
    """The series with its clearest step taken out, and how many steps that were (0 or 1).

    Both sides are brought to the mean of the whole. The step has to stand out beyond all days it
    could have been on, with days that resemble their neighbours counted as such.

    Args:
        piece: series in order of time, NaN where missing.
    """
    known = np.flatnonzero(np.isfinite(piece))
    n = len(known)
    if n < 4 * EDGE:
        return piece, 0
    x = piece[known]
    left = np.arange(EDGE, n - EDGE + 1)
    sums = np.cumsum(x)[left - 1]
    apart = (x.sum() - sums) / (n - left) - sums / left
    at = int(left[np.argmax(apart**2 * left * (n - left))])
    size = float(x[at:].mean() - x[:at].mean())
    rest = x - np.where(np.arange(n) < at, x[:at].mean(), x[at:].mean())
    variance = float(np.sum(rest**2)) / (n - 2) * (1 / at + 1 / (n - at))
    if not beyond_rounding(np.sqrt(variance), x) > 0:
        return piece, 0
    rho = alike(rest[:at], rest[at:], most=MOST_IN_A_WINDOW)
    z = abs(size) / float(np.sqrt(variance * inflation(rho)))
    if len(left) * 2 * float(student.sf(z, (n - 2) / inflation(rho))) > SURE:
        return piece, 0
    found = piece.copy()
    found[known] = rest + x.mean()
    return found, 1
