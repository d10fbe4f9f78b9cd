"""Search: the few elements whose shift shortens the description of a cube,
under noise that is fitted to the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.rootcause.localise.cuboids import Cuboid, Hit
from kpilab.stats.rootcause.localise.evidence import Board, enough, evidence, parts_say_more
from kpilab.stats.rootcause.localise.fewleaves import few_leaves
from kpilab.stats.rootcause.localise.leaves import Leaves
from kpilab.stats.rootcause.localise.noise import (
    CALM,
    CALMED,
    PLENTY,
    Noise,
    levels,
    sample,
    some,
)
from kpilab.stats.rootcause.localise.tails import normal_scores, tails

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
MOST, CANDIDATES, ROUNDS = 30, 60, 3
MANY = 400  # leaves from which the noise is read off the calm ones, bin by bin of size
FIRST = 3  # elements taken under the noise of counts alone, before the noise is fitted to the rest
# so many leaves must there be for each of them
APIECE = 8
# How far the centre may lie from "as expected" before anything is found, in errors of a leaf; how
# much a stray leaf may pull at it, and its rounds.
OFF, PULL, SETTLING = 0.1, 1.5, 3
# share of count noise from which deviations of leaves have no tails of their own to be learnt
SKEWED = 0.3
# Share of the evidence it needs that an element must have outside of the hits that it runs through.
NEARLY = 0.5
# Share of the leaves by which those that say what noise is may differ from those found to be left.
SAME = 0.0005
SMALLEST = 1e-12  # variance of a deviation
SIGNIFICANT = 4.0  # squared errors from which the centre is moved
BIT = 0.1  # errors of a leaf by which it may move while what was found need not be searched again


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """Leaves of a cube, and what is known of their noise (see `levels`).

    Attributes:
        floor: variance of each from rounding. sampled: whether their noise is known to be that of
            counts.
    """

    spaces: list[Cuboid]
    codes: NDArray[np.intp]
    expected: Array
    actual: Array
    spread: Array
    least: float
    floor: float
    sampled: bool

    def fit(self, live: Mask, *, first: bool) -> Noise:
        """The noise of leaves most of which are normal;
        all the more where it is not the `first` fit."""
        at = sample(live, len(live), PLENTY)
        expected, actual, spread = self.expected[at], self.actual[at], self.spread[at]
        if first and self.sampled:
            return Noise(max(self.least, 1e-12), 0.0, 1.0, floor=self.floor)
        if len(live) < MANY:
            noise = few_leaves(expected, actual, spread, least=self.least, floor=self.floor)
        else:
            part = CALM if first else CALMED
            told = levels(expected, actual, spread, calm=part)
            noise = told.noise(least=self.least, calmer=first)
        return replace(noise, floor=self.floor)

    def scaled(self, factor: float) -> Amounts:
        return self if factor == 1 else replace(self, expected=self.expected * factor)


@dataclass(frozen=True, slots=True, eq=False)
class Description:
    """What was found when everything is held against `factor` times the expectation.

    Attributes:
        hits: strongest first. live: leaves outside of them. likelihood: log likelihood of all
            leaves, net of costs.
    """

    factor: float
    hits: list[Hit]
    live: Mask
    noise: Noise
    likelihood: float
    leaves: Leaves


def described(amounts: Amounts, least: float, factor: float = 1.0) -> Description:
    """The elements found, the noise fitted to what they leave.

    Args:
        least: evidence (nats) an element must have beyond the cost of naming it.
        factor: of the expectation that leaves are held against.
    """
    if amounts.sampled and len(amounts.expected) < MANY:
        return _one_by_one(amounts.scaled(factor), least, factor)
    return _rounds(amounts, least, factor)


def _one_by_one(amounts: Amounts, least: float, factor: float) -> Description:
    """Few leaves of known noise: what is more than that is learnt from the rest after each find;
    after several at first, as a single one may leave others to be taken for noise."""
    several = min(FIRST, len(amounts.expected) // APIECE)
    tried = [_learnt(amounts, least, factor, at_first) for at_first in {1, max(several, 1)}]
    return max(tried, key=lambda told: told.likelihood)


def _learnt(amounts: Amounts, least: float, factor: float, at_first: int) -> Description:
    live, hits = np.ones(len(amounts.expected), dtype=bool), []
    noise = amounts.fit(live, first=True)
    while len(hits) < MOST:
        most = 1 if hits else at_first
        found, live = _taken(amounts, _leaves(amounts, noise, live), noise, live, least, most)
        if not found:
            break
        hits += found
        noise = amounts.fit(live, first=False) if live.any() else noise
    leaves = _leaves(amounts, noise, live)
    kept = [
        k
        for h in hits
        if (k := _still(amounts.spaces, h, leaves.of(h.leaves), noise, least)) is not None
    ]
    return _description(amounts, leaves, noise, kept, live, factor)


def _still(
    spaces: list[Cuboid], hit: Hit, leaves: Leaves, noise: Noise, least: float
) -> Hit | None:
    """The hit as it stands under another noise; None where it does not. `leaves`: its own."""
    cost = spaces[hit.cuboid].cost
    found = float(evidence(leaves.summed())[0])
    return replace(hit, gain=found - cost) if found > noise.needed(cost + least) else None


def _rounds(amounts: Amounts, least: float, factor: float) -> Description:
    """Many leaves: all is searched, noise and centre are fitted again to what is left, until
    what was found stands under the noise that it leaves, and nothing else does."""
    every = np.ones(len(amounts.expected), dtype=bool)
    live, hits, apart, k = every, [], 0.0, -1
    while True:
        k += 1
        now = amounts.scaled(factor)
        noise = now.fit(live, first=k == 0)
        if k == 0:
            first = _settled(now, noise)
            factor, now = factor * first, now.scaled(first)
        leaves = _leaves(now, noise, live if k else None)
        if k == 1 and abs(apart) < BIT:
            again = _confirmed(now, leaves, noise, hits, least)
            if again is not None:
                return _description(now, leaves, noise, *again, factor)
        most = FIRST if amounts.sampled and k == 0 else MOST
        hits, left = _taken(now, leaves, noise, every, least, most)
        centre, apart = _centre(leaves, left)
        same = k > 0 and np.count_nonzero(left != live) <= SAME * len(live)
        live = left
        if k == ROUNDS - 1 or same or live.sum() < 2 or not (hits or centre):
            return _description(now, leaves, noise, hits, live, factor)
        factor *= (2 + centre) / (2 - centre)


def _centre(leaves: Leaves, left: Mask) -> tuple[float, float]:
    """Where the middle of the leaves that are left lies, 0 within noise; the same in errors of a
    leaf."""
    sure = 1 / leaves.variance[left]
    total = float(sure.sum())
    centre = float(np.sum(sure * leaves.shift[left])) / total if total else 0.0
    if centre**2 * total <= SIGNIFICANT:
        return 0.0, 0.0
    return centre, centre * float(np.sqrt(total / len(sure)))


def _confirmed(
    amounts: Amounts, leaves: Leaves, noise: Noise, hits: list[Hit], least: float
) -> tuple[list[Hit], Mask] | None:
    """The hits but for single leaves that no longer stand under another noise, and what they leave;
    None where anything else has changed, or there is something to be found beside them."""
    kept, live = [], np.ones(len(amounts.expected), dtype=bool)
    for hit in hits:
        mine, space = leaves.of(hit.leaves), amounts.spaces[hit.cuboid]
        found = float(enough(mine.summed(), noise.needed(space.cost + least), noise)[0])
        if found and not parts_say_more(mine, space.dims, found):
            kept.append(replace(hit, gain=found - space.cost))
            live[hit.leaves] = False
        elif len(hit.leaves) > 1:
            return None
    board = Board(amounts.spaces, leaves, noise, least, live)
    found = _best(board) or _crossing(board, kept, noise, least)
    return None if found else (sorted(kept, key=lambda h: -h.gain), live)


def _leaves(amounts: Amounts, noise: Noise, calm: Mask | None) -> Leaves:
    """Deviations as normal scores; tails are learnt from leaves known to be calm,
    else from the calmer side."""
    shift, variance, alike = _deviations(amounts, noise, slice(None))
    if _even(amounts, noise):
        error = np.sqrt(variance)
        tail = tails(shift, error, own=calm is not None, known=calm)
        shift = normal_scores(shift, error, tail) * error
    return Leaves(amounts.codes, shift, variance, alike)


def _deviations(
    amounts: Amounts, noise: Noise, at: slice | NDArray[np.intp]
) -> tuple[Array, Array, bool]:
    """Deviations of some leaves, their variance, and whether that is one for all."""
    expected, actual = amounts.expected[at], amounts.actual[at]
    mean = (expected + actual) / 2
    shift = (actual - expected) / mean
    if noise.dispersion == 0 and noise.floor == 0:
        return shift, np.full(len(mean), noise.relative**2 + SMALLEST), True
    variance = noise.variance(mean, amounts.spread[at]) / mean**2 + SMALLEST
    return shift, variance, False


def _even(amounts: Amounts, noise: Noise) -> bool:
    """Are deviations of leaves alike in their noise, so that it can be learnt from all of them?"""
    if noise.relative > 0 and noise.count_share < SKEWED:
        return True
    if amounts.least > 0 or len(amounts.expected) < MANY or noise.dispersion == 0:
        return False
    typical = float(np.median(amounts.expected + amounts.actual)) / 2
    return 2 * noise.dispersion * typical > noise.floor


def _settled(amounts: Amounts, noise: Noise) -> float:
    """Where the middle of all leaves lies against the expectation: a factor near 1."""
    if not _even(amounts, noise):
        return 1.0
    shift, variance, _ = _deviations(amounts, noise, some(len(amounts.expected), PLENTY))
    error, sure, centre = np.sqrt(variance), 1 / variance, 0.0
    most = OFF * float(np.median(error))
    for _ in range(SETTLING):
        gap = np.clip(shift - centre, -PULL * error, PULL * error)
        moved = float(np.sum(sure * gap) / (sure.sum() + 1 / most**2))
        centre = float(np.clip(centre + moved, -most, most))
    return (2 + centre) / (2 - centre)


def _taken(
    amounts: Amounts, leaves: Leaves, noise: Noise, live: Mask, least: float, most: int
) -> tuple[list[Hit], Mask]:
    """The best elements, each without those before it; and the leaves that are left."""
    board, hits = Board(amounts.spaces, leaves, noise, least, live), []
    while len(hits) < most:
        hit = _best(board) or _crossing(board, hits, noise, least)
        if hit is None:
            break
        hits.append(Hit(*_shortest(board.spaces, hit.cuboid, hit.element), hit.gain, hit.leaves))
        board.take(hit.leaves, hit.cuboid, hit.element)
    return hits, board.live


def _best(board: Board) -> Hit | None:
    for gain, k, element in board.best(CANDIDATES):
        space = board.spaces[k]
        members = space.members(element)
        members = members[board.live[members]]
        if len(members) < min(2, space.leaves[element]):
            continue
        if not parts_say_more(board.leaves.of(members), space.dims, gain + space.cost):
            return Hit(k, element, gain, members)
    return None


def _crossing(board: Board, hits: list[Hit], noise: Noise, least: float) -> Hit | None:
    """An element that runs through hits and would have enough evidence, had they not taken its
    leaves: in those, what they deviate by beyond the shift of their hit speaks for it as well."""
    maybe = board.crossing(NEARLY, CANDIDATES) if hits and len(board.live) >= MANY else []
    if not maybe:
        return None
    taken = np.concatenate([hit.leaves for hit in hits])
    beyond = [_beyond(board.leaves.of(hit.leaves)) for hit in hits]
    shift, variance = (np.concatenate(parts) for parts in zip(*beyond, strict=True))
    inside = Leaves(board.leaves.codes[:, taken], shift, variance)
    summands = np.array(list(inside.summands()))
    spaces = [board.spaces[k] for k, _, _ in maybe]
    outside = np.array([terms for _, _, terms in maybe]).T
    through = [
        space.of(taken, inside.codes) == e for space, (_, e, _) in zip(spaces, maybe, strict=True)
    ]
    terms = outside + summands @ np.array(through, dtype=float).T
    needed = np.array([noise.needed(space.cost + least) for space in spaces])
    found = np.where(terms[1] * outside[1] > 0, enough(terms, needed, noise), 0.0)
    for at in np.flatnonzero(found):
        (k, element, _), space, gain = maybe[at], spaces[at], float(found[at])
        if any(np.all(space.of(hit.leaves) == element) for hit in hits):
            continue  # around a hit, not through it
        members = space.members(element)
        if not parts_say_more(_put(board.leaves, taken, inside).of(members), space.dims, gain):
            return Hit(k, element, gain - space.cost, members[board.live[members]])
    return None


def _beyond(hit: Leaves) -> tuple[Array, Array]:
    """What the leaves of a hit deviate by beyond its shift, and the variance of that: leaves that
    moved unevenly say less than noise alone would let them."""
    sure = 1 / hit.variance
    shift = hit.shift - np.sum(sure * hit.shift) / sure.sum()
    return shift, hit.variance * max(1.0, float(np.mean(sure * shift**2)))


def _put(leaves: Leaves, at: NDArray[np.intp], other: Leaves) -> Leaves:
    """The leaves, some of them as they are in the other."""
    shift, variance = leaves.shift.copy(), leaves.variance.copy()
    shift[at], variance[at] = other.shift, other.variance
    return replace(leaves, shift=shift, variance=variance, alike=False)


def _shortest(spaces: list[Cuboid], cuboid: int, element: int) -> tuple[int, int]:
    """The element without dimensions that another one of it tells throughout the cube:
    a store names its region."""
    dims = spaces[cuboid].dims
    place = {space.dims: k for k, space in enumerate(spaces)}

    def tells(one: int, other: int) -> bool:
        pair = place[min(one, other), max(one, other)]
        return np.count_nonzero(spaces[pair].leaves) == np.count_nonzero(
            spaces[place[(one,)]].leaves
        )

    kept = list(dims)
    for d in dims:
        if any(tells(e, d) for e in kept if e != d):
            kept.remove(d)
    if len(kept) == len(dims):
        return cuboid, element
    k = place[tuple(kept)]
    return k, int(spaces[k].of(spaces[cuboid].members(element)[:1])[0])


def _description(
    amounts: Amounts, leaves: Leaves, noise: Noise, hits: list[Hit], live: Mask, factor: float
) -> Description:
    mean = (amounts.expected + amounts.actual) / 2
    likelihood = -0.5 * float(
        np.sum(np.log(leaves.variance * mean**2) + leaves.shift**2 / leaves.variance)
    )
    return Description(factor, hits, live, noise, likelihood + sum(h.gain for h in hits), leaves)
