"""Compiled walks: each unit's events in time, cut into paths; what follows what, and the ways from
or to an event.

numba is imported with the kernels' modules only, and their machine code is kept on disk
(`cache=True`).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from kpilab.engine.events.kernel_rows import Ints, Longs, Whole, sort_unit

NOWHERE = -1
Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def sort_moments(t: Longs, codes: Ints, low: Whole, high: Whole) -> None:
    """Events of one moment in the order of their codes."""
    first = low
    while first < high:
        last = first + 1
        while last < high and t[last] == t[first]:
            last += 1
        if last - first > 1:
            codes[first:last] = np.sort(codes[first:last])
        first = last


@njit(cache=True, nogil=True)
def stretch(
    codes: Ints, low: Whole, high: Whole, start: int, end: int, length: int, way: Ints
) -> Whole:
    """Write the way of the path low..high into `way`; how many events it has, 0 for none."""
    for k in range(length):
        way[k] = NOWHERE
    if start == NOWHERE and end != NOWHERE:
        at = high - 1
        while at >= low and codes[at] != end:
            at -= 1
        if at < low:
            return 0
        first = max(low, at - length + 1)
        for k in range(first, at + 1):
            way[k - first] = codes[k]
        return at + 1 - first
    at = low
    if start != NOWHERE:
        while at < high and codes[at] != start:
            at += 1
        if at == high:
            return 0
    last = min(high, at + length)
    for k in range(at, last):
        way[k - at] = codes[k]
        if codes[k] == end and k > at:
            return k - at + 1
    return 0 if end != NOWHERE else last - at


@njit(cache=True, nogil=True)
def settle(sums: Longs, mine: Longs, out: Longs, has: Ints) -> None:
    """Add what one unit did to the sums, and forget it."""
    side = len(out)
    for kind in has:
        source, target = kind // side, kind % side
        own = mine[source, target]
        sums[0, source, target] += own
        sums[1, source, target] += 1
        sums[2, source, target] += own * own
        sums[3, source, target] += own * out[source]
        mine[source, target] = 0
    for kind in has:
        source = kind // side
        if out[source] > 0:
            sums[2, source, side] += out[source] * out[source]
            sums[1, source, side] += 1
            out[source] = 0


@njit(cache=True, nogil=True)
def walk(
    bounds: Longs, t: Longs, codes: Ints, events: int, gap: int, collapse: bool, start: int,
    end: int, length: int
) -> tuple[Longs, Ints, Longs, Ints, Ints, int, int, int]:  # fmt: skip
    """All paths of all units.

    Args:
        events: number of codes; entry is code `events`, exit the one after.
        gap: pause that begins a new path. collapse: draw immediate repeats together.
        start, end, length: the ways asked for.

    Returns:
        Of each transition its count, its users, the sums over them of their own count's square, of
        its product with how often they left the source, and in the last row of each source, with
        index `side`, of that one's square and of the users; the transition and the wait of each
        pair of neighbours; each way's unit and codes; numbers of units, paths and events.
    """
    side = events + 2
    sums = np.zeros((4, side, side + 1), np.int64)
    # Of the unit at hand: its transitions, which of them it has, and how often it left a source.
    mine, out = np.zeros((side, side), np.int64), np.zeros(side, np.int64)
    has = np.empty(side * side, np.int32)
    pair, wait = np.empty(len(t), np.int32), np.empty(len(t), np.int64)
    owner, ways = np.empty(len(t), np.int32), np.empty((len(t), length), np.int32)
    pairs = found = walkers = paths = kept = 0
    for unit in range(len(bounds) - 1):
        low, high = bounds[unit], bounds[unit + 1]
        sort_unit(t, codes, low, high)
        sort_moments(t, codes, low, high)
        walkers += high > low
        first, kinds = low, 0
        while first < high:
            # One path: rows first..last, drawn together to first..to where repeats fall out.
            to = last = first + 1
            while last < high and t[last] - t[last - 1] <= gap:
                if not collapse or codes[last] != codes[to - 1]:
                    t[to], codes[to] = t[last], codes[last]
                    to += 1
                last += 1
            paths += 1
            kept += to - first
            source = events
            for k in range(first, to + 1):
                target = codes[k] if k < to else events + 1
                if mine[source, target] == 0:
                    has[kinds] = source * side + target
                    kinds += 1
                mine[source, target] += 1
                out[source] += 1
                if first < k < to:
                    pair[pairs], wait[pairs] = source * side + target, t[k] - t[k - 1]
                    pairs += 1
                source = target
            if stretch(codes, first, to, start, end, length, ways[found]) > 0:
                owner[found] = unit
                found += 1
            first = last
        settle(sums, mine, out, has[:kinds])
    return sums, pair[:pairs], wait[:pairs], owner[:found], ways[:found], walkers, paths, kept


@njit(cache=True, nogil=True)
def waits(pair: Ints, wait: Longs, kinds: int) -> tuple[Floats, Floats]:
    """Mean and median wait of each kind of pair; NaN where there is none."""
    edges = np.zeros(kinds + 1, np.int64)
    for p in pair:
        edges[p + 1] += 1
    for k in range(kinds):
        edges[k + 1] += edges[k]
    place, put = edges[:-1].copy(), np.empty(len(wait), np.float64)
    for k in range(len(pair)):
        put[place[pair[k]]] = wait[k]
        place[pair[k]] += 1
    mean, median = np.full(kinds, np.nan), np.full(kinds, np.nan)
    for k in range(kinds):
        if edges[k + 1] > edges[k]:
            mean[k] = put[edges[k] : edges[k + 1]].mean()
            median[k] = np.median(put[edges[k] : edges[k + 1]])
    return mean, median
