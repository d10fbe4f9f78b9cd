"""What many tests say of each other: how often an effect is real, how much of a win lasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.distributions import norm

Array = NDArray[np.float64]
# Where some tests work: the share of them, all values alike; the spread of their effects in
# standard errors of a usual test, and their mean in spreads. A test is planned for an effect of
# about three errors, and which way effects lean is for the tests to say.
SHARES, SPREADS, LEANS = (np.arange(10) + 0.5) / 10, np.geomspace(0.75, 16, 10), (-0.6, 0.0, 0.6)
USUAL_SPREAD, SPREAD_LOG = 3.5, 0.6
LEANING = (0.2, 0.6, 0.2)
# Chance, before the tests are seen, that none of them works. Tuned with the figures above on other
# seeds than those of docs/benchmarks/experiment.md.
NOTHING = 0.43
DRAWS = 4000


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """Effects of tests after each has learnt from all.

    Attributes:
        mean: per test. low, high: its interval, should any test work at all. real: chance that its
            effect is above zero. draws: one row per draw of all effects together, should any work.
        works: chance that any test works.
    """

    mean: Array
    low: Array
    high: Array
    real: Array
    draws: Array
    works: float

    def total(self, weights: ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
        """Sum of the effects by their weights, with its interval."""
        w = np.asarray(weights, dtype=float)
        low, high = np.quantile(self.draws @ w, _ends(level))
        mean = float(self.mean @ w)
        return mean, min(float(low), mean), max(float(high), mean)


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """A grid of what a programme can be like: share of tests that work, spread and mean of their
    effects, and the weight of each point."""

    share: Array
    spread: Array
    mean: Array
    weight: Array


def shrink(effects: ArrayLike, errors: ArrayLike, *, level: float = 0.95, seed: int = 1) -> Shrunk:
    """Effects under a mixture: a share of the tests does nothing, the effects of the others are
    normal; share, spread and mean are weighed by how well they explain all tests together, and so
    is that no test works at all.

    That nothing works shrinks the estimates only. It is one point, and no twenty tests rule it out:
    an interval that counted it would be too short wherever something does work. So intervals are
    those of a programme in which something works, and reach the estimate.

    What a test was stopped by does not matter, as the likelihood of an estimate and its error is
    the same whenever one looked; so tests that were peeked at are read by the same rule.

    Args:
        effects, errors: estimates of all decided tests (not of the wins alone), and their standard
            errors.

    References: Stephens (2017), False discovery rates: a new deal; Deng (2015), Objective Bayesian
    two sample hypothesis testing for online controlled experiments.
    """
    x, s = np.asarray(effects, dtype=float), np.asarray(errors, dtype=float)
    prior = _prior(float(np.median(s)))
    share, mean = prior.share[:, None], prior.mean[:, None]
    wide = np.hypot(s[None], prior.spread[:, None])
    null, alive = _log_density(x, s), _log_density(x - mean, wide)
    both = np.logaddexp(np.log1p(-share) + null, np.log(share) + alive)
    weight, works = _weighed(prior.weight, both.sum(axis=1), float(null.sum()))
    real = np.exp(np.log(share) + alive - both)
    kept = (prior.spread[:, None] / wide) ** 2
    at, error = kept * x + (1 - kept) * mean, np.sqrt(kept) * s
    rng = np.random.default_rng(seed)
    k = rng.choice(len(weight), DRAWS, p=weight)
    drawn = at[k] + error[k] * rng.standard_normal((DRAWS, len(x)))
    drawn = np.where(rng.random((DRAWS, len(x))) < real[k], drawn, 0.0)
    low, high = np.quantile(drawn, _ends(level), axis=0)
    middle = works * (weight @ (real * at))
    chance = works * (weight @ (real * norm.cdf(at / error)))
    return Shrunk(middle, np.minimum(low, middle), np.maximum(high, middle), chance, drawn, works)


def _prior(usual: float) -> Prior:
    """Of tests whose usual standard error is `usual`, where some of them work."""
    far = np.exp(-0.5 * (np.log(SPREADS / USUAL_SPREAD) / SPREAD_LOG) ** 2)
    share, spread, lean = (
        v.ravel() for v in np.meshgrid(SHARES, SPREADS * usual, LEANS, indexing="ij")
    )
    weight = np.multiply.outer(np.multiply.outer(np.ones(len(SHARES)), far), LEANING).ravel()
    return Prior(share, spread, lean * spread, weight / weight.sum())


def _weighed(prior: Array, some: Array, none: float) -> tuple[Array, float]:
    """Weights of the points of the grid given that some test works, and the chance that any does.

    Args:
        some, none: log-likelihood of all tests at each point, and where nothing works.
    """
    most = max(float(some.max()), none)
    weight = prior * np.exp(some - most)
    whole = float(weight.sum())
    works = (1 - NOTHING) * whole / ((1 - NOTHING) * whole + NOTHING * np.exp(none - most))
    return weight / whole, float(works)


def _log_density(x: Array, error: Array) -> Array:
    """Of a normal value around zero, up to a constant."""
    return -0.5 * (x / error) ** 2 - np.log(error)


def _ends(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2
