"""Shares whose trials come in clusters: several sessions of one user are not several users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kpilab.stats.distributions import student
from kpilab.stats.proportion import wilson


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over clusters of trials n and successes y, now (1) and before (0),
    and of their products."""

    n1: ArrayLike
    n0: ArrayLike
    y1: ArrayLike
    y0: ArrayLike
    n1n1: ArrayLike
    n0n0: ArrayLike
    n1n0: ArrayLike
    y1y1: ArrayLike
    y0y0: ArrayLike
    y1y0: ArrayLike
    y1n1: ArrayLike
    y0n0: ArrayLike
    y1n0: ArrayLike
    y0n1: ArrayLike
    clusters: ArrayLike


def differences_of_sums(sums: Sums, level: float = 0.95) -> dict[str, np.ndarray]:
    """Differences of two shares when a cluster may add trials to both, for many pairs, from sums an
    engine can take.

    Each share is a ratio of sums over clusters, linearised; the variance is that of the clusters'
    influences, so trials of one cluster may depend on each other and on themselves in the other
    group.

    References: Taylor linearisation of a ratio; Deng, Knoblich, Lu (2018), Applying the delta
    method.

    Returns:
        Arrays `current`, `baseline`, `difference`, `low`, `high`, `p`; NaN where undefined.
    """
    s = {name: np.asarray(getattr(sums, name), dtype=float) for name in Sums.__slots__}
    with np.errstate(divide="ignore", invalid="ignore"):
        r1, r0 = s["y1"] / s["n1"], s["y0"] / s["n0"]
        now = (s["y1y1"] - 2 * r1 * s["y1n1"] + r1**2 * s["n1n1"]) / s["n1"] ** 2
        then = (s["y0y0"] - 2 * r0 * s["y0n0"] + r0**2 * s["n0n0"]) / s["n0"] ** 2
        shared = s["y1y0"] - r0 * s["y1n0"] - r1 * s["y0n1"] + r1 * r0 * s["n1n0"]
        units = s["clusters"]
        variance = (now + then - 2 * shared / (s["n1"] * s["n0"])) * units / (units - 1)
        error = np.sqrt(np.maximum(variance, 0.0))
        value = r1 - r0
        error = np.where(
            error > 1e-9 * (r1 + r0), error, np.nan
        )  # nothing but rounding is left of it
        half = student.ppf(0.5 + level / 2, units - 1) * error
        p = 2 * student.sf(np.abs(value) / error, units - 1)
    ends = {"low": np.maximum(value - half, -1.0), "high": np.minimum(value + half, 1.0)}
    return {"current": r1, "baseline": r0, "difference": value, **ends, "p": p}


def share_of_sums(
    count: ArrayLike,
    squares: ArrayLike,
    products: ArrayLike,
    trials: ArrayLike,
    trial_squares: ArrayLike,
    clusters: ArrayLike,
    level: float = 0.95,
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson interval of a share whose trials come in clusters: of as many trials as they are
    worth.

    What they are worth is their number over the design effect, the variance of the ratio of sums
    over clusters beside that of as many single trials; never more than their number. Where all or
    none came of it, clusters count as if their trials were one.

    Args:
        count, trials: successes of all trials. squares, products, trial_squares: sums over clusters
            of the square of the successes, of successes × trials, of the square of the trials.
        clusters: how many have a trial.

    References: Kish (1965), Survey sampling; Korn and Graubard (1998), Confidence intervals for
    proportions with small expected number of positive counts.
    """
    y, n, yy, yn, nn, units = (
        np.asarray(a, dtype=float)
        for a in (count, trials, squares, products, trial_squares, clusters)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        share = y / n
        alone = share * (1 - share) / n
        spread = (yy - 2 * share * yn + share**2 * nn) / n**2
        effect = np.where(alone > 0, spread / alone, nn / n)
        effect = np.where(effect > 1 + 1e-9, effect * units / np.maximum(units - 1, 1), 1.0)
        worth = n / np.minimum(effect, n)
    return wilson(share * worth, worth, level)
