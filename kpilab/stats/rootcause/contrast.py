"""One place against the rest of its table: did it move on its own between two periods?

The rest moves with the season, the trend and the market, and so does the place: what is left is its
own. Arrays hold one row per place, and one column per group of units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Truth = NDArray[np.bool_]
TINY = 1e-12
PART_OF_REST = 0.5
FEWEST = 5  # groups of units that must hold something, for a noise to be read from them


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One period: numerators, and denominators where it is a rate."""

    num: Array
    den: Array | None = None

    def __sub__(self, other: Part) -> Part:
        below = None if self.den is None or other.den is None else self.den - other.den
        return Part(self.num - other.num, below)

    def total(self) -> Part:
        """Over all columns."""
        return Part(self.num.sum(-1), None if self.den is None else self.den.sum(-1))

    def between(self, first: int, end: int) -> Part:
        """Some of the columns."""
        return Part(self.num[:, first:end], None if self.den is None else self.den[:, first:end])

    def level(self, length: int) -> Array:
        """The rate of each row over all columns; per day (slice) of a `length` for what adds up."""
        all_ = self.total()
        return over(all_.num, np.full_like(all_.num, length) if all_.den is None else all_.den)

    def above(self, other: Part) -> Part:
        """The rows of both."""
        below = None
        if self.den is not None and other.den is not None:
            below = np.vstack([self.den, other.den])
        return Part(np.vstack([self.num, other.num]), below)

    def together(self) -> Part:
        """All rows as one place."""
        below = None if self.den is None else self.den.sum(0, keepdims=True)
        return Part(self.num.sum(0, keepdims=True), below)


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Baseline and current period."""

    base: Part
    now: Part

    def __sub__(self, other: Sides) -> Sides:
        return Sides(self.base - other.base, self.now - other.now)

    def total(self) -> Sides:
        return Sides(self.base.total(), self.now.total())

    def above(self, other: Sides) -> Sides:
        return Sides(self.base.above(other.base), self.now.above(other.now))

    def together(self) -> Sides:
        return Sides(self.base.together(), self.now.together())


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """How far each place moved on its own.

    Attributes:
        amount: current numerator beyond what it would be, had the place moved as the rest did.
        scale: mean size of the two, by which amounts become relative.
        error: standard error of `amount` by the groups of units. df: its degrees of freedom.
        known: whether enough groups speak for it: in both periods for a rate, in either for what
            adds up.
    """

    amount: Array
    scale: Array
    error: Array
    df: Array
    known: Truth

    @property
    def relative(self) -> Array:
        """Move as a share of the mean of what is and what would be, -2 to 2."""
        return self.amount / np.maximum(self.scale, TINY)


def would_be(place: Sides, rest: Sides) -> Array:
    """The current numerators of places that moved as their rest did; sums of each period.

    A rate moves by the same factor, or by the same difference where rates may be negative.
    """
    base, now, base_rest, now_rest = place.base, place.now, rest.base, rest.now
    if base.den is None or now.den is None or base_rest.den is None or now_rest.den is None:
        return base.num * over(now_rest.num, base_rest.num)
    was = over(base.num, base.den)
    was_rest, is_rest = over(base_rest.num, base_rest.den), over(now_rest.num, now_rest.den)
    if _negative(place, rest):
        return now.den * (was + is_rest - was_rest)
    return now.den * was * over(is_rest, was_rest)


def contrast(place: Sides, rest: Sides) -> Contrast:
    """Each place against its rest, with the error that the groups of units give."""
    p, r = place.total(), rest.total()
    would = would_be(p, r)
    per_group = _volumes(place, rest, p, r) if p.base.den is None else _rates(place, rest, p, r)
    n = np.maximum(_holding(place).sum(-1), 2)  # what a place's empty groups say is of the rest
    square = np.maximum((per_group**2).sum(-1), _least(place, rest, p, r))
    kurtosis = n * (per_group**4).sum(-1) / np.maximum(square, TINY) ** 2
    df = np.clip(2 * n / np.maximum(kurtosis - 1, TINY), 1.0, n - 1.0)
    error = np.sqrt(square * n / (n - 1))
    known = _enough(place) & _enough(rest) & _there(r) & (error > 0)
    return Contrast(p.now.num - would, (abs(p.now.num) + abs(would)) / 2, error, df, known)


def fuller(place: Sides, would: Array) -> Array:
    """By how much the variance of a fall grows when it is that of what would have been against the
    baseline: the little that is left varies less than the whole would have. 1 for a rise.

    Args:
        place: sums of each period. would: the current numerators without the fall.
    """
    base, now = place.base.num, place.now.num
    fell = (now >= 0) & (would > now) & (base > TINY)
    if place.base.den is not None:
        return np.where(fell, 2 / (1 + over(now, would)), 1.0)
    grown, usual = over(now, base), over(would, base)
    by_own = over(usual * (1 + usual), grown * (1 + grown))
    by_least = over((1 + usual) * usual, PART_OF_REST * (grown + usual**2))
    # Nothing left, nothing varies: then the noise is that of `_least` already.
    by_own = np.where(grown > TINY, by_own, np.inf)
    return np.where(fell, np.maximum(np.minimum(by_own, by_least), 1.0), 1.0)


def over(above: Array, below: Array) -> Array:
    """Quotients; 0 where there is nothing below."""
    shape = np.broadcast(above, below).shape
    return np.divide(above, below, out=np.zeros(shape), where=abs(below) > TINY)


def _negative(place: Sides, rest: Sides) -> bool:
    parts = (place.base, place.now, rest.base, rest.now)
    return bool(min(part.num.min(initial=0.0) for part in parts) < 0)


def _volumes(place: Sides, rest: Sides, p: Sides, r: Sides) -> Array:
    """What each group adds to the move of what adds up, beyond what its size says."""
    share = over(p.base.num, r.base.num)[:, None]
    return _grown(place, p) - share * _grown(rest, r)


def _grown(side: Sides, total: Sides) -> Array:
    """Each group's current numerator beyond its place's growth."""
    return side.now.num - over(total.now.num, total.base.num)[:, None] * side.base.num


def _least(place: Sides, rest: Sides, p: Sides, r: Sides) -> Array:
    """The square of what adds up is not below a part of what the rest's own noise lets expect: a
    place that is all gone shows none any more."""
    if p.base.den is not None:
        return np.zeros(len(p.now.num))
    would = would_be(p, r)
    size = abs(r.now.num) + abs(over(r.now.num, r.base.num) ** 2 * r.base.num)
    by_size = (_grown(rest, r) ** 2).sum(-1) / np.maximum(size, TINY)
    own = abs(p.now.num) + abs(over(r.now.num, r.base.num) * would)
    return PART_OF_REST * by_size * own


def _rates(place: Sides, rest: Sides, p: Sides, r: Sides) -> Array:
    """What each group adds to the move of a rate."""
    then, now = _off(place.base, p.base), _off(place.now, p.now)
    then_rest, now_rest = _off(rest.base, r.base), _off(rest.now, r.now)
    grown = over(_den(p.now), _den(p.base))[:, None]
    if _negative(p, r):
        beside = now_rest / _safe(_den(r.now)) - then_rest / _safe(_den(r.base))
        return now - grown * then - _den(p.now)[:, None] * beside
    was, is_now = (over(s.num, _den(s)) for s in (r.base, r.now))
    beside = now_rest / _safe(r.now.num) - then_rest / _safe(r.base.num)
    would = would_be(p, r)[:, None]
    return now - grown * over(is_now, was)[:, None] * then - would * beside


def _off(part: Part, total: Part) -> Array:
    """What each group's numerator is beyond its place's rate."""
    return part.num - over(total.num, _den(total))[:, None] * _den(part)


def _den(part: Part) -> Array:
    return np.ones_like(part.num) if part.den is None else part.den


def _safe(below: Array) -> Array:
    return np.where(abs(below) > TINY, below, np.inf)[:, None]


def _there(rest: Sides) -> Truth:
    """Whether the rest has anything in both periods: nothing moves as what was zero did."""
    return (abs(rest.base.num) > TINY) & (abs(rest.now.num) > TINY)


def _holding(side: Sides) -> Truth:
    """Groups that hold anything, in either period."""
    held = (side.base.num != 0) | (side.now.num != 0)
    return held if side.base.den is None else held | (side.base.den > 0)


def _enough(side: Sides) -> Truth:
    if side.base.den is None or side.now.den is None:
        return _holding(side).sum(-1) >= FEWEST
    counts = np.minimum((side.base.den > 0).sum(-1), (side.now.den > 0).sum(-1))
    return counts >= FEWEST
