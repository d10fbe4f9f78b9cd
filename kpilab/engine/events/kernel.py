"""The compiled form of a chain: one pass over each unit's rows, from its last moment to its first.

numba is imported with the kernels' modules only, and their machine code is kept on disk
(`cache=True`).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from kpilab.engine.events.kernel_rows import Ints, Longs, Whole, sort_unit

NEVER = 2**62
ORDERED, STRICT, UNORDERED = 0, 1, 2
Levels = NDArray[np.int8]
Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def matched(masks: Ints, low: Whole, high: Whole, start: int, n: int, held: Longs) -> int:
    """Last step that rows low..high can meet, each row one step,
    when `start` steps are met (augmenting paths)."""
    m = high - low
    owner = np.full(m, -1, np.int64)
    came = np.empty(m, np.int64)
    queue = np.empty(n + 1, np.int64)
    for step in range(start, n):
        came[:] = -1
        queue[0], head, tail, free = step, 0, 1, -1
        while head < tail and free < 0:
            looking = queue[head]
            head += 1
            for r in range(m):
                if came[r] < 0 and (masks[low + r] >> looking) & 1:
                    came[r] = looking
                    if owner[r] < 0:
                        free = r
                        break
                    queue[tail] = owner[r]
                    tail += 1
        if free < 0:
            return step
        while free >= 0:
            looking = came[free]
            before, held[looking] = held[looking], free
            owner[free] = looking
            free = before if looking != step else -1
    return n


@njit(cache=True, nogil=True)
def reach(
    masks: Ints,
    low: Whole,
    high: Whole,
    met: Whole,
    start: int,
    n: int,
    disjoint: bool,
    reuse: bool,
    held: Longs,
) -> int:
    """Last step this moment can bring a pass to that has met `start` steps."""
    if disjoint or reuse or high - low == 1:
        last = start
        while last < n and (met >> last) & 1:
            last += 1
            if not reuse and not disjoint:
                break
        return last
    held[:] = -1
    return matched(masks, low, high, start, n, held)


@njit(cache=True, nogil=True)
def level_of(entry: Longs, n: int, within: int, limits: Longs) -> int:
    """Steps a pass reaches in time."""
    level = 1
    while level < n:
        moment = entry[level]
        if (
            moment == NEVER
            or moment - entry[0] > within
            or moment - entry[level - 1] > limits[level]
        ):
            break
        level += 1
    return level


@njit(cache=True, nogil=True)
def spoilt(entry: Longs, n: int, level: int, within: int, ex_from: Longs, ex_to: Longs) -> bool:
    """Whether an exclusion stands inside the pass."""
    for e in range(len(ex_from)):
        if level >= ex_from[e]:
            end = entry[ex_to[e] - 1] if level >= ex_to[e] else entry[0] + within
            if entry[n + e] < end:
                return True
    return False


@njit(cache=True, nogil=True)
def keep(
    entry: Longs, n: int, level: int, within: int, extras: Longs, base: int, unit: int,
    levels: Levels, times: Longs, waits: Floats, optional: Longs, passes: Ints,
) -> None:  # fmt: skip
    """Note a pass if it is the unit's longest so far (or as long, and earlier)."""
    if level < levels[unit]:
        return
    if level > levels[unit]:
        levels[unit], passes[unit] = level, 0
        for k in range(n - 1):
            waits[unit, k] = 0.0
    passes[unit] += 1
    for k in range(n):
        times[unit, k] = entry[k] if k < level else NEVER
    for k in range(1, level):
        waits[unit, k - 1] += entry[k] - entry[k - 1]
    for o in range(len(extras)):
        after, moment, end = extras[o], entry[base + o], entry[0] + within
        if level > after:
            end = entry[after]
        optional[unit, o] = moment if level >= after and moment <= end else NEVER


@njit(cache=True, nogil=True)
def unit_ordered(
    t: Longs, masks: Ints, low: Whole, high: Whole, unit: int, n: int, within: int,
    strict: bool, disjoint: bool, reuse: bool, limits: Longs, ex_from: Longs, ex_to: Longs,
    extras: Longs,
    after: Longs, coming: Longs, entry: Longs, held: Longs,
    levels: Levels, times: Longs, waits: Floats, optional: Longs, passes: Ints,
) -> None:  # fmt: skip
    """All ordered (or strict) passes of one unit."""
    more, total = len(ex_from), n + len(ex_from) + len(extras)
    for start in range(n):
        for c in range(start, total):
            after[start, c] = NEVER
    for c in range(total - n):
        coming[c] = NEVER
    last = high
    while last > low:
        moment, first, met = t[last - 1], last - 1, np.int64(0)
        while first >= low and t[first] == moment:
            met |= masks[first]
            first -= 1
        first += 1
        for o in range(len(extras)):
            if (met >> (n + more + o)) & 1:
                coming[more + o] = moment
        for start in range(n):
            if (met >> start) & 1:
                to = reach(masks, first, last, met, start, n, disjoint, reuse, held)
                open_ended = not strict or start == 0 or last - first == to - start
                for c in range(start, total):
                    step = (
                        c + 1
                        if c < n
                        else (ex_from[c - n] if c < n + more else extras[c - n - more])
                    )
                    if step <= to:
                        entry[c] = moment if c < n else coming[c - n]
                    else:
                        entry[c] = after[to, c] if to < n and open_ended else NEVER
                if start:
                    for c in range(start, total):
                        after[start, c] = entry[c]
                else:
                    level = level_of(entry, n, within, limits)
                    if not spoilt(entry, n, level, within, ex_from, ex_to):
                        keep(
                            entry, n, level, within, extras, n + more, unit, levels, times, waits,
                            optional, passes,
                        )  # fmt: skip
            elif strict:
                for c in range(start, total):
                    after[start, c] = NEVER
        for e in range(more):
            if (met >> (n + e)) & 1:
                coming[e] = moment
        last = first


@njit(cache=True, nogil=True)
def in_order(of: Longs, out: Longs) -> None:
    """Insertion sort into the first places of `out`: steps are few. A compiled `np.sort` was once
    seen to leave them as they were."""
    for k in range(len(of)):
        value, place = of[k], k
        while place > 0 and out[place - 1] > value:
            out[place] = out[place - 1]
            place -= 1
        out[place] = value


@njit(cache=True, nogil=True)
def unit_unordered(
    t: Longs, masks: Ints, low: Whole, high: Whole, unit: int, n: int, within: int,
    limits: Longs, ex_from: Longs, ex_to: Longs, extras: Longs, coming: Longs, entry: Longs,
    levels: Levels, times: Longs, waits: Floats, optional: Longs, passes: Ints,
) -> None:  # fmt: skip
    """All unordered passes of one unit: any step begins, the others follow in any order."""
    more = len(ex_from)
    steps = np.full(n, NEVER, np.int64)
    guards = np.full((more, n), NEVER, np.int64)
    guarded = np.full(n, NEVER, np.int64)
    coming[:] = NEVER
    last = high
    while last > low:
        moment, first, any_step = t[last - 1], last - 1, False
        found = np.int64(0)
        while first >= low and t[first] == moment:
            row = masks[first] & ((1 << n) - 1)
            found |= (row & -row) | (masks[first] - row)
            any_step |= row != 0
            first -= 1
        first += 1
        for k in range(n):
            if (found >> k) & 1:
                steps[k] = moment
                for e in range(more):
                    guards[e, k] = coming[e]
        if any_step:
            in_order(steps, entry)
            for e in range(more):
                in_order(guards[e], guarded)
                entry[n + e] = guarded[ex_from[e] - 1]
            level = level_of(entry, n, within, limits)
            if not spoilt(entry, n, level, within, ex_from, ex_to):
                keep(
                    entry, n, level, within, extras, n + more, unit, levels, times, waits,
                    optional, passes,
                )  # fmt: skip
        for e in range(more):
            if (found >> (n + e)) & 1:
                coming[e] = moment
        last = first


@njit(cache=True, nogil=True)
def run(
    bounds: Longs, t: Longs, masks: Ints, n: int, within: int, mode: int, disjoint: bool,
    reuse: bool,
    limits: Longs, ex_from: Longs, ex_to: Longs, extras: Longs,
) -> tuple[Levels, Longs, Floats, Longs]:  # fmt: skip
    """The best pass of every unit; unit u owns rows bounds[u]..bounds[u + 1], in any time order."""
    units = len(bounds) - 1
    levels = np.zeros(units, np.int8)
    passes = np.zeros(units, np.int32)
    times = np.empty((units, n), np.int64)
    waits = np.zeros((units, max(n - 1, 1)), np.float64)
    optional = np.empty((units, len(extras)), np.int64)
    total = n + len(ex_from) + len(extras)
    after = np.empty((n, total), np.int64)
    coming = np.empty(len(ex_from) + len(extras), np.int64)
    entry = np.full(total, NEVER, np.int64)
    held = np.empty(n, np.int64)
    for unit in range(units):
        low, high = bounds[unit], bounds[unit + 1]
        sort_unit(t, masks, low, high)
        if mode == UNORDERED:
            unit_unordered(t, masks, low, high, unit, n, within, limits, ex_from, ex_to, extras,
                coming, entry,
                           levels, times, waits, optional, passes)  # fmt: skip
        else:
            unit_ordered(t, masks, low, high, unit, n, within, mode == STRICT, disjoint, reuse,
                limits,
                         ex_from, ex_to, extras, after, coming, entry, held,
                         levels, times, waits, optional, passes)  # fmt: skip
        for k in range(1, levels[unit]):
            waits[unit, k - 1] /= passes[unit]
    return levels, times, waits, optional


@njit(cache=True, nogil=True)
def run_plain(
    bounds: Longs, t: Longs, masks: Ints, n: int, within: int, limits: Longs
) -> tuple[Levels, Longs, Floats, Longs]:
    """`run` for what is asked most: ordered steps that need not share rows, no exclusions, no
    optional steps.

    `after[start * n + c]` is the moment of step c of the earliest chain that begins with step
    `start`.
    """
    units = len(bounds) - 1
    levels = np.zeros(units, np.int8)
    times = np.empty((units, n), np.int64)
    waits = np.zeros((units, max(n - 1, 1)), np.float64)
    after = np.empty(n * n, np.int64)
    for unit in range(units):
        low, last = bounds[unit], bounds[unit + 1]
        sort_unit(t, masks, low, last)
        for c in range(n * n):
            after[c] = NEVER
        best, passes = 0, 0
        while last > low:
            last -= 1
            moment, met = t[last], masks[last]
            while last > low and t[last - 1] == moment:
                last -= 1
                met |= masks[last]
            for start in range(n):
                if (met >> start) & 1:
                    to = start + 1
                    while to < n and (met >> to) & 1:
                        to += 1
                    for c in range(start, to):
                        after[start * n + c] = moment
                    for c in range(to, n):
                        after[start * n + c] = after[to * n + c]
            if met & 1:
                level = level_of(after, n, within, limits)
                if level >= best:
                    if level > best:
                        best, passes = level, 0
                        for k in range(n - 1):
                            waits[unit, k] = 0.0
                    passes += 1
                    for k in range(n):
                        times[unit, k] = after[k] if k < level else NEVER
                    for k in range(1, level):
                        waits[unit, k - 1] += after[k] - after[k - 1]
        levels[unit] = best
        for k in range(1, best):
            waits[unit, k - 1] /= passes
    return levels, times, waits, np.empty((units, 0), np.int64)
