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
        """A bound on the evidence of places that costs less than the evidence itself."""
        leaves = np.maximum(sums[0], 0.5)
        if not self.alike or len(self.variance) == 0:
            shifts = range(1, len(sums) - 2, 3)
            found = [sums[k] ** 2 / np.maximum(2 * sums[k + 1], 1e-300) for k in shifts]
            for k in range(len(UNEVEN)):
                found[k + 1] += sums[6 + 3 * k]
            return np.max(found, axis=0)
        # An uneven shift says what an even one does, and what the leaves vary beyond their noise:
        # (x − 1 − log x) / 2 each at most, where they vary x times as much.
        size = leaves * float(self.variance[0])
        beyond = np.maximum(sums[2] / size - 1, 0.0)
        return sums[1] ** 2 / (2 * size) + leaves * np.minimum(beyond**2 / 4, beyond / 2)

    def summed(self) -> Array:
        """The terms of all leaves together, one row each."""
        return self.terms(np.array([[one.sum()] for one in self.summands()]))

    def beside(self, dims: tuple[int, ...]) -> list[Array]:
        """The terms per value that occurs, for every dimension but some."""
        summands, found = list(self.summands()), []
        for d in set(range(len(self.codes))) - set(dims):
            rows = [np.bincount(self.codes[d], one) for one in summands]
            found.append(np.array(rows)[:, np.flatnonzero(rows[0])])
        terms = self.terms(np.concatenate(found, axis=1)) if found else np.zeros((0, 0))
        ends = np.cumsum([part.shape[1] for part in found], dtype=np.intp)
        return np.split(terms, ends[:-1], axis=1) if found else []
