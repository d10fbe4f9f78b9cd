"""Do fewer customers carry a loss than the usual ups and downs of customers would let?"""

from __future__ import annotations

from dataclasses import dataclass

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


def concentrated(amounts: Array, rng: np.random.Generator, level: float = 0.95) -> Carried:
    """The customers who carry a loss from the window before the last to the last.

    Null: each customer's change relative to the common course is drawn from those that customers of
    like size had between former windows. p counts that any
    number of customers up to twenty is looked at.

    Args:
        amounts: customers × windows, oldest first; 0 for none.
    """
    before, now = np.maximum(amounts[:, -2], 0.0), np.maximum(amounts[:, -1], 0.0)
    pairs = amounts.shape[1] - 2
    there = np.flatnonzero(before > 0)
    if pairs < LEAST_PAIRS or len(there) < LEAST_CUSTOMERS:
        return NOTHING
    base, course = before[there], _course(before, now)
    lost = base - now[there] / course
    order = np.argsort(-lost, kind="stable")
    k = min(MOST, len(there) // 10)
    seen = np.cumsum(lost[order][:k])
    usual = _drawn(amounts[:, :-1], base, k, rng)
    rank = (usual >= seen).sum(axis=0) + 1
    ranks = (-usual).argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") + 1
    least = np.sort(ranks.min(axis=1))
    p = (np.searchsorted(least, rank.min(), side="right") + 1) / (len(usual) + 1)
    beyond = seen - np.median(usual, axis=0)
    best = int(np.argmax(beyond >= CARRY * beyond.max()))
    ends = np.quantile(usual[:, best], [0.5, 0.5 - level / 2, 0.5 + level / 2])
    middle, low, high = (float(e) for e in ends)
    chosen = order[: best + 1]
    return Carried(there[chosen], lost[chosen], middle, low, high, float(p))


def _course(before: Array, now: Array) -> float:
    """How the customers who were there moved in common, those at either end left out."""
    there = before > 0
    a, b = before[there], now[there]
    moved = np.argsort(b - a)
    cut = min(TRIMMED, len(moved) // 10)
    inner = moved[cut : len(moved) - cut]
    return float(max(b[inner].sum() / a[inner].sum(), 1e-9))


def _drawn(history: Array, base: Array, k: int, rng: np.random.Generator) -> Array:
    """Draws × k: what the one, two … largest losers lose if all are as restless as before."""
    sizes, moves = [], []
    for w in range(1, history.shape[1]):
        before, now = np.maximum(history[:, w - 1], 0.0), np.maximum(history[:, w], 0.0)
        there = before > 0
        if there.sum() < LEAST_CUSTOMERS:
            continue
        sizes.append(before[there] / before.sum())
        moves.append(1 - now[there] / _course(before, now) / before[there])
    size, move = np.concatenate(sizes), np.concatenate(moves)
    edges = np.quantile(size, np.arange(1, CLASSES) / CLASSES)
    mine, theirs = np.searchsorted(edges, base / base.sum()), np.searchsorted(edges, size)
    lost = np.empty((DRAWS, len(base)))
    for c in np.unique(mine):
        pool, at = move[theirs == c], np.flatnonzero(mine == c)
        lost[:, at] = rng.choice(pool, (DRAWS, len(at))) * base[at]
    top = -np.partition(-lost, k, axis=1)[:, :k]
    return np.cumsum(-np.sort(-top, axis=1), axis=1)
