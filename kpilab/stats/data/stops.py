"""Days on which nothing came, and days from which on another level held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.distributions import norm

Array = NDArray[np.float64]
WEEK = 7
SURE = 1e-3  # chance of any such run, or of any such step, in a series where nothing happened
RARE = 0.02  # least chance of an empty day: one that has never been seen may still come
SIDE = 14  # days on either side of a step that tell its size: two weeks see no weekday
STAYS = 28  # days over which at least half of it must last
SEASON = 10  # days by which the same step may be off a year before
SMALLEST = 0.1  # of the level; smaller steps are no news so long ago


@dataclass(frozen=True, slots=True)
class Step:
    """From position `at` on the level was another one, by `size` (relative, 0.1 = +10 %)."""

    at: int
    size: float


def stops(values: Array, code: NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    """Runs of days without anything (missing, or zero) that are longer than chance makes them.

    How likely an empty day is, its weekday tells; a series that often has one has few such runs.

    Args:
        values: one per day, in order of time. code: its weekday, 0-6 (all 0 for weeks or months).

    Returns:
        First position and the one after the last of each run.
    """
    empty = ~np.isfinite(values) | (values == 0)
    days, none = np.bincount(code, minlength=WEEK), np.bincount(code, empty, WEEK)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], empty.astype(int), [0]])))
    found: list[tuple[int, int]] = []
    for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        here = np.bincount(code[a:b], minlength=WEEK)
        # The run itself does not make such days usual.
        share = np.clip((none - here) / np.maximum(days - here, 1), RARE, 1.0)
        if b - a > 1 and len(values) * float(np.prod(share[code[a:b]])) < SURE:
            found.append((a, b))
    return tuple(found)


def steps(values: Array, ago: NDArray[np.int64]) -> tuple[Step, ...]:
    """Days from which on the level was clearly another one, and stayed so.

    Two weeks after are held against two weeks before, and their difference against what is usual
    in the series. What came back within four weeks is none, nor is what came a year before too.

    Args:
        values: positive, weekday and holidays out, NaN where missing. ago: position of each day one
            year before, -1 for none.
    """
    logs = np.log(np.where(values > 0, values, np.nan))
    apart = _apart(logs, SIDE)
    known = np.isfinite(apart)
    if known.sum() < 4 * SIDE:
        return ()
    usual = 1.4826 * float(np.median(np.abs(apart[known] - np.median(apart[known]))))
    limit = float(norm.isf(SURE * SIDE / len(values) / 2)) * usual
    found = list[Step]()
    left = np.where(known, np.abs(apart), 0.0)
    while left.max(initial=0.0) > max(limit, SMALLEST) and usual > 0:
        at = int(np.argmax(left))
        left[max(at - SIDE, 0) : at + SIDE + 1] = 0.0
        if _stays(logs, at, apart[at]) and not _each_year(apart, ago, at):
            found.append(Step(at, float(np.expm1(apart[at]))))
    return tuple(sorted(found, key=lambda s: s.at))


def _apart(logs: Array, side: int) -> Array:
    """Mean of so many days from each day on, less that of as many before it."""
    sums = np.concatenate([[0.0], np.nancumsum(logs)])
    seen = np.concatenate([[0.0], np.cumsum(np.isfinite(logs))])
    n = len(logs)
    found = np.full(n, np.nan)
    at = np.arange(side, n - side + 1)
    after, before = seen[at + side] - seen[at], seen[at] - seen[at - side]
    enough = (after >= side / 2) & (before >= side / 2)
    at, after, before = at[enough], after[enough], before[enough]
    found[at] = (sums[at + side] - sums[at]) / after - (sums[at] - sums[at - side]) / before
    return found


def _stays(logs: Array, at: int, size: float) -> bool:
    """At least half of the step lasts; as far as there are days to tell."""
    before, after = logs[max(at - STAYS, 0) : at], logs[at : at + STAYS]
    lasting = float(np.nanmean(after) - np.nanmean(before))
    return lasting * size > 0 and abs(lasting) >= abs(size) / 2


def _each_year(apart: Array, ago: NDArray[np.int64], at: int) -> bool:
    """A like step stood at about the same day a year before."""
    then = int(ago[at])
    if then < 0:
        return False
    near = apart[max(then - SEASON, 0) : then + SEASON + 1]
    near = near[np.isfinite(near)] * np.sign(apart[at])
    return bool(len(near)) and float(near.max()) >= abs(apart[at]) / 2
