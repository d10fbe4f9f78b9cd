"""Quantiles of an arm by order statistics."""

from __future__ import annotations

import numpy as np

from kpilab.stats.distributions import norm
from kpilab.stats.mean import Estimate


def ranks(
    n: float, share: float, level: float = 0.95, inflation: float = 1.0
) -> tuple[float, float]:
    """Quantile levels whose order statistics enclose the `share` quantile.

    Args:
        inflation: how much more the share of units below the quantile varies than for independent
            units (clusters).
    """
    half = norm.ppf(0.5 + level / 2) * np.sqrt(share * (1 - share) * inflation / max(n, 1))
    return float(np.clip(share - half, 0, 1)), float(np.clip(share + half, 0, 1))


def enough(n: float, share: float, level: float = 0.95, inflation: float = 1.0) -> bool:
    """Whether there are units on both sides of the enclosing ranks:
    without them the interval is no interval."""
    half = norm.ppf(0.5 + level / 2) * np.sqrt(share * (1 - share) * inflation / max(n, 1))
    return bool(half < min(share, 1 - share))


def design_effect(clusters: float, s: float, n: float, ss: float, nn: float, sn: float) -> float:
    """How much more a share varies because units come in clusters than if each came alone.

    Args:
        clusters: how many. s, n, ss, nn, sn: sums over clusters of the units with the property, of
            all units, and of their squares and product.
    """
    share = s / n
    spread = (ss - 2 * share * sn + share**2 * nn) / n**2 * clusters / (clusters - 1)
    alone = share * (1 - share) / n
    return max(float(spread / alone), 1.0) if alone > 0 else 1.0


def from_order(n: float, value: float, low: float, high: float, level: float = 0.95) -> Estimate:
    """An estimate whose variance is read off the enclosing order statistics.

    Where many units have the very value of the quantile (counts), the order statistics on one side
    may all be that value, and half their distance says too little: the farther side counts, so that
    arms whose order statistics touch do not differ.

    References: Deng, Knoblich & Lu (2018), Applying the delta method in metric analytics, section
    4.
    """
    z = norm.ppf(0.5 + level / 2)
    if low < high and value in (low, high):
        return Estimate(value, float(max(value - low, high - value) / z) ** 2, n)
    error = (high - low) / (2 * z)
    return Estimate(value, float(error**2 * (n - 1) / n), n)
