"""Filled: several parts that together fill one place are told as the place,
where that is the shorter description."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.rootcause.localise.cuboids import Cuboid, Hit
from kpilab.stats.rootcause.localise.evidence import evidence
from kpilab.stats.rootcause.localise.leaves import UNEVEN, Leaves

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
# Share of a place, by what its leaves can say, that its parts may leave out.
LEFT = 0.25
APART = (0.2, 0.6)  # sd of the shifts of the values of one dimension within a place


def filled(spaces: list[Cuboid], hits: list[Hit], leaves: Leaves) -> list[Hit]:
    """Hits of one direction that fill a place are told as the place; strongest first."""
    place, told = {space.dims: k for k, space in enumerate(spaces)}, list(hits)
    for one, other in combinations(hits, 2):
        if one not in told or other not in told:
            continue
        parent = _common(spaces, leaves.codes, one, other, place)
        if parent is None:
            continue
        whole = _told_as(spaces, *parent, told, leaves)
        if whole is not None:
            inside = {id(h) for h in _inside(spaces, *parent, told)}
            told = [h for h in told if id(h) not in inside] + [whole]
    return sorted(told, key=lambda h: -h.gain)


def _common(
    spaces: list[Cuboid], codes: Codes, one: Hit, other: Hit, place: dict[tuple[int, ...], int]
) -> tuple[int, int] | None:
    """The smallest place around two hits; None where there is none, or it is one of them."""
    first, second = (spaces[h.cuboid].members(h.element)[0] for h in (one, other))
    both = set(spaces[one.cuboid].dims) & set(spaces[other.cuboid].dims)
    dims = tuple(sorted(d for d in both if codes[d, first] == codes[d, second]))
    if not dims or dims in (spaces[one.cuboid].dims, spaces[other.cuboid].dims):
        return None
    return place[dims], int(spaces[place[dims]].of(np.array([first]))[0])


def _inside(spaces: list[Cuboid], cuboid: int, element: int, hits: list[Hit]) -> list[Hit]:
    return [h for h in hits if np.all(spaces[cuboid].of(h.leaves) == element)]


def _told_as(
    spaces: list[Cuboid], cuboid: int, element: int, hits: list[Hit], leaves: Leaves
) -> Hit | None:
    """The place as a hit; None where its parts are the better description."""
    parts, space = _inside(spaces, cuboid, element, hits), spaces[cuboid]
    outside = [h.leaves for h in hits if h not in parts]
    members = np.setdiff1d(space.members(element), np.concatenate([*outside, [-1]]))
    sure = 1 / leaves.variance
    told = np.concatenate([h.leaves for h in parts])
    rest = np.setdiff1d(members, told)
    pulls = [float(np.sum((sure * leaves.shift)[p])) for p in (*(h.leaves for h in parts), rest)]
    if min(pulls[:-1]) < 0 < max(pulls[:-1]) or sure[rest].sum() > LEFT * sure[members].sum():
        return None
    named = 0.0
    for part in parts:
        known = leaves.of(part.leaves)
        terms = known.summed()
        named += float(evidence(terms)[0]) - spaces[part.cuboid].cost
        named -= 0.5 * float(np.log1p(terms[2, 0] * APART[-1] ** 2))
    gain = _together(leaves.of(members), space.dims) - space.cost
    if gain <= named:
        return None
    return Hit(cuboid, element, sum(h.gain for h in parts), members)


def _together(leaves: Leaves, dims: tuple[int, ...]) -> float:
    """Evidence that a place moved, the values of some dimension by shifts of their own."""
    best = 0.0
    for terms in leaves.beside(dims):
        for k in range(len(UNEVEN) + 1):
            pull, weight = terms[1:3] if k == 0 else terms[1 + 3 * k : 3 + 3 * k]
            wider = 0.0 if k == 0 else terms[3 + 3 * k]
            for apart in APART:
                own = 1 / (apart**2 + 1 / weight)
                shift = pull / weight
                centre = float((own * shift).sum() / own.sum())
                fit = pull**2 / (2 * weight) - 0.5 * np.log1p(apart**2 * weight)
                fit = fit + wider - 0.5 * own * (shift - centre) ** 2
                best = max(best, float(fit.sum()))
    return best
