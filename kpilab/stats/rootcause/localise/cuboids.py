"""Cuboids: every combination of dimensions, with each leaf's element in it, as integer codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, log, prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Number = TypeVar("Number", np.intp, np.float64)
# Beyond this many possible elements a cuboid's codes are renumbered to those that occur.
DENSE = 1_000_000
# A finer cuboid is summed up instead of the leaves while it has at most this many elements per
# leaf.
ROLLED = 2
Named = tuple[tuple[int, ...], tuple[int, ...]]  # dimensions, and the code of the value in each


@dataclass(frozen=True, slots=True, eq=False)
class Cuboid:
    """One choice of dimensions.

    Attributes:
        dims: indices of the dimensions chosen.
        code: element of each leaf.
        size: number of element codes (some may be empty).
        leaves: leaves per element.
        cost: description length (nats) of naming one of its elements: how many dimensions, which,
            which element.
        finer: a cuboid with one dimension more, and the shape of its elements around that
            dimension; None where sums over the leaves are cheaper.
    """

    dims: tuple[int, ...]
    code: NDArray[np.intp]
    size: int
    leaves: NDArray[np.intp]
    cost: float
    finer: tuple[tuple[int, ...], tuple[int, int, int]] | None

    def members(self, element: int) -> NDArray[np.intp]:
        """Leaves of one element."""
        return np.flatnonzero(self.code == element)


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """An element that was found.

    Attributes:
        gain: evidence for it in nats, net of the cost of naming it.
        leaves: those that it was told from: without those of what was found before it.
        without: (cuboid, element) left out of it.
    """

    cuboid: int
    element: int
    gain: float
    leaves: NDArray[np.intp]
    without: tuple[tuple[int, int], ...] = ()

    def members(self, spaces: list[Cuboid]) -> NDArray[np.intp]:
        """Its leaves."""
        mine = spaces[self.cuboid].members(self.element)
        for cuboid, element in self.without:
            mine = mine[spaces[cuboid].code[mine] != element]
        return mine


def cuboids(codes: NDArray[np.intp], deepest: int | None = None) -> list[Cuboid]:
    """All combinations of up to `deepest` dimensions, the whole (no dimension) first; none with a
    single value.

    Args:
        codes: one row per dimension, one column per leaf; values 0..levels-1.
    """
    n = codes.shape[1]
    levels = [int(m) + 1 for m in codes.max(axis=1, initial=0)]
    free = [d for d, code in enumerate(codes) if n and np.any(code != code[0])]
    most = len(free) if deepest is None else min(len(free), deepest)
    coded: dict[tuple[int, ...], tuple[NDArray[np.intp], int]] = {
        (): (np.zeros(n, dtype=np.intp), 1)
    }
    for k in range(1, most + 1):
        for dims in combinations(free, k):
            code, size = coded[dims[:-1]]
            code, size = code * levels[dims[-1]], size * levels[dims[-1]]
            code += codes[dims[-1]]
            coded[dims] = _renumbered(code) if size > max(DENSE, 4 * n) else (code, size)
    dense = {
        d
        for d, (_, size) in coded.items()
        if size == prod(levels[j] for j in d) and size <= ROLLED * n
    }
    finer = {dims: _finer(dims, dense, levels) if len(dims) < most else None for dims in coded}
    leaves: dict[tuple[int, ...], NDArray[np.intp]] = {}
    for dims, (code, size) in reversed(coded.items()):
        above = finer[dims]
        leaves[dims] = (
            np.bincount(code, minlength=size)
            if above is None
            else _rolled(leaves[above[0]], above[1])
        )
    costs = {
        d: log(max(1, len(free)))
        + log(comb(len(free), len(d)))
        + log(max(1, np.count_nonzero(leaves[d])))
        for d in coded
    }
    return [
        Cuboid(d, code, size, leaves[d], costs[d], finer[d]) for d, (code, size) in coded.items()
    ]


def sums(spaces: Iterable[Cuboid], values: Array) -> list[Array]:
    """Sums of leaf values per element, for every cuboid; coarse ones are summed from finer ones."""
    done: dict[tuple[int, ...], Array] = {}
    for space in reversed(list(spaces)):
        done[space.dims] = (
            np.bincount(space.code, values, space.size).astype(float, copy=False)
            if space.finer is None
            else _rolled(done[space.finer[0]], space.finer[1])
        )
    return list(reversed(done.values()))


def crossed(
    pair: tuple[NDArray[np.intp], ...], amounts: Sequence[Array]
) -> tuple[tuple[NDArray[np.intp], ...], list[Array]]:
    """Sums of leaf amounts per cell of two dimensions, cells in order: their codes in both,
    and the sums."""
    shape = tuple(int(code.max(initial=0)) + 1 for code in pair)
    cell = np.ravel_multi_index(pair, shape)
    occurs = np.flatnonzero(np.bincount(cell))
    return np.unravel_index(occurs, shape), [
        np.bincount(cell, v)[occurs].astype(float, copy=False) for v in amounts
    ]


def same_leaves(
    spaces: list[Cuboid], codes: NDArray[np.intp], leaves: NDArray[np.intp], size: Array,
    least: float,
    totals: list[Array],
) -> list[Named]:  # fmt: skip
    """Other elements whose leaves overlap with `leaves` by at least `least` (Jaccard, by size).

    Args:
        size: of every leaf; totals: its `sums`.
    """
    mine, found = size[leaves], []
    total = float(mine.sum())
    for space, whole in zip(spaces, totals, strict=True):
        inside = np.bincount(space.code[leaves], mine)
        element = int(np.argmax(inside))
        either = total + whole[element] - inside[element]
        if either > 0 and inside[element] / either >= least:
            member = leaves[np.argmax(space.code[leaves] == element)]
            found.append((space.dims, tuple(int(codes[d, member]) for d in space.dims)))
    return found


def _finer(
    dims: tuple[int, ...], dense: set[tuple[int, ...]], levels: list[int]
) -> tuple[tuple[int, ...], tuple[int, int, int]] | None:
    """The smallest cuboid with one dimension more whose elements can be summed along that
    dimension."""
    choices = [
        (levels[d], d)
        for d in range(len(levels))
        if d not in dims and tuple(sorted((*dims, d))) in dense
    ]
    if not choices:
        return None
    level, d = min(choices)
    before, after = (
        prod(levels[j] for j in side)
        for side in ([j for j in dims if j < d], [j for j in dims if j > d])
    )
    return tuple(sorted((*dims, d))), (before, level, after)


def _rolled(values: NDArray[Number], shape: tuple[int, int, int]) -> NDArray[Number]:
    return np.einsum("abc->ac", values.reshape(shape)).ravel()


def _renumbered(code: NDArray[np.intp]) -> tuple[NDArray[np.intp], int]:
    kept, again = np.unique(code, return_inverse=True)
    return again, len(kept)
