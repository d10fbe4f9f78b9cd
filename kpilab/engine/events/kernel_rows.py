"""Compiled sorting of rows: by parts of units, by unit, by time.

numba is imported with the kernels' modules only, and their machine code is kept on disk
(`cache=True`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
Whole = int | np.integer[Any]


@njit(cache=True, nogil=True)
def parted(
    key: Longs, t: Longs, marks: Ints, low: int, shift: int, parts: int
) -> tuple[Longs, Ints, Longs, Ints]:
    """Rows drawn together by part: where each part begins, each row's unit within its part, times,
    marks.

    Unit `key - low` belongs to part `(key - low) >> shift`. Every part is written along, so this is
    one quick look.
    """
    edges = np.zeros(parts + 1, np.int64)
    for k in key:
        edges[((k - low) >> shift) + 1] += 1
    for p in range(parts):
        edges[p + 1] += edges[p]
    place = edges[:-1].copy()
    n, within = len(key), (1 << shift) - 1
    units, moments, found = np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.int32)
    for r in range(n):
        unit = key[r] - low
        p = place[unit >> shift]
        place[unit >> shift] = p + 1
        units[p], moments[p], found[p] = unit & within, t[r], marks[r]
    return edges, units, moments, found


@njit(cache=True, nogil=True)
def grouped(unit: Ints, t: Longs, marks: Ints, units: int) -> tuple[Longs, Longs, Ints]:
    """Rows drawn together by unit (a counting sort): bounds of each unit, times, marks."""
    bounds = np.zeros(units + 1, np.int64)
    for u in unit:
        bounds[u + 1] += 1
    for u in range(units):
        bounds[u + 1] += bounds[u]
    place = bounds[:-1].copy()
    moments, found = np.empty_like(t), np.empty_like(marks)
    for k in range(len(unit)):
        p = place[unit[k]]
        moments[p], found[p] = t[k], marks[k]
        place[unit[k]] = p + 1
    return bounds, moments, found


@njit(cache=True, nogil=True)
def sort_unit(t: Longs, marks: Ints, low: Whole, high: Whole) -> None:
    """Bring one unit's rows into time order (they mostly are): insertion for a few,
    a real sort for many."""
    swaps = 0
    for k in range(low + 1, high):
        if t[k] >= t[k - 1]:
            continue
        moment, mark, place = t[k], marks[k], k
        while place > low and t[place - 1] > moment:
            t[place], marks[place] = t[place - 1], marks[place - 1]
            place -= 1
            swaps += 1
        t[place], marks[place] = moment, mark
        if swaps > 16 * (high - low):
            order = np.argsort(t[low:high])
            t[low:high] = t[low:high][order]
            marks[low:high] = marks[low:high][order]
            return
