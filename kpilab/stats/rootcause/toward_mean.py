"""Regression toward the mean: a place whose baseline was high by chance falls without a reason.

What it had before says how high it usually is. How much that time counts beside the baseline is
read off former pairs of periods: not at all where levels wander, fully where they stand.
Reference: James and Stein (1961), Estimation with quadratic loss; Efron and Morris (1972), Limiting
the risk of Bayes and empirical Bayes estimators.
"""

from __future__ import annotations

import numpy as np

from kpilab.stats.rootcause.former import Array, Former

# What a first period of the time before counts beside the baseline, as tried.
COUNTS = (0.0, 0.1, 0.25, 0.5, 1.0)
LEAST_GAIN = 0.05  # part of the noise that must go for the time before to count at all
LEAST_BEFORE = 1.0  # first periods that the time before must have for a date to be judged by
# A baseline that far from the time before, in standard errors, is a new level: from the first on
# the time before counts less, from the second on not at all.
NEAR, FAR = 1.5, 3.0


def weights(of: Former, noise: Array, count: float) -> Array:
    """Part of the way back to the level before that each place goes, places × dates.

    Args:
        noise: variance of relative moves. count: what a first period of the time before counts.
    """
    before = np.maximum(of.before, 1e-9)[None, :]
    apart = abs(of.back) / np.sqrt(noise / 2 * (1 + 1 / before))
    trusted = np.clip((FAR - apart) / (FAR - NEAR), 0.0, 1.0)
    return trusted * count * before / (1 + count * before)


def left(weight: Array, of: Former) -> Array:
    """Part of the variance of a move that is left where the level is a mean of both times."""
    before = np.maximum(of.before, 1e-9)[None, :]
    return (1 + (1 - weight) ** 2 + weight**2 / before) / 2


def counts(of: Former, noise: Array) -> float:
    """What a first period of the time before counts: what would have told former moves best."""
    dates = of.before >= LEAST_BEFORE
    if not dates.any():
        return 0.0

    def unexplained(count: float) -> float:
        off = of.moves - weights(of, noise, count) * of.back
        return float(np.median((off**2 / noise)[:, dates].mean(1)))

    none, *tried = [unexplained(count) for count in COUNTS]
    best = int(np.argmin(tried))
    return COUNTS[best + 1] if tried[best] < (1 - LEAST_GAIN) * none else 0.0
