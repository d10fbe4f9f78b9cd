"""Sparse localisation: the few elements of a cube that carry its deviation from what was expected."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kpilab.stats import countsearch, ratiosearch
from kpilab.stats.cuboids import Cuboid, Hit, cuboids
from kpilab.stats.noise import Noise, fit_noise

Array = NDArray[np.float64]
MOST = 30
# Share of the typical leaf's variance that must shrink with size for the cube to count as counts.
COUNTS, WHOLE_NUMBERS = 0.5, 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One element found.

    Attributes:
        dims, values: its dimensions and the code of its value in each.
        gain: evidence in nats net of the search; exp(−gain) bounds the chance of such a find in noise alone.
        leaves: its leaves.
    """

    dims: tuple[int, ...]
    values: tuple[int, ...]
    gain: float
    leaves: NDArray[np.intp]


def locate(
    codes: NDArray[np.intp],
    expected: Array,
    actual: Array,
    *,
    alpha: float = 0.05,
    deepest: int | None = None,
    noise: Noise | None = None,
) -> tuple[list[Element], Noise]:
    """The elements that carry the deviation, strongest first, and the noise they were told from.

    Args:
        codes: one row per dimension, one column per leaf; values 0..levels-1.
        expected, actual: amounts per leaf, none negative.
        alpha: chance of finding anything in noise alone.
        deepest: most dimensions one element may name.
        noise: fitted to the leaves when None.
    """
    live = np.flatnonzero((expected != 0) | (actual != 0))
    codes, expected, actual = codes[:, live], expected[live], actual[live]
    if len(live) == 0:
        return [], Noise(1.0, 0.0, 1.0)
    noise = noise or fit_noise(expected, actual)
    spaces = cuboids(codes, deepest)
    search = _by_counts if are_counts(expected, actual) else _by_ratios
    hits = search(spaces, codes, expected, actual, noise, -np.log(alpha))
    return [_element(spaces[h.cuboid], h, codes, live) for h in hits], noise


def are_counts(expected: Array, actual: Array) -> bool:
    """Does the noise shrink with size? Whole numbers need less proof of it."""
    whole = bool(np.all(actual == np.round(actual)))
    return fit_noise(expected, actual, one_sided=True).count_share > (WHOLE_NUMBERS if whole else COUNTS)


def _by_counts(
    spaces: list[Cuboid], codes: NDArray[np.intp], expected: Array, actual: Array, noise: Noise, least: float
) -> list[Hit]:
    weight = noise.weights((expected + actual) / 2)
    fair, seen, hits = expected * weight, actual * weight, []
    while len(hits) < MOST:
        hit = countsearch.search(spaces, codes, fair, seen, least)
        if hit is None:
            break
        hits.append(hit)
        # What was found is from now on expected: a further deviation inside it can still be seen.
        member = spaces[hit.cuboid].members(hit.element)
        fair[member] *= seen[member].sum() / max(fair[member].sum(), 1e-300)
    return _once(hits)


def _by_ratios(
    spaces: list[Cuboid], codes: NDArray[np.intp], expected: Array, actual: Array, noise: Noise, least: float
) -> list[Hit]:
    x = ratiosearch.deviation(expected, actual)
    live, hits = np.ones(len(x), dtype=bool), []
    while len(hits) < MOST:
        hit = ratiosearch.search(spaces, codes, x, live, least)
        if hit is None:
            break
        hits.append(hit)
        live[spaces[hit.cuboid].members(hit.element)] = False
    return hits


def _once(hits: list[Hit]) -> list[Hit]:
    """An element found again (its first estimate was off) is one element."""
    kept: dict[tuple[int, int], Hit] = {}
    for hit in hits:
        first = kept.get((hit.cuboid, hit.element))
        kept[hit.cuboid, hit.element] = hit if first is None else replace(first, gain=max(first.gain, hit.gain))
    return sorted(kept.values(), key=lambda h: -h.gain)


def _element(space: Cuboid, hit: Hit, codes: NDArray[np.intp], live: NDArray[np.intp]) -> Element:
    member = space.members(hit.element)
    values = tuple(int(codes[d, member[0]]) for d in space.dims)
    return Element(space.dims, values, hit.gain, live[member])
