"""The law of Welch's t where arms are uneven and a metric is skewed: labels dealt at random.

A mean over few units of a skewed metric, less one over many, is itself skewed, and so is its t: a
small arm that caught no big spender looks sure of its low mean. Student's law does not know it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.distributions import norm

Array = NDArray[np.float64]
# A law is an integral over the ways to deal the labels; these many draws give a tail of .025 to
# within .0016, always the same.
DRAWS, SEED = 10_000, 1
FURTHEST = 400  # values that are dealt one by one; the others move together
GRID = np.linspace(-3, 3, 121)  # as z; so far the draws tell
# Below this skewness of the difference Student's law is right to .003 in each tail.
NEEDED = 0.05
# Above it even this law fails where the arms differ: docs/benchmarks/experiment.md.
MOST = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """What is known of the values of one arm, around a point near their mean.

    Attributes:
        far: those furthest from it. n: how many there are in all. powers: sums of the first four
            powers of all of them.
    """

    far: Array
    n: float
    powers: Array


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """Which t is as rare as which z: `t` at the points of `GRID`, rising."""

    t: Array

    def z_of(self, t: float) -> float:
        """The z as rare as this t; beyond the draws it grows no faster than t."""
        if self.t[0] <= t <= self.t[-1]:
            return float(np.interp(t, self.t, GRID))
        end = -1 if t > self.t[-1] else 0
        return float(GRID[end] + (t - self.t[end]) / self._rise(end))

    def t_of(self, z: float) -> float:
        """The t as rare as this z."""
        if GRID[0] <= z <= GRID[-1]:
            return float(np.interp(z, GRID, self.t))
        end = -1 if z > GRID[-1] else 0
        return float(self.t[end] + (z - GRID[end]) * self._rise(end))

    def _rise(self, end: int) -> float:
        """By how much t rises with z at an end; at least as it does for many units."""
        inner = -21 if end else 20
        return max(float((self.t[end] - self.t[inner]) / (GRID[end] - GRID[inner])), 1.0)


def imbalance(a: float, b: float) -> float:
    """What the skewness of a metric is multiplied by in the difference of two means over `a` and
    `b` units; 0 where they are even."""
    return float((1 / b**2 - 1 / a**2) / (1 / a + 1 / b) ** 1.5)


def skewness(a: Values, b: Values) -> float:
    """Of both arms together."""
    return skewness_of(a.n + b.n, a.powers + b.powers)


def skewness_of(n: float, powers: Array) -> float:
    """From the sums of the first three powers of `n` values."""
    s1, s2, s3 = powers[:3]
    mean = s1 / n
    variance = s2 / n - mean**2
    third = s3 / n - 3 * mean * s2 / n + 2 * mean**3
    return float(third / variance**1.5) if variance > 0 else 0.0


def dealt(a: Values, b: Values) -> Law:
    """The law of Welch's t of b less a when all units are dealt to the arms at random.

    Exact in its level where the arms do not differ at all, whatever the metric; right for many
    units where they differ, as the statistic carries its own error.

    References: Janssen (1997), Studentized permutation tests for non-i.i.d. hypotheses; Chung &
    Romano (2013), Exact and asymptotically robust permutation tests.
    """
    n, powers = a.n + b.n, a.powers + b.powers
    size = np.sqrt(powers[1] / n)  # any scale: t has none
    powers = powers / size ** np.arange(1, 5)
    far = np.concatenate([a.far, b.far]) / size
    far = far[np.argsort(-np.abs(far), kind="stable")][:FURTHEST]
    rng = np.random.default_rng(SEED)
    sums, left = _far(far, n, b.n, rng)
    sums += _others(powers - _powers(far), n - len(far), left, rng)
    t = np.sort(_welch(sums, powers[:2], n, b.n))
    t = t[np.isfinite(t)]
    at = np.quantile(t, norm.cdf(GRID))
    # Strictly rising, so that it can be read both ways.
    return Law(at + 1e-9 * np.arange(len(at)))


def _powers(values: Array) -> Array:
    return np.array([(values**k).sum() for k in range(1, 5)])


def _far(far: Array, n: float, mine: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Per draw: sums of values and squares that fall to b, and how many more units b is to get."""
    left, sums = np.full(DRAWS, float(mine)), np.zeros((2, DRAWS))
    for k, value in enumerate(far):
        took = rng.random(DRAWS) * (n - k) < left
        left -= took
        sums[0] += took * value
        sums[1] += took * value**2
    return sums, left


def _others(powers: Array, n: float, mine: Array, rng: np.random.Generator) -> Array:
    """The same of the other values, which are so many and so near that their sums are normal."""
    if n < 1:
        return np.zeros((2, len(mine)))
    one, two, three, four = powers / n
    spread = np.array([[two - one**2, three - one * two], [three - one * two, four - two**2]])
    values, vectors = np.linalg.eigh(spread)
    root = vectors * np.sqrt(np.maximum(values, 0))
    noise = root @ rng.standard_normal((2, len(mine)))
    width = np.sqrt(np.maximum(mine * (1 - mine / n), 0) * n / max(n - 1, 1))
    return np.array([[one], [two]]) * mine + width * noise


def _welch(sums: Array, whole: Array, n: float, b: float) -> Array:
    a, (s1, s2) = n - b, sums
    mean_b, mean_a = s1 / b, (whole[0] - s1) / a
    variance = np.maximum(s2 / b - mean_b**2, 0) / (b - 1)
    variance += np.maximum((whole[1] - s2) / a - mean_a**2, 0) / (a - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (mean_b - mean_a) / np.sqrt(variance)
