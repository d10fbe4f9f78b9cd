"""A peak, then a trough: was what was bought early missing later, and among those who bought?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.distributions import student
from kpilab.stats.multiplicity import benjamini_hochberg
from kpilab.stats.tail import critical

Array = NDArray[np.float64]
Marks = NDArray[np.int64]
USUAL = 28  # days that say what is usual: whole weeks, near enough for a season to move little
LEAST = 6  # placebos


@dataclass(frozen=True, slots=True)
class Part:
    """Expected and actual amount of a window, with the ends of their difference, and p of so much
    more (or less, whichever is asked); NaN where the history is too short."""

    expected: float
    actual: float
    low: float
    high: float
    p: float

    @property
    def effect(self) -> float:
        return self.actual - self.expected


def marks(at: int, step: int, clear: int) -> Marks:
    """The day asked about, last, and former ones, each `step` days apart and at least `clear` days
    before it; oldest first."""
    first = -(-clear // step)
    return at - step * np.append(np.arange(at // step, first - 1, -1), 0)


def window(daily: Array, at: Marks, first: int, last: int) -> Array:
    """The amount of the days from `first` to before `last`, counted from each mark; NaN where they
    are not all known."""
    total = np.concatenate([[0.0], np.cumsum(daily)])
    begin, end = at + first, at + last
    known = (begin >= 0) & (end <= len(daily))
    return np.where(known, total[np.where(known, end, 0)] - total[np.where(known, begin, 0)],
                    np.nan)  # fmt: skip


def usual(daily: Array, at: Marks, apart: int, days: int) -> Array:
    """What so many days bring as a rule: the four weeks tell it that ended `apart` days before each
    mark, so that no campaign that may have begun by then is in them."""
    return window(daily, at, -apart - USUAL, -apart) * (days / USUAL)


def peak(daily: Array, at: int, days: int, apart: int, level: float) -> Part:
    """The days before `at`: how much more than usual?"""
    every = marks(at, days, apart)
    amount, base = window(daily, every, -days, 0), usual(daily, every, apart, days)
    return beyond(amount, base, 1, level)


def trough(daily: Array, at: int, days: int, apart: int, level: float) -> Part:
    """The days from `at` on: how much less than usual?"""
    every = marks(at, days, apart + days)
    amount, base = window(daily, every, 0, days), usual(daily, every, apart, days)
    return beyond(amount, base, -1, level)


def beyond(amount: Array, base: Array, sign: int, level: float) -> Part:
    """The last amount beside what it usually is of its base, as the former ones tell.

    Args:
        amount, base: of each mark, oldest first. sign: 1 asks for more, −1 for less.
    """
    with np.errstate(all="ignore"):
        ratio = np.log(amount / base)
    former = ratio[:-1][np.isfinite(ratio[:-1])]
    actual, none = float(amount[-1]), float("nan")
    if len(former) < LEAST or not np.isfinite(ratio[-1]):
        return Part(none, actual, none, none, none)
    middle, df = former.mean(), len(former) - 1
    spread = former.std(ddof=1) * np.sqrt(1 + 1 / len(former))
    half = critical(level, df) * spread
    expected = float(np.exp(middle) * base[-1])
    low, high = (actual - expected * float(np.exp(s * half)) for s in (1, -1))
    p = float(student.sf(sign * (ratio[-1] - middle) / spread, df)) if spread > 0 else none
    return Part(expected, actual, low, high, p)


def any_of(p: Sequence[float]) -> float:
    """p that none of several like windows is unusual (Simes): those that hold each other tell much
    the same, so that it costs little to look at several. NaN where none is known."""
    q = benjamini_hochberg(p)
    return float(np.nanmin(q)) if np.isfinite(q).any() else float("nan")
