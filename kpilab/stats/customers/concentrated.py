"""Do fewer customers carry a loss than the usual ups and downs of customers would let?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CARRY = 0.8  # of what is beyond the usual: the fewest customers who carry so much are named
MOST = 20  # customers that may still be called few
CLASSES = 5  # of size; each is as restless as it was
TRIMMED = 20  # customers at each end that do not say how the others moved
DRAWS = 4000
LEAST_PAIRS, LEAST_CUSTOMERS = 2, 30


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """Attributes:
    order: customers (positions) who lost most, most first; as many as carry the loss.
    lost: what each of `order` lost beyond the common course, in amount.
    usual, low, high: what as many customers usually lose (middle, and ends of the level).
    p: of so much in so few hands, whatever their number; NaN where too little is known.
    """

    order: NDArray[np.int64]
    lost: Array
    usual: float
    low: float
    high: float
    p: float


NOTHING = Carried(np.empty(0, np.int64), np.empty(0), np.nan, np.nan, np.nan, np.nan)


def concentrated(
    amounts: Array, rng: np.random.Generator, level: float = 0.95, ends: Array | None = None
) -> Carried:
    """The customers who carry a loss from the window before the last to the last.

    Null: each customer's change relative to the common course is drawn from those that customers of
    like size had between former windows. p counts that any
    number of customers up to twenty is looked at.

    Args:
        amounts: customers × windows, oldest first; 0 for none.
        ends: the same as each window ends, where that tells who stopped: who leaves inside a window
            still has a part of its amount. p is of these; named are the fewer, by these or by
            amounts, if both tell so: who left at first carries more of what the window lost. Sizes
            are those of `amounts` all the same.
    """
    by_amount = _carried(amounts, amounts, rng, level)
    if ends is None:
        return by_amount
    by_end = _carried(ends, amounts, rng, level)
    fewest = min(by_end, by_amount, key=lambda c: (not c.p <= 1 - level, len(c.order)))
    return replace(fewest, p=by_end.p)


def _carried(told: Array, amounts: Array, rng: np.random.Generator, level: float) -> Carried:
    """The same as one of the two views tells it."""
    before = np.maximum(told[:, -2], 0.0)
    pairs = told.shape[1] - 2
    there = np.flatnonzero(before > 0)
    if pairs < LEAST_PAIRS or len(there) < LEAST_CUSTOMERS:
        return NOTHING
    lost = _lost(told)[there]
    order = np.argsort(-lost, kind="stable")
    k = min(MOST, len(there) // 10)
    seen = np.cumsum(lost[order][:k])
    former = told[:, :-1]
    usual, sizes = _drawn(former, former if told is amounts else amounts[:, :-1], there, k, rng)
    rank = (usual >= seen).sum(axis=0) + 1
    ranks = (-usual).argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") + 1
    least = np.sort(ranks.min(axis=1))
    p = (np.searchsorted(least, rank.min(), side="right") + 1) / (len(usual) + 1)
    beyond = seen - np.median(usual, axis=0)
    best = int(np.argmax(beyond >= CARRY * beyond.max()))
    quantiles = np.quantile(sizes[:, best], [0.5, 0.5 - level / 2, 0.5 + level / 2])
    middle, low, high = (float(e) for e in quantiles)
    chosen = there[order[: best + 1]]
    return Carried(chosen, _lost(amounts)[chosen], middle, low, high, float(p))


def _lost(amounts: Array) -> Array:
    """What each customer lost from the window before the last to the last, beyond the common
    course."""
    before, now = np.maximum(amounts[:, -2], 0.0), np.maximum(amounts[:, -1], 0.0)
    return before - now / _course(before, now)


def _course(before: Array, now: Array) -> float:
    """How the customers who were there moved in common, those at either end left out."""
    there = before > 0
    a, b = before[there], now[there]
    moved = np.argsort(b - a)
    cut = min(TRIMMED, len(moved) // 10)
    inner = moved[cut : len(moved) - cut]
    return float(max(b[inner].sum() / a[inner].sum(), 1e-9))


def _drawn(
    told: Array, amounts: Array, there: NDArray[np.int64], k: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draws × k: what the one, two … largest losers lose if all are as restless as before, by what
    tells who they are and in amount."""
    size, move, whole = _moves(told, amounts)
    last = np.maximum(told[:, -1], 0.0)
    base, worth = last[there], np.maximum(amounts[there, -1], 0.0)
    edges = np.quantile(size, np.arange(1, CLASSES) / CLASSES)
    mine, theirs = np.searchsorted(edges, base / base.sum()), np.searchsorted(edges, size)
    drawn = np.empty((DRAWS, len(base)), np.int32)
    for c in np.unique(mine):
        pool, at = np.flatnonzero(theirs == c).astype(np.int32), np.flatnonzero(mine == c)
        drawn[:, at] = rng.choice(pool, (DRAWS, len(at)))
    lost = move.take(drawn) * base
    if told is amounts:  # three times as fast
        top = -np.partition(-lost, k, axis=1)[:, :k]
        usual = np.cumsum(-np.sort(-top, axis=1), axis=1)
        return usual, usual
    most = np.argpartition(-lost, k, axis=1)[:, :k]
    top = np.take_along_axis(lost, most, axis=1)
    most = np.take_along_axis(most, np.argsort(-top, axis=1, kind="stable"), axis=1)
    usual = np.cumsum(np.take_along_axis(lost, most, axis=1), axis=1)
    each = whole[np.take_along_axis(drawn, most, axis=1)] * worth[most]
    return usual, np.cumsum(each, axis=1)


def _moves(told: Array, amounts: Array) -> tuple[Array, Array, Array]:
    """Of every customer in every former window: its part of all, and which part of its own it lost
    beyond the common course, by what tells and in amount."""
    sizes, moves, wholes = [], [], []
    for w in range(1, told.shape[1]):
        before, held = (np.maximum(x[:, w - 1], 0.0) for x in (told, amounts))
        there = before > 0
        if there.sum() < LEAST_CUSTOMERS:
            continue
        lost, gone = (_lost(x[:, : w + 1])[there] for x in (told, amounts))
        sizes.append(before[there] / before.sum())
        moves.append(lost / before[there])
        wholes.append(gone / np.where(held[there] > 0, held[there], np.inf))
    return np.concatenate(sizes), np.concatenate(moves), np.concatenate(wholes)
