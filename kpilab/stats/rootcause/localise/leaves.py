"""What the leaves of a cube say, as sums that tell what each place of them says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
# How unevenly the leaves of a place may move: sd of their own shifts, in units of `deviation` (−2 …
# 2).
UNEVEN = (0.05, 0.2, 0.6)


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """What the leaves say.

    Attributes:
        codes: one row per dimension, one column per leaf.
        shift: deviation of each leaf from the centre, (actual − expected) over their mean.
        variance: of that deviation in noise alone.
        alike: whether that is one number for all of them: then three sums tell every term.
    """

    codes: Codes
    shift: Array
    variance: Array
    alike: bool = False

    def of(self, members: Codes) -> Leaves:
        return Leaves(
            self.codes[:, members], self.shift[members], self.variance[members], self.alike
        )

    def summands(self) -> Iterator[Array]:
        """What is summed over the leaves of a place, each an amount per leaf; how many leaves there
        are is the first."""
        yield np.ones(len(self.shift))
        if self.alike:
            yield self.shift
            yield self.shift**2
            return
        sure = 1 / self.variance
        squared = self.shift**2
        yield sure * self.shift
        yield sure
        yield sure * squared
        for uneven in UNEVEN:
            weight = 1 / (self.variance + uneven**2)
            yield weight * self.shift
            yield weight
            yield 0.5 * (np.log(self.variance * weight) + squared * (sure - weight))

    @property
    def rows(self) -> int:
        """How many summands there are."""
        return 3 if self.alike else 4 + 3 * len(UNEVEN)

    def terms(self, sums: Array) -> Array:
        """What `evidence` reads, from the sums of places: one row per summand, a column each."""
        if not self.alike or sums.shape[1] == 0:
            return sums if sums.shape[1] else np.zeros((4 + 3 * len(UNEVEN), 0))
        variance = float(self.variance[0])
        sure = 1 / variance
        of = [(1.0, 0.0, 0.0), (0.0, sure, 0.0), (sure, 0.0, 0.0), (0.0, 0.0, sure)]
        for uneven in UNEVEN:
            weight = 1 / (variance + uneven**2)
            wider = 0.5 * float(np.log(variance * weight)), 0.0, 0.5 * (sure - weight)
            of += [(0.0, weight, 0.0), (weight, 0.0, 0.0), wider]
        return np.array(of) @ sums

    def most(self, sums: Array) -> Array:
        """The most evidence that places can have: no shift says more than each leaf's own."""
        if not self.alike:
            return sums[3] / 2
        return sums[2] / (2 * float(self.variance[0])) if len(self.variance) else sums[2]

    def summed(self) -> Array:
        """The terms of all leaves together, one row each."""
        return self.terms(np.array([[one.sum()] for one in self.summands()]))

    def beside(self, dims: tuple[int, ...]) -> Iterator[Array]:
        """The terms per value that occurs, one row each, for every dimension but some."""
        summands = list(self.summands())
        for d in set(range(len(self.codes))) - set(dims):
            present = np.flatnonzero(np.bincount(self.codes[d]))
            sums = [np.bincount(self.codes[d], one)[present] for one in summands]
            yield self.terms(np.array(sums, dtype=float))
