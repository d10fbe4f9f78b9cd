"""Which noise the leaves of a cube carry: does it shrink with size (counts) or not (relative noise)?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.stats import chi2

Array = NDArray[np.float64]
BINS, IN_BIN, LEAST, REPEATS = 12, 20, 10.0, 5
# Only the calmest part of the leaves is looked at: the others may truly have moved.
CALM, FEWEST = 0.4, 5
WORTH = 0.5  # misfit that a second parameter must save
CALM_CHI2 = float(chi2.cdf(chi2.ppf(CALM, 1), 3) / CALM)  # mean of a chi-square(1) variable below that quantile


@dataclass(frozen=True, slots=True)
class Noise:
    """Variance of actual − expected: 2·dispersion·mean + relative²·mean².

    Attributes:
        dispersion: variance per unit of size, in the measure's own unit (about 1 for plain counts in both periods).
        relative: sd of the deviation of a large leaf, as a share.
        count_share: share of the variance of the typical leaf that shrinks with size.
    """

    dispersion: float
    relative: float
    count_share: float

    def variance(self, mean: Array, spread: Array) -> Array:
        """Variance of actual − expected for leaves of size `mean`; see `fit_noise` for `spread`."""
        return 2 * self.dispersion * spread * mean + self.relative**2 * mean**2

    def weights(self, mean: Array, spread: Array) -> Array:
        """Weights that turn amounts into effective counts (variance equal to mean)."""
        return 1 / (self.dispersion * spread + self.relative**2 * mean / 2)


def fit_noise(
    expected: Array,
    actual: Array,
    spread: Array,
    *,
    least: float = 0.0,
    one_sided: bool = False,
    seed: int = 0,
) -> Noise:
    """Dispersion and relative noise from leaves most of which are normal.

    Args:
        expected, actual: amounts per leaf, none negative.
        spread: per leaf, how much more (or less) count noise it has than two periods of equal size: (1 + m)/2
            when the expectation rests on 1/m of the present volume; 1 where unknown.
        least: smallest dispersion that is possible (1 for plain counts in both periods).
        one_sided: judge by the calmer of the two sides (above, below): stands up to more true deviations,
            but understates the noise somewhat.
        seed: for the random grouping of small leaves.
    """
    total, gap = (expected + actual) * spread, actual - expected
    keep = total > 0
    total, gap, size = total[keep], gap[keep], ((expected + actual) / spread)[keep]
    if len(total) < 8:
        return Noise(max(least, 1.0), 0.0, 1.0)
    rng = np.random.default_rng(seed)
    order = np.argsort(size + 1e-9 * rng.random(len(total)))
    parts = np.array_split(order, int(np.clip(len(order) // IN_BIN, 2, BINS)))
    mean = np.array([float(np.mean(size[p])) for p in parts])
    levels = [_level(total[p], gap[p], rng, one_sided) for p in parts]
    level, groups = (np.array(column, dtype=float) for column in zip(*levels, strict=True))
    fitted = _solved(mean, level, groups, float(np.median(size)))
    return replace(fitted, dispersion=max(fitted.dispersion, least))


def _level(total: Array, gap: Array, rng: np.random.Generator, one_sided: bool) -> tuple[float, float]:
    """Variance per unit of size of leaves of like size, and how many groups it rests on.

    Small leaves are first added up at random until a squared deviation means something.
    """
    mean = float(np.mean(total))
    n = max(1, int(len(total) * min(1.0, mean / LEAST)))
    if n < len(total):
        groups = [rng.permutation(len(total)) % n for _ in range(REPEATS)]
        parts = [np.bincount(g, gap) for g in groups], [np.bincount(g, total) for g in groups]
        gap, total = np.concatenate(parts[0]).astype(float), np.concatenate(parts[1]).astype(float)
    score = gap**2 / total
    sides = [_calm(score[side]) for side in (gap >= 0, gap <= 0)]
    return min(sides) if one_sided else _calm(score), float(n)


def _calm(score: Array) -> float:
    """Mean squared score judged by its calmest part; infinite when there is next to nothing to judge by."""
    if len(score) < FEWEST:
        return np.inf
    return float(np.mean(np.sort(score)[: max(1, int(CALM * len(score)))])) / CALM_CHI2


def _solved(size: Array, level: Array, groups: Array, typical: float) -> Noise:
    """Robust fit of log level = log(dispersion + relative²·size/4): some bins may be full of true deviations."""
    level = np.clip(level, 1e-12, 1e300)
    weight = np.sqrt(np.minimum(groups, 200.0) / 4)

    def misfit(log_parameters: Array) -> Array:
        dispersion, square = np.exp(log_parameters)
        return weight * (np.log(level) - np.log(dispersion + square * size / 4))

    flat, steep = np.log(np.median(level)), np.log(np.median(4 * level / size))
    starts = [(flat, steep - 3), (flat - 3, steep)]
    best = min((least_squares(misfit, s, loss="soft_l1", max_nfev=40) for s in starts), key=lambda fit: fit.cost)
    dispersion, square = np.exp(best.x)
    share = dispersion / (dispersion + square * typical / 4)
    simple = least_squares(lambda x: misfit(np.append(x, -50.0)), [flat], loss="soft_l1", max_nfev=40)
    if simple.cost < best.cost + WORTH:
        dispersion, square = float(np.exp(simple.x[0])), 0.0
    return Noise(float(dispersion), float(np.sqrt(square)), float(share))
