"""Exceptions: an element moved, but for a part of it that stayed as expected."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.rootcause.localise.cuboids import Cuboid, Hit
from kpilab.stats.rootcause.localise.evidence import count_evidence

Array = NDArray[np.float64]
SMALLEST, LARGEST = 0.01, 0.5  # share of the element that an exception may hold
UNTOUCHED = 2.0  # evidence (nats) of a deviation that an exception may still show: two errors
SIBLINGS = 3  # so many parts of one element, and most of them, are told as the element
ALIKE = 0.5  # their changes (log) may differ from the middle one by this share of it


def untouched(
    spaces: list[Cuboid], hit: Hit, effective: tuple[Array, Array], size: Array, least: float
) -> tuple[tuple[int, int], ...]:
    """The part of a hit that is best described as untouched; none when its leaves moved together.

    Args:
        spaces: all cuboids.
        effective: expected and actual in effective counts per leaf; size: the expected amounts
            themselves.
        least: evidence (nats) for "as expected" against "like the rest", beyond the cost of naming
            the part.
    """
    whole, member = spaces[hit.cuboid], spaces[hit.cuboid].members(hit.element)
    inside = [k for k, space in enumerate(spaces) if set(space.dims) > set(whole.dims)]
    if len(member) < 4 or not inside:
        return ()
    expected, actual, size = (v[member] for v in (*effective, size))
    before, now, most = float(expected.sum()), float(actual.sum()), LARGEST * float(expected.sum())
    best, found, codes = 0.0, (), whole.codes[:, member]
    for k in inside:
        code = spaces[k].among(member, codes, whole.dims)
        f, v = (np.bincount(code, x).astype(float, copy=False) for x in (expected, actual))
        part = np.flatnonzero((f > 0) & (f <= most))
        f, v = f[part], v[part]
        own = count_evidence(f, v)
        gain = count_evidence((now - v) / (before - f) * f, v) - own
        gain -= least + np.log(len(inside)) + np.log(max(1, len(part)))
        for j in np.flatnonzero((gain > best) & (own <= UNTOUCHED)):
            leaves = code == part[j]
            if leaves.sum() > 1 and size[leaves].sum() >= SMALLEST * size.sum() and gain[j] > best:
                first = member[np.flatnonzero(leaves)[:1]]
                best, found = float(gain[j]), ((k, int(spaces[k].of(first)[0])),)
    return found


def told_as_one(
    spaces: list[Cuboid], codes: NDArray[np.intp], hits: list[Hit], expected: Array, actual: Array
) -> list[Hit]:
    """Most parts of one element, alike in their change,
    are told as the element except the untouched rest."""
    place = {space.dims: k for k, space in enumerate(spaces)}
    families: dict[tuple[int, int, int], list[Hit]] = defaultdict(list)
    for hit in hits:
        dims, leaf = spaces[hit.cuboid].dims, spaces[hit.cuboid].members(hit.element)[:1]
        for d in dims if len(dims) > 1 else ():  # everything is no place
            parent = place[tuple(j for j in dims if j != d)]
            families[parent, int(spaces[parent].of(leaf)[0]), d].append(hit)
    for (parent, element, d), parts in sorted(families.items(), key=lambda f: -len(f[1])):
        parts = [h for h in parts if h in hits]
        leaves = spaces[parent].members(element)
        mine = {int(codes[d, spaces[h.cuboid].members(h.element)[0]]) for h in parts}
        rest = sorted(set(np.unique(codes[d, leaves]).tolist()) - mine)
        if (
            len(parts) < SIBLINGS
            or 2 * len(rest) >= len(parts)
            or not _alike([h.members(spaces) for h in parts], expected, actual)
        ):
            continue
        left = [leaves[codes[d, leaves] == value] for value in rest]
        if any(_own(expected, actual, part) > UNTOUCHED for part in left):
            continue
        finer = parts[0].cuboid
        without = tuple((finer, int(spaces[finer].of(part[:1])[0])) for part in left)
        one = Hit(parent, element, sum(h.gain for h in parts), leaves, without)
        hits = [one, *(h for h in hits if h not in parts)]
    return _absorbed(spaces, sorted(hits, key=lambda h: -h.gain), expected, actual)


def _absorbed(spaces: list[Cuboid], hits: list[Hit], expected: Array, actual: Array) -> list[Hit]:
    """Parts of a hit that changed like it say nothing beside it."""
    kept = list(hits)
    for wider in sorted(hits, key=lambda h: len(spaces[h.cuboid].dims)):
        space = spaces[wider.cuboid]
        for part in [
            h for h in kept if set(spaces[h.cuboid].dims) > set(space.dims) and wider in kept
        ]:
            inside = np.all(space.of(spaces[part.cuboid].members(part.element)) == wider.element)
            if inside and _alike(_rest(spaces, wider, part), expected, actual):
                kept.remove(part)
    return kept


def _own(expected: Array, actual: Array, leaves: NDArray[np.intp]) -> float:
    return float(count_evidence(*(np.array([v[leaves].sum()]) for v in (expected, actual)))[0])


def _rest(spaces: list[Cuboid], wider: Hit, part: Hit) -> list[NDArray[np.intp]]:
    """Leaves of a part, and those of a wider hit around it."""
    mine = part.members(spaces)
    return [mine, np.setdiff1d(wider.members(spaces), mine)]


def _alike(parts: list[NDArray[np.intp]], expected: Array, actual: Array) -> bool:
    before, now = (
        np.array([v[part].sum() for part in parts if len(part)]) for v in (expected, actual)
    )
    if np.any(before <= 0) or np.any(now <= 0):
        return bool(np.all(now <= 0))
    change = np.log(now / before)
    return bool(np.all(np.abs(change - np.median(change)) <= ALIKE * abs(np.median(change))))
