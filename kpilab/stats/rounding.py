"""What arithmetic leaves where nothing was: differences that are no more than rounding are none."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
# of the numbers subtracted; doubles hold 2e-16, and sums of many of them some hundred times that
ROUNDING = 1e-13


def beyond_rounding(difference: ArrayLike, of: ArrayLike) -> Array:
    """The differences, with 0 where they are mere rounding beside the largest of the numbers they
    are made `of`."""
    gap, numbers = np.asarray(difference, float), np.abs(np.asarray(of, float))
    size = float(np.max(numbers, initial=0.0, where=np.isfinite(numbers)))
    return np.where(np.abs(gap) <= ROUNDING * size, 0.0, gap)


def still(values: ArrayLike) -> bool:
    """Whether numbers are all the same, but for rounding (and missing ones)."""
    numbers = np.asarray(values, float)
    known = numbers[np.isfinite(numbers)]
    return not beyond_rounding(known - known.mean(), known).any() if len(known) else True
