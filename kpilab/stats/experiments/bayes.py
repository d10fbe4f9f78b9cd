"""A Bayesian read-out: chance to win and expected loss, with the prior said aloud."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln, xlog1py, xlogy

from kpilab.stats.tail import critical, upper

NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed about the effect.

    Attributes:
        mean, sd: of the effect. low, high: credible interval.
        chance: probability that b is better. loss_ship, loss_keep: effect expected to be lost by
            shipping b when it is worse, and by keeping a when b is better.
    """

    mean: float
    sd: float
    low: float
    high: float
    chance: float
    loss_ship: float
    loss_keep: float


def normal(
    effect: float, error: float, *, prior: tuple[float, float] | None = None, level: float = 0.95
) -> Posterior:
    """Posterior of a normal effect; `prior` is (mean, variance), None for a flat one."""
    mean, variance = effect, error**2
    if prior is not None:
        weight = 1 / variance + 1 / prior[1]
        mean, variance = (effect / variance + prior[0] / prior[1]) / weight, 1 / weight
    sd = float(np.sqrt(variance))
    half = critical(level) * sd
    z = mean / sd
    density = float(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))
    ship = sd * density - mean * upper(z)
    keep = sd * density + mean * upper(-z)
    return Posterior(
        float(mean), sd, float(mean - half), float(mean + half), upper(-z), float(ship), float(keep)
    )


def beta_binomial(
    xa: float,
    na: float,
    xb: float,
    nb: float,
    *,
    prior: tuple[float, float] = (1.0, 1.0),
    level: float = 0.95,
) -> Posterior:
    """Posterior of the difference of two proportions, each with a Beta prior (successes, failures).

    Chance and losses are integrals over the posteriors, not simulations; the interval is that of
    the normal with the posterior's mean and variance.
    """
    a = (xa + prior[0], na - xa + prior[1])
    b = (xb + prior[0], nb - xb + prior[1])
    (mean_a, sd_a), (mean_b, sd_b) = (_beta_moments(*parameters) for parameters in (a, b))
    mean, sd = mean_b - mean_a, float(np.hypot(sd_a, sd_b))
    x, weight, bottom = _grid(((mean_a, sd_a), (mean_b, sd_b)))
    below_a, below_b = betainc(*a, x), betainc(*b, x)
    density = np.exp(xlogy(a[0] - 1, x) + xlog1py(a[1] - 1, -x) - betaln(*a))
    chance = weight @ (density * (1 - below_b))
    # E[max(a, b)] is the integral of 1 - F_a F_b.
    best = bottom + weight @ (1 - below_a * below_b)
    half = critical(level) * sd
    ship, keep = best - mean_b, best - mean_a
    return Posterior(mean, sd, mean - half, mean + half, float(chance), float(ship), float(keep))


def _grid(
    shapes: tuple[tuple[float, float], ...],
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Gauss-Legendre nodes and weights dense where either posterior is, and the lower end."""
    edges = {
        float(np.clip(mean + k * sd, 0, 1))
        for mean, sd in shapes
        for k in (-12, -5, -2, 0, 2, 5, 12)
    }
    ends = np.array(sorted(edges))
    half, middle = np.diff(ends) / 2, (ends[1:] + ends[:-1]) / 2
    x = (middle[:, None] + half[:, None] * NODES).ravel()
    return x, (half[:, None] * WEIGHTS).ravel(), float(ends[0])


def _beta_moments(successes: float, failures: float) -> tuple[float, float]:
    """Mean and standard deviation of a Beta distribution."""
    total = successes + failures
    return successes / total, float(np.sqrt(successes * failures / (total**2 * (total + 1))))
