"""Sparse localisation: the few elements of a cube that carry its deviation from what was
expected."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.rootcause.localise.cuboids import Cuboid, Hit, Named, cuboids, same_leaves, sums
from kpilab.stats.rootcause.localise.evidence import FLAW, count_evidence
from kpilab.stats.rootcause.localise.exceptions import UNTOUCHED, told_as_one, untouched
from kpilab.stats.rootcause.localise.filled import filled
from kpilab.stats.rootcause.localise.noise import PLENTY, Noise, levels, some
from kpilab.stats.rootcause.localise.search import Amounts, Description, described

Array = NDArray[np.float64]
ALIKE = 0.95  # overlap of leaves (by size) from which two elements count as the same explanation
# Whole numbers are no counts if some are calmer than this part of count noise, by so many nats.
CALMER, SURE = 0.5, 2.0
# share of the typical leaf's variance that must shrink with size for the noise to be called that of
# counts
COUNTS = 0.5
STEPS = (1.0, 0.1, 0.01, 0.001)  # what amounts may be rounded to
GLANCE = 1_000  # leaves that show whether amounts may be rounded at all
BESIDE = 0.15  # errors of a leaf by which it must lie elsewhere for that to be tried
DETAIL = 0.05  # of what a place carries, below which a part of it is no cause beside it
FALL = 0.2  # by which a place falls when it is asked whether it would have been found
APART = 3.0  # errors from which the densest half of the leaves lies elsewhere than the expectation
GONE = 1.9  # a shift (of 2 at most) beyond which everything is new or gone
FEWEST = 8  # leaves from which all may have moved
MOST = 0.5  # share of the leaves that are outside of the places, or all has moved
LARGER = 0.5  # the centre is looked for among this share of the leaves, the largest


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One element found.

    Attributes:
        dims, values: its dimensions and the code of its value in each.
        gain: evidence in nats net of the search; exp(−gain) bounds the chance of such a find in
            noise alone.
        cost: nats it costs to name it; part of the evidence an element must bring before it is
            taken.
        leaves: its leaves.
        equivalent: other (dims, values) that hold nearly the same leaves: the data cannot tell them
            apart.
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
class Everywhere:
    """All that lies outside of the places moved as well.

    Attributes:
        gap: actual − expected. error: of the gap. leaves: those it is about.
        spared: elements that stayed as expected when everything else moved.
        gain: evidence that it moved, in nats.
    """

    gap: float
    error: float
    leaves: NDArray[np.intp]
    gain: float
    spared: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """What was found.

    Attributes:
        elements: strongest first. noise: what they were told from. counts: whether it is mostly
            that of counts.
        everywhere: what all that is outside of them did; None where that is noise.
        visible: least share of the whole that a place must hold for a fall of `FALL` in it to be
            found; may exceed 1.
        minor: how many more places were found that carry next to nothing.
    """

    elements: tuple[Element, ...]
    noise: Noise
    counts: bool
    everywhere: Everywhere | None = None
    visible: float = np.inf
    minor: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of a cube before looking, and what is asked of a place.

    Attributes:
        spread, least: of its noise, see `levels`.
        sampled: whether its noise is known to be that of counts, or more; judged from the leaves
            when False.
        material: share of what all places carry together that a place must carry.
    """

    spread: Array | None = None
    least: float = 0.0
    sampled: bool = False
    material: float = 0.0


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
    known, enough = known or Known(), -float(np.log(alpha))
    spread = np.ones(len(expected)) if known.spread is None else known.spread
    if len(live) < len(expected):
        codes, expected, actual, spread = codes[:, live], expected[live], actual[live], spread[live]
    if len(live) == 0:
        return Located((), Noise(1.0, 0.0, 1.0), counts=True)
    spaces = cuboids(codes, deepest)
    amounts = Amounts(
        spaces,
        codes,
        expected,
        actual,
        spread,
        *_kind(expected, actual, spread, known),
        known.sampled,
    )
    told = _simpler(amounts, enough)
    fair = expected * told.factor
    weight = told.noise.weights((fair + actual) / 2, spread)
    effective = fair * weight, actual * weight
    hits = filled(spaces, told.hits, told.leaves)
    hits = [replace(h, without=untouched(spaces, h, effective, fair, enough)) for h in hits]
    hits = told_as_one(spaces, codes, hits, *effective)
    named = _material(spaces, hits, actual - fair, known.material)
    size = expected + actual
    totals = [total[0] for total in sums(spaces, size[None])] if hits else []
    elements = tuple(_element(spaces, h, told.noise, codes, size, totals, live) for h in named)
    everywhere = _everywhere(amounts, told, enough)
    if everywhere is not None:
        still = _still(named, elements, expected * weight, actual * weight)
        elements = tuple(e for e in elements if e not in still)
        everywhere = replace(everywhere, leaves=live[everywhere.leaves], spared=still)
    return Located(
        elements,
        told.noise,
        told.noise.count_share > COUNTS,
        everywhere,
        _visible(amounts, told, enough),
        len(hits) - len(named),
    )


def _material(spaces: list[Cuboid], hits: list[Hit], gap: Array, share: float) -> list[Hit]:
    """Without places that carry next to nothing of what all carry together, or of what a place
    around them does."""
    carried = [abs(float(gap[h.leaves].sum())) for h in hits]
    kept = []
    for hit, mine in zip(hits, carried, strict=True):
        around = (c for h, c in zip(hits, carried, strict=True) if _within(spaces, hit, h))
        if mine >= max(share * sum(carried), DETAIL * max(around, default=0.0)):
            kept.append(hit)
    return kept


def _within(spaces: list[Cuboid], hit: Hit, wider: Hit) -> bool:
    space = spaces[wider.cuboid]
    if not set(space.dims) < set(spaces[hit.cuboid].dims):
        return False
    return bool(np.all(space.of(hit.leaves) == wider.element))


def _everywhere(amounts: Amounts, told: Description, enough: float) -> Everywhere | None:
    """What lies outside of the places, where it moved beyond noise and is half of the whole."""
    rest = np.flatnonzero(told.live)  # new ones, too: without them a sparse cube would fall
    before, now = float(amounts.expected[rest].sum()), float(amounts.actual[rest].sum())
    if before <= 0 or before < 0.5 * amounts.expected.sum():
        return None
    mean = (amounts.expected * told.factor + amounts.actual)[rest] / 2
    error = float(np.sqrt(told.noise.variance(mean, amounts.spread[rest]).sum()))
    gap, flaw = now - before, FLAW * told.noise.relative * before
    found = gap**2 / 2 / max(error**2 + flaw**2, 1e-300)
    if found <= told.noise.needed(enough):
        return None
    return Everywhere(gap, error, rest, told.noise.worth(found))


def _still(
    hits: list[Hit], elements: tuple[Element, ...], expected: Array, actual: Array
) -> tuple[Element, ...]:
    """Those that stayed as expected: values of one dimension, or one of them, as everything but
    these can be told in a word."""
    sums = (np.array([v[h.leaves].sum() for h in hits]) for v in (expected, actual))
    own = count_evidence(*sums)
    still = [e for e, moved in zip(elements, own, strict=True) if moved <= UNTOUCHED]
    dims = still[0].dims if still else ()
    return tuple(e for e in still[: None if len(dims) == 1 else 1] if e.dims == dims)


def _visible(amounts: Amounts, told: Description, enough: float) -> float:
    """Least share of the whole, as far as it says anything,
    that a value must hold for a fall of `FALL` to be seen."""
    mean = (amounts.expected + amounts.actual) / 2
    sure = float(np.sum(mean**2 / told.noise.variance(mean, amounts.spread)))
    cost = max((s.cost for s in amounts.spaces if len(s.dims) == 1), default=0.0)
    shift = 2 * FALL / (2 - FALL)
    return 2 * told.noise.needed(cost + enough) / shift**2 / sure


def _kind(expected: Array, actual: Array, spread: Array, known: Known) -> tuple[float, float]:
    """Least dispersion, and the variance of a leaf that rounding brings where amounts are not
    counts."""
    if known.sampled:
        return known.least, 0.0
    steps = [_step(v) for v in (expected, actual)]
    least = known.least
    if (
        least > 0
        and levels(expected, actual, spread).too_calm(CALMER * steps.count(1.0) / 2) > SURE
    ):
        least = 0.0
    return least, 0.0 if least > 0 else (steps[0] ** 2 + steps[1] ** 2) / 12


def _step(amounts: Array) -> float:
    """What amounts are rounded to; 0 where they are not."""
    few = amounts[:GLANCE]
    return next((step for step in STEPS if _rounded(few, step) and _rounded(amounts, step)), 0.0)


def _rounded(amounts: Array, step: float) -> bool:
    units = amounts / step
    return bool(np.all(np.abs(units - np.round(units)) <= 1e-6 + 1e-9 * units))


def _simpler(amounts: Amounts, enough: float) -> Description:
    """As expected but for some elements; or all moved but for some elements,
    where that needs fewer of them."""
    told = described(amounts, enough)
    mean = (amounts.expected + amounts.actual) / 2
    shift = (amounts.actual - amounts.expected) / mean
    if len(mean) < FEWEST:
        return told
    centre = float(np.median(shift[_least_told(told)]))
    if told.live.mean() < MOST and abs(centre) < GONE:
        other = described(amounts, enough, (2 + centre) / (2 - centre))
        if other.live.mean() >= MOST and len(other.hits) < len(told.hits):
            return other
    mean, shift = (v[some(len(mean), PLENTY)] for v in (mean, shift))
    large = mean >= np.quantile(mean, 1 - LARGER)
    centre, error = _densest_half(shift[large])
    if not max(APART / np.sqrt(large.sum()), BESIDE) * error < abs(centre) < GONE:
        return told
    other = described(amounts, enough, (2 + centre) / (2 - centre))
    better = other.likelihood > told.likelihood + enough and len(other.hits) <= len(told.hits)
    return other if better else told


def _least_told(told: Description) -> NDArray[np.bool_]:
    """Most of the leaves: those that are outside of the strongest hits."""
    left = np.ones(len(told.live), dtype=bool)
    for hit in told.hits:
        rest = left.copy()
        rest[hit.leaves] = False
        if rest.mean() >= MOST:
            left = rest
    return left


def _densest_half(values: Array) -> tuple[float, float]:
    """Middle of the shortest interval that holds half of the values,
    and the sd that such a half has."""
    ordered, half = np.sort(values), max(len(values) // 2, 1)
    width = ordered[half:] - ordered[: len(ordered) - half]
    k = int(np.argmin(width)) if len(width) else 0
    last = min(k + half, len(ordered) - 1)
    return float(ordered[k] + ordered[last]) / 2, float(ordered[last] - ordered[k]) / 1.349


def _element(
    spaces: list[Cuboid],
    hit: Hit,
    noise: Noise,
    codes: NDArray[np.intp],
    size: Array,
    totals: list[Array],
    live: NDArray[np.intp],
) -> Element:
    space, member = spaces[hit.cuboid], hit.members(spaces)
    mine = space.dims, tuple(int(codes[d, member[0]]) for d in space.dims)
    parts = [(spaces[k], spaces[k].members(e)[0]) for k, e in hit.without]
    without = tuple(
        (part.dims, tuple(int(codes[d, leaf]) for d in part.dims)) for part, leaf in parts
    )
    same = tuple(
        other for other in same_leaves(spaces, codes, member, size, ALIKE, totals) if other != mine
    )
    gain = noise.worth(hit.gain + space.cost) - space.cost
    return Element(*mine, gain, space.cost, live[member], same, without)
