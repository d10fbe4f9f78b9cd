"""A peak, then a trough: was what was bought early missing later, and among those who bought?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.distributions import student
from kpilab.stats.tail import critical

Array = NDArray[np.float64]
BEFORE = 4  # windows before the peak that say what is usual
LEAST = 6  # placebos


@dataclass(frozen=True, slots=True)
class Part:
    """Expected and actual amount of a window, with the ends of their difference and its p; NaN
    where the history is too short."""

    expected: float
    actual: float
    low: float
    high: float
    p: float

    @property
    def effect(self) -> float:
        return self.actual - self.expected


def before(amount: Array, skip: int) -> Array:
    """For each window the mean of four windows before it, those right before it left out; NaN
    where there are not so many."""
    ends = np.arange(len(amount)) - skip
    return np.array([amount[e - BEFORE : e].mean() if e >= BEFORE else np.nan for e in ends])


def beyond(amount: Array, base: Array, at: int, former: int, level: float) -> Part:
    """An amount beside what it usually is of its base, as the windows before `former` tell.

    Args:
        amount: of each window, oldest first. base: what each is held against.
        at: the window asked about.
    """
    with np.errstate(all="ignore"):
        ratio = np.log(amount / base)
    usual = ratio[:former][np.isfinite(ratio[:former])]
    if len(usual) < LEAST or not np.isfinite(ratio[at]):
        none = float("nan")
        return Part(none, float(amount[at]), none, none, none)
    middle, df = usual.mean(), len(usual) - 1
    spread = usual.std(ddof=1) * np.sqrt(1 + 1 / len(usual))
    half = critical(level, df) * spread
    low, high = (float(amount[at] - np.exp(middle + s * half) * base[at]) for s in (1, -1))
    p = float(2 * student.sf(abs(ratio[at] - middle) / spread, df)) if spread > 0 else float("nan")
    return Part(float(np.exp(middle) * base[at]), float(amount[at]), low, high, p)
