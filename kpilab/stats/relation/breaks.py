"""When did a relation break, if the date is searched for?

References: Chow (1960), Tests of equality between sets of coefficients; Andrews (1993), Tests for
parameter instability and structural change with unknown change point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.rounding import ROUNDING

Array = NDArray[np.float64]
DRAWS = 2000


@dataclass(frozen=True, slots=True)
class SupF:
    """Largest F statistic over all break dates.

    Attributes:
        last: position of the last period before the break. sup: the statistic there.
        p: corrected for the search. f: statistic at every date looked at. first: first date looked
            at.
    """

    last: int
    sup: float
    p: float
    f: Array
    first: int


def sup_f(y: Array, x: Array, *, trim: float = 0.15, draws: int = DRAWS, seed: int = 1) -> SupF:
    """Search for one break in the regression of `y` on `x` (periods × regressors), and correct for
    the search.

    The p-value comes from the same search on series without a break: normal noise on the same
    regressors.
    """
    y, x = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    n, k = x.shape
    low = max(int(np.ceil(trim * n)), k + 1)
    lasts = np.arange(low - 1, n - low)
    f = _statistics(y[None, :], x, lasts)[0]
    noise = np.random.default_rng(seed).standard_normal((draws, n))
    null = _statistics(noise, x, lasts).max(axis=1)
    best = int(np.argmax(f))
    p = float((1 + np.sum(null >= f[best])) / (draws + 1))
    return SupF(int(lasts[best]), float(f[best]), p, f, int(lasts[0]))


def _statistics(y: Array, x: Array, lasts: NDArray[np.int64]) -> Array:
    """Chow's statistic (chi-square form) of each row of `y` at each break."""
    n, k = x.shape
    whole, least = _squares(y, x), np.maximum(ROUNDING * np.sum(y**2, axis=1), np.finfo(float).tiny)
    out = np.empty((len(y), len(lasts)))
    for j, last in enumerate(lasts):
        split = _squares(y[:, : last + 1], x[: last + 1]) + _squares(
            y[:, last + 1 :], x[last + 1 :]
        )
        out[:, j] = (whole - split) / (np.maximum(split, least) / (n - 2 * k))
    return np.where(
        whole[:, None] > least[:, None], out, 0.0
    )  # a relation that holds exactly has no break


def _squares(y: Array, x: Array) -> Array:
    q = np.linalg.qr(x)[0]
    fit = y @ q
    return np.sum(y**2, axis=1) - np.sum(fit**2, axis=1)
