"""Which noise the leaves of a cube carry: does it shrink with size (counts) or not (relative
noise)?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from kpilab.stats.distributions import chi2

Array = NDArray[np.float64]
BINS, IN_BIN, LEAST, REPEATS, FEW_LEAVES = 12, 20, 10.0, 5, 8
# Only the calmest part of the leaves is looked at: the others may truly have moved. More of them,
# once what moved is found and left out.
CALM, CALMED, FEWEST = 0.4, 0.7, 5
# Misfit that a second parameter must save: count noise beside relative noise, which tells on small
# leaves; and the other way round.
PLAIN, WORTH = 3.0, 0.5
# Of the typical leaf's variance, the share that shrinks with size.
SHARES = np.concatenate([[0.0], expit(np.linspace(-12, 8, 101)), [1.0]])
ROUNDS, SETTLED = 30, 1e-5
# leaves that say how rare the rarest are, and what the noise of most is, drawn from more
ENOUGH, PLENTY = 500_000, 20_000
# Degrees of freedom per leaf where one parameter is fitted, and where two are: only the calmest
# part of the leaves carries the fit.
FREEDOM = {CALM: (0.2, 0.12), CALMED: (0.5, 0.3)}
# mean of a chi-square(1) variable below that quantile
CALM_CHI2 = {part: float(chi2.cdf(chi2.ppf(part, 1), 3) / part) for part in FREEDOM}


@dataclass(frozen=True, slots=True)
class Noise:
    """Variance of actual − expected: 2·dispersion·mean + relative²·mean² + floor.

    Attributes:
        dispersion: variance per unit of size, in the measure's own unit (about 1 for plain counts
            in both periods).
        relative: sd of the deviation of a large leaf, as a share.
        count_share: share of the variance of the typical leaf that shrinks with size.
        df: degrees of freedom of the fit; infinite where the noise is known to be that of counts.
        floor: variance of every leaf that rounding alone brings.
    """

    dispersion: float
    relative: float
    count_share: float
    df: float = np.inf
    floor: float = 0.0

    def variance(self, mean: Array, spread: Array) -> Array:
        """Variance of actual − expected for leaves of size `mean`; see `levels` for `spread`."""
        return 2 * self.dispersion * spread * mean + self.relative**2 * mean**2 + self.floor

    def needed(self, worth: float) -> float:
        """Evidence that is worth so much once tempered."""
        return (
            worth
            if np.isinf(self.df)
            else float(self.df / 2 * np.expm1(min(2 * worth / self.df, 300.0)))
        )

    def worth(self, evidence: float) -> float:
        """What evidence is worth once tempered: the other way round."""
        return (
            evidence if np.isinf(self.df) else float(self.df / 2 * np.log1p(2 * evidence / self.df))
        )

    def weights(self, mean: Array, spread: Array) -> Array:
        """Weights that turn amounts into effective counts (variance equal to mean)."""
        return 1 / (self.dispersion * spread + self.relative**2 * mean / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """How noisy leaves of like size are: one entry per bin of size.

    Attributes:
        size: mean of expected + actual.
        both: variance per unit of size, judged by both sides (above, below).
        calmer: the same by the calmer side, where what moved is not left out yet: stands up to more
            true deviations, but understates the noise somewhat.
        groups: how many deviations it rests on.
        typical: size of the typical leaf. leaves: how many there are. calm: share of them that was
            looked at.
    """

    size: Array
    both: Array
    calmer: Array
    groups: Array
    typical: float
    leaves: int
    calm: float

    def noise(self, *, least: float = 0.0, calmer: bool = False) -> Noise:
        """The noise that fits best; `least` is the smallest dispersion that is possible (1 for
        plain counts)."""
        if len(self.size) == 0:
            return Noise(max(least, 1.0), 0.0, 1.0)
        height, misfit = self._fits(self.calmer if calmer else self.both)
        # None or all of it count noise (the first, the last share): simpler, unless a second
        # parameter saves enough.
        best = int(np.argmin(misfit))
        best = best if misfit[best] < misfit[0] - PLAIN else 0
        best = best if misfit[best] < misfit[-1] - WORTH else len(SHARES) - 1
        total, share = float(np.exp(height[best])), float(SHARES[best])
        relative = float(np.sqrt(4 * total * (1 - share) / self.typical))
        known = total * share <= least and relative == 0
        df = np.inf if known else FREEDOM[self.calm][relative > 0] * self.leaves
        return Noise(max(total * share, least), relative, share, df)

    def too_calm(self, dispersion: float) -> float:
        """Misfit (nats) added by the claim that no leaf has less noise than counts of this
        dispersion."""
        if len(self.size) == 0:
            return 0.0
        free, held = (self._fits(self.both, least)[1].min() for least in (0.0, dispersion))
        return float(held - free)

    def _fits(self, level: Array, least: float = 0.0) -> tuple[Array, Array]:
        """Per share of count noise: the best height of log level = height + log(share + (1 −
        share)·size/typical).

        Robust, as some bins may be full of true deviations. Returns heights and misfits.
        """
        weight = np.minimum(self.groups, 200.0) / 4
        shape = np.log(SHARES[:, None] + (1 - SHARES[:, None]) * self.size / self.typical)
        gap = np.log(np.clip(level, 1e-12, 1e300)) - shape
        height = _centre(gap, weight)
        if least > 0:
            height = np.maximum(height, np.log(least / np.maximum(SHARES, 1e-300)))
        return height, (np.sqrt(1 + weight * (gap - height[:, None]) ** 2) - 1).sum(axis=1)


def levels(
    expected: Array, actual: Array, spread: Array, *, calm: float = CALM, seed: int = 0
) -> Levels:
    """Levels of noise from leaves most of which are normal.

    Args:
        expected, actual: amounts per leaf, none negative.
        spread: per leaf, how much more (or less) count noise it has than two periods of equal size:
            (1 + m)/2 when the expectation rests on 1/m of the present volume; 1 where unknown.
        calm: share of the leaves to look at, the calmest; `CALMED` where what moved is left out.
        seed: for the random grouping of small leaves.
    """
    expected, actual, spread = (v[some(len(expected), PLENTY)] for v in (expected, actual, spread))
    both = expected + actual
    total, gap, size = both * spread, actual - expected, both / spread
    some_size = np.flatnonzero(total > 0)
    if len(some_size) < len(total):
        total, gap, size = (v[some_size] for v in (total, gap, size))
    if len(total) < FEW_LEAVES:
        none = np.zeros(0)
        return Levels(none, none, none, none, 1.0, 0, calm)
    rng = np.random.default_rng(seed)
    order = np.argsort(size + 1e-9 * rng.random(len(total)))
    total, gap, size = total[order], gap[order], size[order]
    typical = float(size[(len(size) - 1) // 2] + size[len(size) // 2]) / 2
    bins = int(np.clip(len(order) // IN_BIN, 2, BINS))
    totals, gaps, sizes = (np.array_split(v, bins) for v in (total, gap, size))
    mean = np.array([float(np.mean(part)) for part in sizes])
    told = [_level(of, gap, calm, rng) for of, gap in zip(totals, gaps, strict=True)]
    sides, calmer, groups = np.array(told).T
    return Levels(mean, sides, calmer, groups, typical, len(total), calm)


def some(n: int, most: int = ENOUGH) -> slice | NDArray[np.intp]:
    """All leaves, or so many of them that noise can be judged by."""
    return slice(None) if n <= most else np.random.default_rng(0).integers(0, n, most)


def sample(known: NDArray[np.bool_] | None, n: int, most: int = ENOUGH) -> slice | NDArray[np.intp]:
    """The leaves among `n` that are known, or so many of them that noise can be judged by."""
    if known is None or known.all():
        return some(n, most)
    leaves = np.flatnonzero(known)
    return leaves[some(len(leaves), most)]


def fit_noise(expected: Array, actual: Array, spread: Array, *, least: float = 0.0) -> Noise:
    """Dispersion and relative noise from leaves most of which are normal; see `levels`."""
    return levels(expected, actual, spread).noise(least=least)


def _level(
    total: Array, gap: Array, calm: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Variance per unit of size of leaves of like size: by both sides, and by the calmer; how many
    groups it rests on.

    Small leaves are first added up at random until a squared deviation means something.
    """
    mean = float(np.mean(total))
    n = max(1, int(len(total) * min(1.0, mean / LEAST)))
    if n < len(total):
        groups = [rng.permutation(len(total)) % n for _ in range(REPEATS)]
        parts = [np.bincount(g, gap) for g in groups], [np.bincount(g, total) for g in groups]
        gap, total = np.concatenate(parts[0]).astype(float), np.concatenate(parts[1]).astype(float)
    score = gap**2 / total
    both = calmer = _calm(score, calm)
    if calm == CALM:
        calmer = min(_calm(score[side], calm) for side in (gap >= 0, gap <= 0))
    return both, calmer, float(n)


def _calm(score: Array, part: float) -> float:
    """Mean squared score judged by its calmest part;
    infinite when there is next to nothing to judge by."""
    if len(score) < FEWEST:
        return np.inf
    calm = max(1, int(part * len(score)))
    return float(np.mean(np.partition(score, calm - 1)[:calm])) / CALM_CHI2[part]


def _centre(gap: Array, weight: Array) -> Array:
    """Per row of `gap`: the h with the least Σ√(1 + w(gap − h)²), by reweighting."""
    h = np.median(gap, axis=1)
    for _ in range(ROUNDS):
        pull = weight / np.sqrt(1 + weight * (gap - h[:, None]) ** 2)
        before, h = h, np.vecdot(pull, gap) / pull.sum(axis=1)
        if np.all(np.abs(h - before) <= SETTLED):
            break
    return h
