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
        return np.bincount(self.code, values, self.size).astype(float, copy=False)

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
    """All combinations of up to `deepest` dimensions, the whole (no dimension) first.

    Args:
        codes: one row per dimension, one column per leaf; values 0..levels-1.
    """
    n_dims, n = codes.shape
    levels = [int(m) + 1 for m in codes.max(axis=1, initial=0)]
    most = n_dims if deepest is None else min(n_dims, deepest)
    whole = Cuboid((), np.zeros(n, dtype=np.intp), 1, np.array([n]), log(n_dims))
    found: dict[tuple[int, ...], Cuboid] = {(): whole}
    for k in range(1, most + 1):
        for dims in combinations(range(n_dims), k):
            parent, last = found[dims[:-1]], dims[-1]
            code = np.asarray(parent.code * levels[last] + codes[last])
            size = parent.size * levels[last]
            if size > max(DENSE, 4 * n):
                code, size = _renumbered(code)
            leaves = np.bincount(code, minlength=size)
            cost = log(n_dims) + log(comb(n_dims, k)) + log(max(1, np.count_nonzero(leaves)))
            found[dims] = Cuboid(dims, code, size, leaves, cost)
    return list(found.values())


def same_leaves(
    spaces: list[Cuboid], codes: NDArray[np.intp], leaves: NDArray[np.intp], size: NDArray[np.float64], least: float
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Other elements (dimensions, values) whose leaves overlap with `leaves` by at least `least` (Jaccard, by size)."""
    total, found = float(size[leaves].sum()), []
    for space in spaces:
        inside = np.bincount(space.code[leaves], size[leaves], space.size)
        element = int(np.argmax(inside))
        either = total + float(size[space.code == element].sum()) - inside[element]
        if either > 0 and inside[element] / either >= least:
            member = leaves[np.argmax(space.code[leaves] == element)]
            found.append((space.dims, tuple(int(codes[d, member]) for d in space.dims)))
    return found


def _renumbered(code: NDArray[np.intp]) -> tuple[NDArray[np.intp], int]:
    kept, again = np.unique(code, return_inverse=True)
    return again, len(kept)
