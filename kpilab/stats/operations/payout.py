"""Tiered bonuses when the result is uncertain: expected payout, its slope,
and the spread of the sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.distributions import norm

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tiers:
    """Rising thresholds of attainment and the bonus paid from each on."""

    at: Array
    bonus: Array

    @property
    def steps(self) -> Array:
        """What each tier adds to the one below."""
        return np.diff(self.bonus, prepend=0.0)

    def paid(self, attainment: Array) -> Array:
        """Bonus for each attainment."""
        return (self.steps * (attainment[..., None] >= self.at)).sum(axis=-1)


@dataclass(frozen=True, slots=True)
class Payout:
    """Per unit: chance of each tier (unit × tier), expected payout, and its slope in attainment."""

    chance: Array
    payout: Array
    marginal: Array


def expected(mean: Array, sd: Array, tiers: Tiers) -> Payout:
    """Payout when attainment is normal."""
    z = (tiers.at - mean[:, None]) / sd[:, None]
    chance = norm.sf(z)
    return Payout(chance, chance @ tiers.steps, (norm.pdf(z) / sd[:, None]) @ tiers.steps)


def simulate(
    mean: Array, sd: Array, tiers: Tiers, *, shared: float, draws: int, seed: int
) -> Array:
    """Payout of all units together, one number per draw;
    `shared` of the variance is common to them."""
    rng = np.random.default_rng(seed)
    order = np.lexsort((sd, mean))  # whose draw is whose must not hang on the order of the rows
    mean, sd = mean[order], sd[order]
    common = rng.standard_normal((draws, 1)) * np.sqrt(shared)
    own = rng.standard_normal((draws, len(mean))) * np.sqrt(1 - shared)
    return tiers.paid(mean + sd * (common + own)).sum(axis=1)
