"""Sharing a target out: by weight, in whole steps, nobody above what he can reach."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.errors import BadInput

Array = NDArray[np.float64]


def allot(
    total: int, weights: ArrayLike, most: ArrayLike | None = None
) -> tuple[NDArray[np.int64], int]:
    """Whole shares of `total` in proportion to weights, none above its limit, and what nobody can
    take.

    Shares and rest sum to `total` exactly. What a limit cuts off goes to the others by weight; what
    rounding leaves goes to the largest remainders.

    Args:
        total: whole number of steps, >= 0. weights: >= 0, one above zero. most: limit per share;
            None for none.

    Raises:
        BadInput: a negative total, or weights that are negative, not finite or all zero.

    Example:
        >>> allot(10, [1, 1, 1])
        (array([4, 3, 3]), 0)
    """
    w = np.asarray(weights, float)
    if total < 0 or not len(w) or not np.isfinite(w).all() or (w < 0).any() or w.sum() <= 0:
        raise BadInput(
            "no weights to share by",
            "allot(total, weights)",
            "give weights >= 0, at least one above zero",
        )
    w = np.where(w > w.max() * 1e-12, w / w.max(), 0.0)  # beside the others it is nothing
    limit = (
        np.full(len(w), np.inf)
        if most is None
        else np.floor(np.maximum(np.asarray(most, float), 0.0))
    )
    plain = _filled(float(total), w, limit)
    shares = np.floor(plain + 1e-9).astype(np.int64)
    left = total - int(shares.sum())
    order = np.lexsort((np.arange(len(w)), -w, -(plain - shares)))
    while left > 0:
        room = [int(k) for k in order if shares[k] + 1 <= limit[k] and w[k] > 0][:left]
        if not room:
            break
        shares[room] += 1
        left -= len(room)
    return shares, left


def _filled(total: float, w: Array, limit: Array) -> Array:
    """Proportional shares; what is cut off at a limit is shared among the others,
    until none is above its limit."""
    shares, free = np.zeros(len(w)), w > 0
    while free.any():
        rest = total - float(shares[~free].sum())
        wanted = rest * w / float(w[free].sum())
        over = free & (wanted > limit)
        if not over.any():
            shares[free] = wanted[free]
            return shares
        shares[over] = limit[over]
        free &= ~over
    return shares
