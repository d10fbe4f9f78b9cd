"""Former pairs of periods in a history: how far each place moved then, and how far the level that
it had before lay from that of the pair's first period.

Arrays hold one row per place and one column per slice of time (a week or a day), up to the
baseline's last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.rootcause.contrast import TINY, Part, Sides, would_be

Array = NDArray[np.float64]
Dates = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Windows:
    """The two periods in slices of time.

    Attributes:
        base, current: slices of each. gap: from the start of the one to that of the other.
        year: slices of a year; None where the history has less than a year before.
    """

    base: int
    current: int
    gap: int
    year: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Former:
    """Places × dates.

    Attributes:
        moves: relative to `sizes`, beyond the rest's. sizes: mean of what was and what would be.
        back: the move that leads from the first period back to the level of all time before it,
            relative to `sizes`.
        before: how many first periods long that time is; one per date.
    """

    moves: Array
    sizes: Array
    back: Array
    before: Array

    @property
    def count(self) -> int:
        return self.moves.shape[1]


def former(place: Part, rest: Part, windows: Windows) -> Former:
    """At every former date for which the history has both periods; no columns where it is too
    short."""
    starts = np.arange(max(0, place.num.shape[1] - windows.gap - windows.current + 1))

    def now(of: Part) -> Part:
        return _sums(of, starts + windows.gap, starts + windows.gap + windows.current)

    return _pairs(place, rest, (now(place), now(rest)), starts, windows)


def present(place: Part, rest: Part, now: tuple[Part, Part], windows: Windows) -> Former:
    """The pair that is asked about: one date.

    Args:
        now: sums of the current period, of the places and of their rest.
    """
    start = np.array([place.num.shape[1] - windows.base])
    columns = tuple(_column(part) for part in now)
    return _pairs(place, rest, (columns[0], columns[1]), start, windows)


def _pairs(
    place: Part, rest: Part, now: tuple[Part, Part], starts: Dates, windows: Windows
) -> Former:
    """Moves between the period at each start and `now`."""

    def sides(first: Dates, end: Dates) -> tuple[Sides, Sides]:
        parts = (_sums(of, first, end) for of in (place, rest))
        own, beside = (Sides(part, later) for part, later in zip(parts, now, strict=True))
        return own, beside

    then, beside = sides(starts, starts + windows.base)
    old, old_beside = sides(np.zeros_like(starts), starts)
    would = would_be(then, beside)
    size = (abs(then.now.num) + abs(would)) / 2
    known = (size > TINY) & (abs(then.base.num) > TINY)
    long = known & (abs(old.base.num) > TINY) & (abs(old_beside.base.num) > TINY)
    scale = np.maximum(size, TINY)
    return Former(
        np.where(known, (then.now.num - would) / scale, 0.0),
        size,
        np.where(long, (would_be(old, old_beside) - would) / scale, 0.0),
        starts / max(windows.base, 1),
    )


def _sums(of: Part, first: Dates, end: Dates) -> Part:
    """Of the slices from each first to before its end."""

    def summed(x: Array) -> Array:
        run = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, 1)], 1)
        return run[:, np.clip(end, 0, None)] - run[:, np.clip(first, 0, None)]

    return Part(summed(of.num), None if of.den is None else summed(of.den))


def _column(part: Part) -> Part:
    return Part(part.num[:, None], None if part.den is None else part.den[:, None])
