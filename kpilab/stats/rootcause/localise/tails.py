"""Tails: deviations of leaves as normal scores, whatever the tails of their noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

Array = NDArray[np.float64]
FREEDOMS = np.array([2.5, 3, 4, 5, 6, 8, 10, 14, 20, 30, 60, 200, 1000])
NORMAL = 900.0  # degrees of freedom from which a tail is that of the normal
MIDDLE = 0.67449  # the middle of |normal|
SIZES = np.append(
    np.linspace(0, 12, 601), np.geomspace(12.1, 1e5, 400)
)  # at which rarity is worked out
FEWEST, BEYOND = (
    200,
    400,
)  # leaves on one side that a tail is learnt from, and how many of them lie in it
# One cube in so many has a leaf that strays beyond six errors for no reason; such leaves thin out
# with the sixth power.
STRAYS, FAR = 3000.0, 6.0


@dataclass(frozen=True, slots=True)
class Tail:
    """Noise to one side: its scale against the fitted one,
    and the degrees of freedom of its tail."""

    scale: float = 1.0
    df: float = np.inf


def tails(score: Array, *, own: bool) -> tuple[Tail, Tail]:
    """Of deviations below and above, in errors, most of which are noise.

    Args:
        own: each side has its own; otherwise both are like the calmer one, as the other may be full
            of shifts.
    """
    low, high = (_tail(side, own=own) for side in (-score[score < 0], score[score > 0]))
    calm = max(low, high, key=lambda tail: tail.df)
    return (low, high) if own else (calm, calm)


def _tail(side: Array, *, own: bool) -> Tail:
    if len(side) < FEWEST:
        return Tail()
    at = min(max(1 - BEYOND / len(side), 0.95), 0.999) if own else 0.9
    middle, far = np.quantile(side, [0.5, at])
    if middle <= 0:
        return Tail(df=float(FREEDOMS[0]))
    ratios = stdtrit(FREEDOMS, (1 + at) / 2) / stdtrit(FREEDOMS, 0.75)
    df = float(np.exp(np.interp(-far / middle, -ratios, np.log(FREEDOMS))))
    return Tail(max(float(middle) / MIDDLE, 0.2) if own else 1.0, df)


def normal_scores(score: Array, tail: tuple[Tail, Tail]) -> Array:
    """The normal deviations that are as rare as these."""
    found = np.zeros(len(score))
    for sign, one in zip((-1.0, 1.0), tail, strict=True):
        side = np.flatnonzero(score * sign > 0)
        size = score[side] * sign / one.scale
        found[side] = sign * np.interp(size, SIZES, _as_rare(one.df, len(score)))
    return found


def _as_rare(df: float, leaves: int) -> Array:
    """Normal deviations as rare as those of `SIZES`."""
    rare = stdtr(df, -SIZES * (stdtrit(df, 0.75) / MIDDLE)) if df < NORMAL else stdtr(1e9, -SIZES)
    far = SIZES > FAR / 2
    rare[far] += (FAR / np.maximum(SIZES[far], FAR)) ** 6 / (STRAYS * leaves)
    return np.maximum(-ndtri(np.maximum(rare, 1e-300)), 0.0)
