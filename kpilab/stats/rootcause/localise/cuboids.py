"""Cuboids: every combination of dimensions, with each leaf's element in it, as integer codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, log, prod

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Beyond this many possible elements a cuboid's codes are renumbered to those that occur.
DENSE = 50_000
# Leaves up to which the place of every value's leaves is kept.
KEPT = 1_000_000
# A finer cuboid is summed up instead of the leaves while it has at most this many elements per
# leaf.
ROLLED = 2
Held = tuple[NDArray[np.intp], NDArray[np.intp]]  # leaves by value, and where each value's begin
Named = tuple[tuple[int, ...], tuple[int, ...]]  # dimensions, and the code of the value in each


@dataclass(frozen=True, slots=True, eq=False)
class Cuboid:
    """One choice of dimensions.

    Attributes:
        dims: indices of the dimensions chosen.
        codes: value of each leaf, one row per dimension of the cube; levels: values of those
            chosen, an element being the place of its values in their order.
        code: element of each leaf, where elements are numbered otherwise or leaves are summed.
        size: number of element codes (some may be empty).
        leaves: leaves per element.
        cost: description length (nats) of naming one of its elements: how many dimensions, which,
            which element.
        finer: a cuboid with one dimension more, and the shape of its elements around that
            dimension; None where sums over the leaves are cheaper.
        single: whether every element is one leaf.
        held: leaves by their value in each dimension of the cube; none where there are too many.
    """

    dims: tuple[int, ...]
    codes: NDArray[np.intp]
    levels: tuple[int, ...]
    code: NDArray[np.intp] | None
    size: int
    leaves: NDArray[np.intp]
    cost: float
    finer: tuple[tuple[int, ...], tuple[int, int, int]] | None
    single: bool
    held: tuple[Held, ...] = ()

    def of(
        self, leaves: NDArray[np.intp] | None, codes: NDArray[np.intp] | None = None
    ) -> NDArray[np.intp]:
        """Elements of some leaves, or of all; `codes`: those of the leaves, where they are at
        hand."""
        at = slice(None) if leaves is None else leaves
        if self.code is not None:
            return self.code[at]
        if codes is not None:
            return _placed(codes, self.dims, self.levels, slice(None))
        return _placed(self.codes, self.dims, self.levels, at)

    def among(
        self, leaves: NDArray[np.intp], codes: NDArray[np.intp], fixed: tuple[int, ...]
    ) -> NDArray[np.intp]:
        """Numbers for the elements of leaves that share their value in the `fixed` dimensions, in
        the same order but smaller; `codes`: those of the leaves."""
        if self.code is not None:
            return self.code[leaves]
        free = [k for k, d in enumerate(self.dims) if d not in fixed]
        dims, levels = ([v[k] for k in free] for v in (self.dims, self.levels))
        return _placed(codes, dims, levels, slice(None))

    def members(self, element: int) -> NDArray[np.intp]:
        """Leaves of one element."""
        if self.code is not None:
            return np.flatnonzero(self.code == element)
        if not self.dims:
            return np.arange(self.codes.shape[1])
        values = np.unravel_index(element, self.levels)
        named = [(d, int(v)) for d, v in zip(self.dims, values, strict=True)]
        if not self.held:
            found = np.flatnonzero(self.codes[named[0][0]] == named[0][1])
            return self._inside(found, named[1:])
        parts = [self.held[d][0][slice(*self.held[d][1][v : v + 2])] for d, v in named]
        least = min(range(len(parts)), key=lambda k: len(parts[k]))
        return self._inside(parts[least], named[:least] + named[least + 1 :])

    def _inside(self, leaves: NDArray[np.intp], named: list[tuple[int, int]]) -> NDArray[np.intp]:
        """Those of some leaves that have the values named."""
        for d, value in named:
            leaves = leaves[self.codes[d, leaves] == value]
        return leaves


def _placed(
    codes: NDArray[np.intp],
    dims: Sequence[int],
    levels: Sequence[int],
    leaves: NDArray[np.intp] | slice,
) -> NDArray[np.intp]:
    code = np.zeros(codes[:1, leaves].shape[1], dtype=np.intp)
    for d, level in zip(dims, levels, strict=True):
        code *= level
        code += codes[d, leaves]
    return code


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
            mine = mine[spaces[cuboid].of(mine) != element]
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
    sizes: dict[tuple[int, ...], int] = {(): 1}
    numbered: dict[tuple[int, ...], NDArray[np.intp]] = {}  # those that are numbered anew
    for k in range(1, most + 1):
        for dims in combinations(free, k):
            sizes[dims] = sizes[dims[:-1]] * levels[dims[-1]]
            if sizes[dims] > max(DENSE, 4 * n):
                code = _code(codes, levels, dims, numbered)
                numbered[dims], sizes[dims] = _renumbered(code)
    dense = {d for d, size in sizes.items() if d not in numbered and size <= ROLLED * n}
    finer = {dims: _finer(dims, dense, levels) if len(dims) < most else None for dims in sizes}
    spaces: dict[tuple[int, ...], Cuboid] = {}
    held = tuple(_held(code, m) for code, m in zip(codes, levels, strict=True)) if n <= KEPT else ()
    for dims, size in reversed(sizes.items()):
        above = finer[dims]
        code = numbered.get(dims)
        if above is None:
            code = _code(codes, levels, dims, numbered) if code is None else code
            leaves = np.bincount(code, minlength=size)
        else:
            finest = spaces[above[0]].leaves[None].astype(float)
            leaves = _rolled(finest, above[1])[0].astype(np.intp)
        cost = (
            log(max(1, len(free)))
            + log(comb(len(free), len(dims)))
            + log(max(1, np.count_nonzero(leaves)))
        )
        mine = tuple(levels[d] for d in dims)
        single = len(dims) > 0 and int(leaves.max(initial=0)) <= 1
        spaces[dims] = Cuboid(dims, codes, mine, code, size, leaves, cost, above, single, held)
    return [spaces[dims] for dims in sizes]


def _held(code: NDArray[np.intp], levels: int) -> Held:
    """Leaves by their value."""
    fits = [t for t in (np.uint8, np.uint16, np.intp) if levels <= np.iinfo(t).max]
    small = code.astype(fits[0], copy=False)  # sorts faster
    starts = np.cumsum([0, *np.bincount(code, minlength=levels)])
    return np.argsort(small, kind="stable"), starts


def _code(
    codes: NDArray[np.intp],
    levels: list[int],
    dims: tuple[int, ...],
    numbered: dict[tuple[int, ...], NDArray[np.intp]],
) -> NDArray[np.intp]:
    """Element of every leaf; coarser elements that are numbered anew are followed."""
    if dims in numbered:
        return numbered[dims]
    if not any(dims[:k] in numbered for k in range(len(dims))):
        return _placed(codes, dims, [levels[d] for d in dims], slice(None))
    return _code(codes, levels, dims[:-1], numbered) * levels[dims[-1]] + codes[dims[-1]]


def sums(spaces: Iterable[Cuboid], values: Array) -> list[Array]:
    """Sums of leaf values per element, for every cuboid; coarse ones are summed from finer ones.

    Args:
        values: one row per amount, one column per leaf; so are the sums, with a column per element.
    """
    done: dict[tuple[int, ...], Array] = {}
    for space in reversed(list(spaces)):
        if space.finer is not None:
            done[space.dims] = _rolled(done[space.finer[0]], space.finer[1])
            continue
        code = space.of(None)
        if space.single:
            done[space.dims] = np.zeros((len(values), space.size))
            for row, value in zip(done[space.dims], values, strict=True):
                row[code] = value
        else:
            rows = [np.bincount(code, v, space.size) for v in values]
            done[space.dims] = np.array(rows, dtype=float)
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
    mine, own, found = size[leaves], codes[:, leaves], []
    total = float(mine.sum())
    for space, whole in zip(spaces, totals, strict=True):
        code = space.of(leaves, own)
        inside = np.bincount(code, mine)
        element = int(np.argmax(inside))
        either = total + whole[element] - inside[element]
        if either > 0 and inside[element] / either >= least:
            member = leaves[np.argmax(code == element)]
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


def _rolled(values: Array, shape: tuple[int, int, int]) -> Array:
    rows, (_, level, after) = len(values), shape
    if after == 1:  # neighbours are summed several times as fast as a product
        return values.reshape(rows, -1, level) @ np.ones(level)
    return np.einsum("kabc->kac", values.reshape(rows, *shape)).reshape(rows, -1)


def _renumbered(code: NDArray[np.intp]) -> tuple[NDArray[np.intp], int]:
    kept, again = np.unique(code, return_inverse=True)
    return again, len(kept)
