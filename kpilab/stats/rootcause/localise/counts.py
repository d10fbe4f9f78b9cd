"""Counts: whether amounts may be numbers of single things, whose noise is known before looking."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# that counts of single things share a divisor, from which they are taken for amounts in another
# unit
CHANCE = 1e-5


def counted(amounts: NDArray[np.float64]) -> bool:
    """Whole numbers that are not all multiples of something larger, as amounts in thousandths or
    rounded ones are.

    A number is a multiple of g with a chance of 1/g; numbers that occur more than once say it once.
    """
    if np.any(amounts != np.round(amounts)):
        return False
    found = np.unique(np.abs(amounts[amounts != 0]))
    # Beyond 2**53 whole numbers are multiples of two because of how they are stored.
    if len(found) == 0 or found[-1] >= 2**53:
        return True
    divisor = int(np.gcd.reduce(found.astype(np.int64)))
    return float(divisor) ** -len(found) > CHANCE
