"""Bands: where along a number the deviation changes, so that its values can be named in a word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
MOST = 6  # bands
FALLBACK = 4  # bands of like many bins where nothing says where to cut
CUT = 2.0  # cost of a cut per nat of choosing where: the noise it is held against is a guess
SURE = 4.0  # nats beyond the cost of choosing where
MAD = 0.67449 * np.sqrt(2)  # of differences between neighbours, to the sd of one


def bands(number: Codes, others: Codes, expected: Array, actual: Array) -> tuple[Codes, bool]:
    """Band of each bin of a number, and whether the deviation told where to cut.

    Everything, and every value of the other dimensions, is looked at along the number; the one in
    which the deviation changes most clearly says where.

    Args:
        number: bin of each leaf, 0..n−1 in order. others: one row per other dimension.
        expected, actual: amounts per leaf.
    """
    n = int(number.max(initial=0)) + 1
    contexts = [np.zeros(len(number), dtype=np.intp), *others]
    tried = sum(int(code.max(initial=0)) + 1 for code in contexts)
    best, found = SURE + np.log(tried), None
    for code in contexts:
        size = int(code.max(initial=0)) + 1
        sums = [
            np.bincount(code * n + number, v, size * n).reshape(size, n)
            for v in (actual - expected, np.abs(expected) + np.abs(actual))
        ]
        for gap, amount in zip(*sums, strict=True):
            gain, cuts = _cut(gap, amount / 2)
            if gain > best:
                best, found = gain, cuts
    if found is not None:
        return found, True
    return np.arange(n) * min(FALLBACK, n) // n, False


def _cut(gap: Array, size: Array) -> tuple[float, Codes]:
    """Nats that the best bands save beside one for all, net of choosing the cuts; the band of each
    bin."""
    n, none = len(gap), np.zeros(len(gap), dtype=np.intp)
    shift = np.divide(gap, size, out=np.zeros(n), where=size > 0)
    occurs = np.flatnonzero(size > 0)
    if len(occurs) < 2 * FALLBACK:
        return 0.0, none
    steps = np.abs(np.diff(shift[occurs]))
    noise = float(np.median(steps) or np.mean(steps)) / MAD
    if noise == 0:
        return 0.0, none
    saved, band = _parted(shift, np.where(size > 0, 1 / noise**2, 0.0))
    # noise that is itself uncertain: the evidence of t, not of the normal
    freedom = len(occurs) - 2
    return float(freedom / 2 * np.log1p(2 * saved / freedom)), band


def _parted(shift: Array, weight: Array) -> tuple[float, Codes]:
    """The best parts of a row of shifts, by what they save (nats, net of their cost)."""
    n = len(shift)
    total, pull = (np.append(0.0, np.cumsum(v)) for v in (weight, weight * shift))
    # gain[a, b]: half the squared pull of bins a..b−1, the evidence of a shift of their own
    width = total[None, :] - total[:, None]
    squared = (pull[None, :] - pull[:, None]) ** 2
    gain = np.divide(squared, 2 * width, out=np.zeros_like(width), where=width > 0)
    cost = CUT * np.log(n)
    best, back = gain[0].copy(), [np.zeros(n + 1, dtype=np.intp)]
    scores, before = [best[n]], np.triu(np.ones((n + 1, n + 1), dtype=bool), 1)
    for _ in range(1, MOST):
        step = np.where(before, best[:, None] + gain, -np.inf)
        back.append(np.argmax(step, axis=0))
        best = np.max(step, axis=0)
        scores.append(best[n] - cost * len(scores))
    parts = int(np.argmax(scores))
    ends, at = [], n
    for k in range(parts, 0, -1):
        at = int(back[k][at])
        ends.append(at)
    band = np.searchsorted(np.sort(ends), np.arange(n), side="right").astype(np.intp)
    return max(float(scores[parts] - scores[0]), 0.0), band
