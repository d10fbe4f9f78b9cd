"""How far each share lies above those of the others: for ordering, not for testing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST = 5.0


def outlying(share: Floats, n: Floats) -> Floats:
    """Robust distance above the median, in units of spread between units and noise of each; 0 below
    it, at most 5.

    Args:
        share: per unit, NaN where unknown. n: what each share is of.
    """
    known = ~np.isnan(share)
    if known.sum() < 3:
        return np.zeros(len(share))
    middle = float(np.median(share[known]))
    between = 1.4826 * float(np.median(np.abs(share[known] - middle)))
    typical = min(max(middle, 0.01), 0.99)
    noise = np.sqrt(between**2 + typical * (1 - typical) / np.maximum(n, 1))
    return np.clip(np.where(known, (share - middle) / noise, 0.0), 0.0, MOST)
