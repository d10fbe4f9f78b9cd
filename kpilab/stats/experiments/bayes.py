"""A Bayesian read-out: chance to win and expected loss, with the prior said aloud."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from kpilab.stats.distributions import norm
from kpilab.stats.experiments.permutation import GRID, Law
from kpilab.stats.tail import critical, upper


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
    effect: float,
    error: float,
    *,
    prior: tuple[float, float] | None = None,
    level: float = 0.95,
    df: float = inf,
) -> Posterior:
    """Posterior of a normal effect; `prior` is (mean, variance), None for a flat one. With a flat
    one the chance is Student's, where the error is known with `df` degrees only."""
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
        float(mean), sd, float(mean - half), float(mean + half),
        upper(-z, inf if prior else df), float(ship), float(keep),
    )  # fmt: skip


def of_law(effect: float, error: float, law: Law) -> tuple[float, float, float]:
    """Chance to be better and both expected losses, of an effect whose t has a law of its own."""
    weight = norm.pdf(GRID) / norm.pdf(GRID).sum()
    believed = effect - error * law.t
    ship, keep = (float(weight @ np.maximum(side * believed, 0)) for side in (-1, 1))
    return upper(-law.z_of(effect / error)), ship, keep
