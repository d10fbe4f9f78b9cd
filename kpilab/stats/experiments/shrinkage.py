"""What many tests say of each other: how often an effect is real, how much of a win lasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.distributions import norm

Array = NDArray[np.float64]
# The share of tests with an effect, and the spread of effects in standard errors of a usual test:
# a grid wide enough that its ends hold no weight, all values of the first alike, of the second by
# its logarithm.
SHARES, SPREADS = (np.arange(20) + 0.5) / 20, np.geomspace(0.5, 16, 20)
DRAWS = 4000


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """Effects of tests after each has learnt from all.

    Attributes:
        mean, low, high: per test. real: chance that its effect is above zero. draws: one row per
            draw of all effects together.
    """

    mean: Array
    low: Array
    high: Array
    real: Array
    draws: Array

    def total(self, weights: ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
        """Sum of the effects by their weights, with its interval."""
        w = np.asarray(weights, dtype=float)
        low, high = np.quantile(self.draws @ w, _ends(level))
        return float(self.mean @ w), float(low), float(high)


def shrink(effects: ArrayLike, errors: ArrayLike, *, level: float = 0.95, seed: int = 1) -> Shrunk:
    """Effects under a mixture: a share of the tests does nothing, the others are normal around
    zero; share and spread are weighed by how well they explain all tests together.

    What a test was stopped by does not matter, as the likelihood of an estimate and its error is
    the same whenever one looked; so tests that were peeked at are read by the same rule.

    Args:
        effects, errors: estimates of all decided tests (not of the wins alone), and their standard
            errors.

    References: Stephens (2017), False discovery rates: a new deal; Deng (2015), Objective Bayesian
    two sample hypothesis testing for online controlled experiments.
    """
    x, s = np.asarray(effects, dtype=float), np.asarray(errors, dtype=float)
    share, spread = (v.ravel() for v in np.meshgrid(SHARES, SPREADS * np.median(s), indexing="ij"))
    wide = np.hypot(s[None], spread[:, None])
    null, alive = norm.pdf(x / s) / s, norm.pdf(x[None] / wide) / wide
    both = (1 - share[:, None]) * null[None] + share[:, None] * alive
    weight = np.log(np.maximum(both, np.finfo(float).tiny)).sum(axis=1)
    weight = np.exp(weight - weight.max())
    weight /= weight.sum()
    real = share[:, None] * alive / np.maximum(both, np.finfo(float).tiny)
    kept = spread[:, None] ** 2 / (spread[:, None] ** 2 + s[None] ** 2)
    rng = np.random.default_rng(seed)
    k = rng.choice(len(weight), DRAWS, p=weight)
    drawn = kept[k] * x + np.sqrt(kept[k]) * s * rng.standard_normal((DRAWS, len(x)))
    drawn = np.where(rng.random((DRAWS, len(x))) < real[k], drawn, 0.0)
    low, high = np.quantile(drawn, _ends(level), axis=0)
    mean = (weight[:, None] * real * kept * x[None]).sum(axis=0)
    return Shrunk(mean, low, high, (drawn > 0).mean(axis=0), drawn)


def _ends(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2
