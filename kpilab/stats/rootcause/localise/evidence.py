"""Evidence that a place moved: one shift of all its leaves, which may be uneven,
against the noise of each leaf."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.rootcause.localise.cuboids import Cuboid, sums
from kpilab.stats.rootcause.localise.noise import Noise

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Mask = NDArray[np.bool_]
# How unevenly the leaves of a place may move: sd of their own shifts, in units of `deviation` (−2 …
# 2).
UNEVEN = (0.05, 0.2, 0.6)
TRIED = float(np.log(1 + len(UNEVEN)))
# At least this share of a place, by weight, must have moved: below one half its parts are the
# better description.
MOSTLY = 0.55
# A shift below this share of a leaf's relative noise is a flaw of the expectation, however sure it
# is as a whole.
FLAW = 0.05
OWN = 1.5  # nats that the shift of one more part costs: about ½·χ² of one freedom that is fitted


def count_evidence(expected: Array, actual: Array) -> Array:
    """Log likelihood ratio (nats) of 'two Poisson means' against 'one', for effective counts."""
    half = (expected + actual) / 2
    safe = np.where(half > 0, half, 1.0)
    parts = [
        np.where(v > 0, v * np.log(np.where(v > 0, v, 1.0) / safe), 0.0) for v in (expected, actual)
    ]
    return parts[0] + parts[1]


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """What the leaves say.

    Attributes:
        codes: one row per dimension, one column per leaf.
        shift: deviation of each leaf from the centre, (actual − expected) over their mean.
        variance: of that deviation in noise alone.
    """

    codes: Codes
    shift: Array
    variance: Array

    def of(self, members: Codes) -> Leaves:
        return Leaves(self.codes[:, members], self.shift[members], self.variance[members])

    def terms(self) -> list[Array]:
        """What is summed over the leaves of a place; see `_gained`."""
        sure, ones = 1 / self.variance, np.ones(len(self.shift))
        terms = [sure * self.shift, sure, sure * self.shift**2, ones]
        for uneven in UNEVEN:
            weight = 1 / (self.variance + uneven**2)
            wider = 0.5 * (np.log(self.variance * weight) + self.shift**2 * (sure - weight))
            terms += [weight * self.shift, weight, wider]
        return terms


def evidence(terms: list[Array]) -> Array:
    """Nats per place: the shift that fits best, even or uneven;
    nothing where less than most of it moved."""
    pull, weight, squared, leaves = terms[:4]
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


class Board:
    """Sums and evidence of every element of every cuboid, side by side;
    kept up as leaves are taken away."""

    def __init__(
        self, spaces: list[Cuboid], leaves: Leaves, noise: Noise, least: float, live: Mask
    ) -> None:
        self.spaces, self.leaves = spaces, leaves
        self.start = np.cumsum([0, *(s.size for s in spaces)])
        self.cost = np.repeat([s.cost for s in spaces], [s.size for s in spaces])
        needed = [noise.needed(s.cost + least) if s.dims else np.inf for s in spaces]
        self.needed = np.repeat(needed, [s.size for s in spaces])
        self.flaw = (FLAW * noise.relative) ** 2
        self.live = live.copy()
        self._leafwise = [np.where(live, term, 0.0) for term in leaves.terms()]
        self._sums = [np.concatenate(sums(spaces, term)) for term in self._leafwise]
        self.net = self._net(slice(None))

    def best(self, most: int) -> list[tuple[int, int]]:
        """(cuboid, element) with enough evidence, best first."""
        top = np.flatnonzero(self.net > 0)
        if len(top) > most:
            top = top[np.argpartition(-self.net[top], most)[:most]]
        top = top[np.lexsort((top, -self.net[top]))]
        cuboid = np.searchsorted(self.start, top, "right") - 1
        return [(int(k), int(e)) for k, e in zip(cuboid, top - self.start[cuboid], strict=True)]

    def gain(self, cuboid: int, element: int) -> float:
        """Evidence net of the cost of naming the element; nothing where it is not enough."""
        return float(self.net[self.start[cuboid] + element])

    def take(self, members: Codes) -> None:
        """Leaves that are explained say nothing any more."""
        self.live[members] = False
        if len(members) * 20 > len(self.live):
            for term, total in zip(self._leafwise, self._sums, strict=True):
                term[members] = 0.0
                total[:] = np.concatenate(sums(self.spaces, term))
            self.net = self._net(slice(None))
            return
        at = np.concatenate(
            [s + space.code[members] for s, space in zip(self.start, self.spaces, strict=False)]
        )
        touched, back = np.unique(at, return_inverse=True)
        for term, total in zip(self._leafwise, self._sums, strict=True):
            total[touched] -= np.bincount(
                back, np.tile(term[members], len(self.spaces)), len(touched)
            )
            term[members] = 0.0
        self.net[touched] = self._net(touched)

    def _net(self, at: slice | Codes) -> Array:
        terms = [total[at] for total in self._sums]
        found, needed = evidence(terms), self.needed[at]
        enough = found > needed
        if self.flaw > 0:
            weight = np.where(terms[3] > 0.5, terms[1], 1.0)
            enough &= (terms[0] / weight) ** 2 > 2 * (1 / weight + self.flaw) * needed
        return np.where(enough, found - self.cost[at], 0.0)


def parts_say_more(leaves: Leaves, dims: tuple[int, ...], whole: float) -> bool:
    """Occam: does naming some values of one further dimension describe the leaves of a place better
    than the place?"""
    terms = leaves.terms()
    for d in set(range(len(leaves.codes))) - set(dims):
        code = leaves.codes[d]
        present = np.flatnonzero(np.bincount(code))
        n = len(present)
        if n < 2:
            continue
        own = np.sort(evidence([np.bincount(code, term)[present].astype(float) for term in terms]))[
            ::-1
        ]
        # More than half of the values: the place with exceptions is the shorter description.
        chosen = np.arange(1, n // 2 + 1)
        cost = _log_choose(n, chosen) + np.log(n) + OWN * chosen
        if np.any(np.cumsum(own)[: len(chosen)] - cost > whole):
            return True
    return False


def _log_choose(n: int, k: Codes) -> Array:
    from scipy.special import gammaln

    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
