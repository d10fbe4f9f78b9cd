"""Cuboids: every combination of dimensions, with each leaf's element in it, as integer codes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb, log

import numpy as np
from numpy.typing import NDArray

# Beyond this many possible elements a cuboid's codes are renumbered to those that occur.
DENSE = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Cuboid:
    """One choice of dimensions.

    Attributes:
        dims: indices of the dimensions chosen.
        code: element of each leaf.
        size: number of element codes (some may be empty).
        leaves: leaves per element.
        cost: description length (nats) of naming one of its elements: how many dimensions, which, which element.
    """

    dims: tuple[int, ...]
    code: NDArray[np.intp]
    size: int
    leaves: NDArray[np.intp]
    cost: float

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of leaf values per element."""
        return np.bincount(self.code, values, self.size)

    def members(self, element: int) -> NDArray[np.intp]:
        """Leaves of one element."""
        return np.flatnonzero(self.code == element)


@dataclass(frozen=True, slots=True)
class Hit:
    """An element and the evidence for it in nats, net of the cost of naming it."""

    cuboid: int
    element: int
    gain: float


def cuboids(codes: NDArray[np.intp], deepest: int | None = None) -> list[Cuboid]:
    """All combinations of up to `deepest` dimensions.

    Args:
        codes: one row per dimension, one column per leaf; values 0..levels-1.
    """
    n_dims, n = codes.shape
    levels = codes.max(axis=1, initial=0) + 1
    deepest = min(n_dims, deepest or n_dims)
    found: dict[tuple[int, ...], Cuboid] = {}
    for k in range(1, deepest + 1):
        for dims in combinations(range(n_dims), k):
            if k == 1:
                code, size = codes[dims[0]], int(levels[dims[0]])
            else:
                parent = found[dims[:-1]]
                code, size = parent.code * levels[dims[-1]] + codes[dims[-1]], parent.size * int(levels[dims[-1]])
            if size > max(DENSE, 4 * n):
                code, size = _renumbered(code)
            leaves = np.bincount(code, minlength=size)
            cost = log(n_dims) + log(comb(n_dims, k)) + log(max(1, np.count_nonzero(leaves)))
            found[dims] = Cuboid(dims, code, size, leaves, cost)
    return list(found.values())


def _renumbered(code: NDArray[np.intp]) -> tuple[NDArray[np.intp], int]:
    kept, again = np.unique(code, return_inverse=True)
    return again, len(kept)
