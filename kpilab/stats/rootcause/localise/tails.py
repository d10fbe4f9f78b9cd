"""Tails: deviations of leaves as normal scores, whatever the tails of their noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

from kpilab.stats.rootcause.localise.noise import sample

Array = NDArray[np.float64]
FREEDOMS = np.array([2.5, 3, 4, 5, 6, 8, 10, 14, 20, 30, 60, 200, 1000])
MIDDLES = stdtrit(FREEDOMS, 0.75)
NORMAL = 900.0  # degrees of freedom from which a tail is that of the normal
MIDDLE = 0.67449  # the middle of |normal|
# Sizes at which rarity is worked out: even steps up to `NEAR`, so that a place among them is known.
NEAR, STEPS = 12.0, 300
SIZES = np.append(np.linspace(0, NEAR, STEPS + 1), np.geomspace(12.1, 1e5, 150))
AT_ONCE = 1 << 16  # deviations that are read off together, near enough to the processor
FEWEST, BEYOND = (
    200,
    400,
)  # leaves on one side that a tail is learnt from, and how many of them lie in it
# One cube in so many has a leaf that strays beyond six errors for no reason; such leaves thin out
# with the sixth power.
STRAYS, FAR = 3000.0, 6.0
# A deviation may look normal relative to the mean of expected and actual, to the larger of them (a
# share of it is lost), or to the smaller.
BENDS = (0.0, 1.0, -1.0)


@dataclass(frozen=True, slots=True)
class Tail:
    """Noise to one side.

    Attributes:
        scale: against the fitted one. df: degrees of freedom of its tail.
        bend: what deviations are relative to where they look most normal (`BENDS`).
    """

    scale: float = 1.0
    df: float = np.inf
    bend: float = 0.0


def tails(
    shift: Array, error: Array, *, own: bool, known: NDArray[np.bool_] | None = None
) -> tuple[Tail, Tail]:
    """Of deviations below and above, most of which are noise.

    Args:
        shift: deviations, relative to the mean of expected and actual; error: of each.
        own: each side has its own; otherwise both are like the calmer one, as the other may be full
            of shifts.
        known: which deviations are looked at; all where None.
    """
    at = sample(known, len(shift))
    shift, error = shift[at], error[at]
    signs, scores = (shift < 0, shift > 0), shift / error
    counts = [int(np.count_nonzero(side)) for side in signs]
    if max(counts) < FEWEST:
        return Tail(), Tail()
    far = [_far(n, own=own) for n in counts]
    # Both sides are read off one row of deviations, those below backwards.
    ranks = [(counts[0] - 1) * np.array([0.5, 1 - far[0]])]
    ranks += [len(scores) - counts[1] + (counts[1] - 1) * np.array([0.5, far[1]])]
    sizes = np.abs(_ranked(scores, np.concatenate(ranks))).reshape(2, 2)
    one = float(error[0]) if error.min() == error.max() else None
    low, high = (
        _tail(size, at, float(np.median(error[side])) if one is None else one, own=own)
        if n >= FEWEST
        else Tail()
        for size, at, side, n in zip(sizes, far, signs, counts, strict=True)
    )
    calm = max(low, high, key=lambda tail: tail.df)
    return (low, high) if own else (calm, calm)


def _far(n: int, *, own: bool) -> float:
    """The quantile of n deviations beyond which the tail is."""
    return min(max(1 - BEYOND / max(n, 1), 0.95), 0.999) if own else 0.9


def _ranked(values: Array, ranks: Array) -> Array:
    """Values of some ranks, which may lie between two."""
    ranks = np.clip(ranks, 0, len(values) - 1)
    low = np.floor(ranks).astype(np.intp)
    high = np.minimum(low + 1, len(values) - 1)
    ordered = np.sort(values)  # twice as fast as a partition by so many ranks
    return ordered[low] + (ordered[high] - ordered[low]) * (ranks - low)


def _tail(sizes: Array, at: float, usual: float, *, own: bool) -> Tail:
    """Of deviations to one side, in errors: the middle one, and that of the quantile `at`; `usual`
    is the middle error."""
    normal, best = float(ndtri((1 + at) / 2)) / MIDDLE, (np.inf, Tail(df=float(FREEDOMS[0])))
    # errors are much alike, so that bending keeps the order of deviations
    ratios = stdtrit(FREEDOMS, (1 + at) / 2) / MIDDLES
    for bend in BENDS:
        middle, far = _bent(sizes * usual, bend) / usual
        ratio = far / middle if middle > 0 else np.inf
        off = abs(float(np.log(ratio / normal)))
        if off < best[0]:
            df = float(np.exp(np.interp(-ratio, -ratios, np.log(FREEDOMS))))
            best = off, Tail(max(float(middle) / MIDDLE, 0.2) if own else 1.0, df, bend)
    return best[1]


def _bent(size: Array, bend: Array | float) -> Array:
    """Deviations relative to the mean, told relative to something else."""
    return size / np.maximum(1 + bend / 2 * size, 1e-6) if np.any(bend) else size


def normal_scores(shift: Array, error: Array, tail: tuple[Tail, Tail]) -> Array:
    """The normal deviations that are as rare as these."""
    rare = {df: _as_rare(df, len(shift)) for df in {one.df for one in tail}}
    rows = np.array([rare[one.df] for one in tail])
    found = np.empty(len(shift))
    for first in range(0, len(shift), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        above = shift[part] > 0
        scale, bend = (
            np.where(above, high, low) if low != high else low
            for low, high in ((getattr(one, k) for one in tail) for k in ("scale", "bend"))
        )
        size = _bent(np.abs(shift[part]), bend) / (error[part] * scale)
        found[part] = np.copysign(_read(size, above, rows), shift[part])
    return found


def _read(size: Array, row: NDArray[np.bool_], values: Array) -> Array:
    """Values between those at `SIZES`, from one of two rows."""
    far = np.flatnonzero(size >= NEAR)
    steps = size * (STEPS / NEAR)
    steps[far] = 0.0
    at = steps.astype(np.intp)
    steps -= at
    at += row * values.shape[1]
    steps *= np.diff(values.ravel())[at]
    steps += values.ravel()[at]
    for k, one in enumerate(values):
        mine = far[row[far] == k]
        steps[mine] = np.interp(size[mine], SIZES, one)
    return steps


def _as_rare(df: float, leaves: int) -> Array:
    """Normal deviations as rare as those of `SIZES`."""
    rare = stdtr(df, -SIZES * (stdtrit(df, 0.75) / MIDDLE)) if df < NORMAL else stdtr(1e9, -SIZES)
    far = SIZES > FAR / 2
    rare[far] += (FAR / np.maximum(SIZES[far], FAR)) ** 6 / (STRAYS * leaves)
    return np.maximum(-ndtri(np.maximum(rare, 1e-300)), 0.0)
