"""Evidence that a place moved: one shift of all its leaves, which may be uneven,
against the noise of each leaf."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.rootcause.localise.cuboids import Cuboid, sums
from kpilab.stats.rootcause.localise.leaves import UNEVEN, Leaves
from kpilab.stats.rootcause.localise.noise import Noise

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Mask = NDArray[np.bool_]
TRIED = float(np.log(1 + len(UNEVEN)))
# At least this share of a place, by weight, must have moved: below one half its parts are the
# better description.
MOSTLY = 0.55
# A shift below this share of a leaf's relative noise is a flaw of the expectation, however sure it
# is as a whole.
FLAW = 0.05
TOGETHER = 1_000_000  # leaves up to which all terms are summed at once
FEW = 2  # elements that are touched are looked at alone where they are less than one in so many
OWN = 1.5  # nats that the shift of one more part costs: about ½·χ² of one freedom that is fitted


def count_evidence(expected: Array, actual: Array) -> Array:
    """Log likelihood ratio (nats) of 'two Poisson means' against 'one', for effective counts."""
    half = (expected + actual) / 2
    safe = np.where(half > 0, half, 1.0)
    parts = [
        np.where(v > 0, v * np.log(np.where(v > 0, v, 1.0) / safe), 0.0) for v in (expected, actual)
    ]
    return parts[0] + parts[1]


def evidence(terms: Array) -> Array:
    """Nats per place: the shift that fits best, even or uneven;
    nothing where less than most of it moved.

    Args:
        terms: see `Leaves.terms`.
    """
    leaves, pull, weight, squared = terms[:4]
    occurs = leaves > 0.5
    safe = np.where(occurs, weight, 1.0)
    # (Σws)² / (Σw · Σw(s² − variance)) is the share that moved when all that moved did so alike;
    # the noise of the denominator is allowed for, so that a place whose leaves are lost in noise is
    # judged as a whole.
    noise = leaves + 2 * np.sqrt(2 * np.maximum(leaves, 0.0))
    moved = occurs & (pull**2 >= MOSTLY * safe * (squared - noise))
    best = pull**2 / (2 * safe)
    for k, uneven in enumerate(UNEVEN):
        pull, weight, wider = terms[4 + 3 * k : 7 + 3 * k]
        safe = np.where(occurs, weight, 1.0)
        gained = pull**2 / (2 * safe) + wider - TRIED
        best = np.maximum(best, np.where(np.abs(pull) > uneven * safe, gained, 0.0))
    return np.where(moved, best, 0.0)


def enough(terms: Array, needed: Array | float, noise: Noise) -> Array:
    """Evidence of places by their terms, where it is as much as needed, else 0."""
    found, flaw = evidence(terms), (FLAW * noise.relative) ** 2
    sure = found > needed
    if flaw > 0:
        weight = np.where(terms[0] > 0.5, terms[2], 1.0)
        sure &= (terms[1] / weight) ** 2 > 2 * (1 / weight + flaw) * needed
    return np.where(sure, found, 0.0)


class Board:
    """Sums and evidence of every element of every cuboid, side by side;
    kept up as leaves are taken away.

    Elements of one leaf are judged by that leaf, in the cuboid that names it in the fewest words.
    """

    def __init__(
        self, spaces: list[Cuboid], leaves: Leaves, noise: Noise, least: float, live: Mask
    ) -> None:
        self.spaces, self.leaves, self.live = spaces, leaves, live.copy()
        self.wide = [k for k, space in enumerate(spaces) if space.dims and not space.single]
        sizes = [spaces[k].size for k in self.wide]
        costs = np.array([spaces[k].cost for k in self.wide])
        self.start = np.cumsum([0, *sizes])
        self.cost = np.repeat(costs, sizes)
        self.needed = np.repeat([noise.needed(cost + least) for cost in costs], sizes)
        self.noise = noise
        self._sums = self._summed()
        self.net = self._net(slice(None))
        single = [k for k, space in enumerate(spaces) if space.single]
        self.leaf = min(single, key=lambda k: spaces[k].cost, default=None)
        self.leaf_net = np.zeros(0 if self.leaf is None else len(live))
        if self.leaf is not None:
            cost = spaces[self.leaf].cost
            self.leaf_net = self._leaf_net(cost, noise.needed(cost + least))

    def best(self, most: int) -> list[tuple[float, int, int]]:
        """Evidence net of the cost of naming it, cuboid and element of those with enough evidence,
        best first."""
        top, alone = _largest(self.net, most), _largest(self.leaf_net, most)
        cuboid = np.searchsorted(self.start, top, "right") - 1
        found = [
            (float(self.net[at]), self.wide[k], int(at - self.start[k]))
            for at, k in zip(top, cuboid, strict=True)
        ]
        if self.leaf is not None and len(alone):
            elements = self.spaces[self.leaf].of(alone)
            found += [
                (float(self.leaf_net[at]), self.leaf, int(e))
                for at, e in zip(alone, elements, strict=True)
            ]
        return sorted(found, key=lambda one: -one[0])[:most]

    def crossing(self, share: float, most: int) -> list[tuple[int, int, Array]]:
        """Cuboid, element and terms of those that lost some of their leaves, but not most of them,
        and have a share of the evidence they need, most of it first."""
        whole = np.concatenate([self.spaces[k].leaves for k in self.wide] or [[]])
        lost = (self._sums[0] < whole - 0.5) & (self._sums[0] > whole / 2)
        needed = share * self.needed
        maybe = np.flatnonzero(lost & (self.leaves.most(self._sums) > needed))
        terms = self.leaves.terms(self._sums[:, maybe])
        found = evidence(terms)
        order = np.argsort(-found, kind="stable")[:most]
        order = order[found[order] > needed[maybe[order]]]
        cuboid = np.searchsorted(self.start, maybe[order], "right") - 1
        return [
            (self.wide[k], int(maybe[e] - self.start[k]), terms[:, e])
            for e, k in zip(order, cuboid, strict=True)
        ]

    def take(self, members: Codes, cuboid: int, element: int) -> None:
        """Leaves that are explained, those left of an element, say nothing any more."""
        self.live[members] = False
        if self.leaf is not None:
            self.leaf_net[members] = 0.0
        touched = np.zeros(len(self.net), dtype=bool)
        self._by_leaves(members, self._by_sums(self.spaces[cuboid], element, touched), touched)
        at = slice(None) if touched.sum() * FEW > len(self.net) else np.flatnonzero(touched)
        self.net[at] = self._net(at)

    def _by_sums(self, taken: Cuboid, element: int, touched: Mask) -> list[int]:
        """Takes an element out of the cuboids whose share of it is known: it is summed up in the
        cuboid of both their dimensions. Marks the elements that it touches.

        Returns:
            which cuboids are left to do.
        """
        if taken.code is not None or not taken.dims:
            return list(range(len(self.wide)))
        place = {self.spaces[k].dims: n for n, k in enumerate(self.wide)}
        values = np.unravel_index(element, taken.levels)
        fixed = {d: int(v) for d, v in zip(taken.dims, values, strict=True)}
        both = [place.get(tuple(sorted({*self.spaces[k].dims, *fixed}))) for k in self.wide]
        left = []
        # Those within it last: they are what the others lose.
        for n in sorted(range(len(both)), key=lambda n: both[n] == n):
            shared = both[n]
            if shared is None or any(
                self.spaces[self.wide[k]].code is not None for k in (n, shared)
            ):
                left.append(n)
                continue
            mine = self._inside(self._sums, n, fixed)
            mine -= self._inside(self._sums, shared, fixed)
            self._inside(touched[None], n, fixed)[:] = True
        return left

    def _inside(self, rows: NDArray[Any], n: int, fixed: Mapping[int, int]) -> NDArray[Any]:
        """The part of rows over all elements that is about those of one cuboid with some values,
        as it is held: one axis per dimension that is not fixed."""
        space = self.spaces[self.wide[n]]
        mine = rows[:, self.start[n] : self.start[n + 1]].reshape(-1, *space.levels)
        return mine[:, *(fixed.get(d, slice(None)) for d in space.dims)]

    def _by_leaves(self, members: Codes, which: list[int], touched: Mask) -> None:
        """Takes leaves out of some cuboids, and marks the elements that they touch."""
        if not which:
            return
        mine = self.leaves.of(members)
        codes = [self.start[n] + self.spaces[self.wide[n]].of(members, mine.codes) for n in which]
        at = np.concatenate(codes)
        touched[at] = True
        for total, summand in zip(self._sums, mine.summands(), strict=True):
            np.subtract.at(total, at, np.tile(summand, len(which)))

    def _summed(self) -> Array:
        """Sums of the leaves that are left, per element of the cuboids that are wide."""
        rows, first, whole = self.leaves.rows, 0, bool(self.live.all())
        total = np.zeros((rows, self.start[-1]))
        together = rows if len(self.live) <= TOGETHER else 1
        summands = self.leaves.summands()
        if whole:  # how many leaves there are is known
            next(summands)
            total[0], first = np.concatenate([self.spaces[k].leaves for k in self.wide] or [[]]), 1
        for k in range(first, rows, together):
            some = np.array(list(islice(summands, together)))
            found = sums(self.spaces, some if whole else some * self.live)
            for start, wide in zip(self.start, self.wide, strict=False):
                total[k : k + together, start : start + self.spaces[wide].size] = found[wide]
        return total

    def _net(self, at: slice | Codes) -> Array:
        sums, needed, net = self._sums[:, at], self.needed[at], np.zeros(self.needed[at].shape)
        maybe = np.flatnonzero(self.leaves.most(sums) > needed)
        terms, needed = self.leaves.terms(sums[:, maybe]), needed[maybe]
        net[maybe] = np.maximum(enough(terms, needed, self.noise) - self.cost[at][maybe], 0.0)
        return net

    def _leaf_net(self, cost: float, needed: float) -> Array:
        squared = self.leaves.shift**2 / 2
        flaw = (FLAW * self.noise.relative) ** 2
        sure = self.live & (squared > (self.leaves.variance + flaw) * needed)
        return np.where(sure, squared / self.leaves.variance - cost, 0.0)


def _largest(net: Array, most: int) -> Codes:
    """Where the largest of those above 0 are, the largest first."""
    top = np.flatnonzero(net > 0)
    if len(top) > most:
        top = top[np.argpartition(-net[top], most)[:most]]
    return top[np.lexsort((top, -net[top]))]


def parts_say_more(leaves: Leaves, dims: tuple[int, ...], whole: float) -> bool:
    """Occam: does naming some values of one further dimension describe the leaves of a place better
    than the place?"""
    finer = leaves.beside(dims) if len(leaves.shift) > 1 else []
    if not finer:
        return False
    ends = np.cumsum([terms.shape[1] for terms in finer])
    for own in np.split(evidence(np.concatenate(finer, axis=1)), ends[:-1]):
        n = len(own)
        if n < 2:
            continue
        # More than half of the values: the place with exceptions is the shorter description.
        most, chosen = np.sort(own)[::-1], np.arange(1, n // 2 + 1)
        cost = _log_choose(n, chosen) + np.log(n) + OWN * chosen
        if np.any(np.cumsum(most)[: len(chosen)] - cost > whole):
            return True
    return False


def _log_choose(n: int, k: Codes) -> Array:
    from scipy.special import gammaln

    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
