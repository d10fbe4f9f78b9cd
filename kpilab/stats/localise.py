"""Sparse localisation: the few elements of a cube that carry its deviation from what was expected."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kpilab.stats import countsearch, ratiosearch
from kpilab.stats.cuboids import Cuboid, Hit, Named, cuboids, same_leaves, sums
from kpilab.stats.exceptions import taken_back, told_as_one, untouched
from kpilab.stats.noise import Levels, Noise, levels

Array = NDArray[np.float64]
MOST = 30
ALIKE = 0.95  # overlap of leaves (by size) from which two elements count as the same explanation
# Share of the typical leaf's variance that must shrink with size for the cube to count as counts.
COUNTS, WHOLE_NUMBERS = 0.5, 0.02
# Whole numbers are no counts if some are calmer than this part of count noise, by so many nats.
CALMER, SURE = 0.5, 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One element found.

    Attributes:
        dims, values: its dimensions and the code of its value in each.
        gain: evidence in nats net of the search; exp(−gain) bounds the chance of such a find in noise alone.
        cost: nats it costs to name it; part of the evidence an element must bring before it is taken.
        leaves: its leaves.
        equivalent: other (dims, values) that hold nearly the same leaves: the data cannot tell them apart.
        without: (dims, values) of parts of it that stayed as expected.
    """

    dims: tuple[int, ...]
    values: tuple[int, ...]
    gain: float
    cost: float
    leaves: NDArray[np.intp]
    equivalent: tuple[Named, ...]
    without: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """The elements found, strongest first, the noise they were told from, and whether it is that of counts."""

    elements: tuple[Element, ...]
    noise: Noise
    counts: bool


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of a cube before looking.

    Attributes:
        spread, least: of its noise, see `levels`.
        counts: whether its noise is that of counts; judged from the leaves when None.
        uneven: a cause need not move its leaves by the same factor, so what is found is settled leaf by leaf.
    """

    spread: Array | None = None
    least: float = 0.0
    counts: bool | None = None
    uneven: bool = False


def locate(
    codes: NDArray[np.intp],
    expected: Array,
    actual: Array,
    known: Known | None = None,
    *,
    alpha: float = 0.05,
    deepest: int | None = None,
) -> Located:
    """The few elements that carry the deviation.

    Args:
        codes: one row per dimension, one column per leaf; values 0..levels-1.
        expected, actual: amounts per leaf, none negative.
        known: what is known of the noise.
        alpha: chance of finding anything in noise alone.
        deepest: most dimensions one element may name.
    """
    live = np.flatnonzero((expected != 0) | (actual != 0))
    codes, expected, actual = codes[:, live], expected[live], actual[live]
    known = known or Known()
    spread = np.ones(len(live)) if known.spread is None else known.spread[live]
    if len(live) == 0:
        return Located((), Noise(1.0, 0.0, 1.0), True)
    levelled = levels(expected, actual, spread)
    noise = levelled.noise(least=known.least)
    spaces = cuboids(codes, deepest)
    weight = noise.weights((expected + actual) / 2, spread)
    effective = expected * weight, actual * weight
    whole = [bool(np.all(v == np.round(v))) for v in (expected, actual)]
    counts = are_counts(levelled, effective, whole) if known.counts is None else known.counts
    enough = -float(np.log(alpha))
    if counts:
        hits = _by_counts(spaces, codes, *effective, noise, enough, uneven=known.uneven)
    else:
        deviations = ratiosearch.deviation(expected, actual, rounding=0.5 * sum(whole))
        hits = ratiosearch.search(spaces, codes, deviations, enough, MOST)
        hits = [replace(h, without=untouched(spaces, h, effective, expected, enough)) for h in hits]
    hits = told_as_one(spaces, codes, hits, *effective)
    size = expected + actual
    totals = sums(spaces, size) if hits else []
    elements = [_element(spaces, h, codes, size, totals, live) for h in hits]
    return Located(tuple(elements), noise, counts)


def are_counts(levelled: Levels, effective: tuple[Array, Array], whole: list[bool]) -> bool:
    """Does the noise shrink with size?

    Whole numbers may be counts even where relative noise hides it. They are not, when small leaves are calmer than
    counts can be, or when nothing shrinks with size and the tails are too heavy for sums.

    Args:
        effective: expected and actual in effective counts; whole: whether they are whole numbers.
    """
    share = levelled.noise(calmer=True).count_share
    if not whole[1]:
        return share > COUNTS
    if levelled.too_calm(CALMER * sum(whole) / 2) > SURE:
        return False
    return share > WHOLE_NUMBERS or not countsearch.heavy_tails(*effective)


def _by_counts(
    spaces: list[Cuboid], codes: NDArray[np.intp], fair: Array, seen: Array, noise: Noise, least: float, *, uneven: bool
) -> list[Hit]:
    """`fair`, `seen`: expected and actual in effective counts."""
    hits, first, fair = [], fair, fair.copy()
    while len(hits) < MOST:
        hit = countsearch.search(spaces, codes, fair, seen, noise, least)
        if hit is None:
            break
        hits.append(hit)
        # What was found is from now on expected: a further deviation inside it can still be seen.
        member = spaces[hit.cuboid].members(hit.element)
        before, now = float(fair[member].sum()), float(seen[member].sum())
        # Nothing expected cannot be scaled.
        fair[member] = seen[member] if uneven or before < 1e-9 * now else fair[member] * (now / before)
    return taken_back(spaces, _once(hits), first, seen)


def _once(hits: list[Hit]) -> list[Hit]:
    """An element found again (its first estimate was off) is one element."""
    kept: dict[tuple[int, int], Hit] = {}
    for hit in hits:
        first = kept.get((hit.cuboid, hit.element))
        kept[hit.cuboid, hit.element] = hit if first is None else replace(first, gain=max(first.gain, hit.gain))
    return sorted(kept.values(), key=lambda h: -h.gain)


def _element(
    spaces: list[Cuboid], hit: Hit, codes: NDArray[np.intp], size: Array, totals: list[Array], live: NDArray[np.intp]
) -> Element:
    space, member = spaces[hit.cuboid], hit.members(spaces)
    mine = space.dims, tuple(int(codes[d, member[0]]) for d in space.dims)
    parts = [(spaces[k], spaces[k].members(e)[0]) for k, e in hit.without]
    without = tuple((part.dims, tuple(int(codes[d, leaf]) for d in part.dims)) for part, leaf in parts)
    same = tuple(other for other in same_leaves(spaces, codes, member, size, ALIKE, totals) if other != mine)
    return Element(*mine, hit.gain, space.cost, live[member], same, without)
