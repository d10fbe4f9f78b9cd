"""Shapley values: a fair, exact split of a joint effect among its players."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np
from numpy.typing import NDArray

MOST_PLAYERS = 12


def shapley(value: Callable[[frozenset[int]], float], n: int) -> NDArray[np.float64]:
    """Each player's share of value(all) - value(none); the shares sum to it exactly up to rounding.

    Args:
        value: worth of a coalition of players 0..n-1; called once per coalition (2^n calls).
        n: number of players, at most 12.

    References: Shapley (1953), A value for n-person games.
    """
    if n > MOST_PLAYERS:
        raise ValueError(
            f"{n} players need {2**n:,} evaluations; group them into at most {MOST_PLAYERS}"
        )
    worth = [value(frozenset(k for k in range(n) if mask >> k & 1)) for mask in range(2**n)]
    shares = np.zeros(n)
    for mask in range(2**n):
        size = mask.bit_count()
        weight = factorial(size) * factorial(n - size - 1) / factorial(n) if size < n else 0.0
        for k in range(n):
            if not mask >> k & 1:
                shares[k] += weight * (worth[mask | 1 << k] - worth[mask])
    return shares
