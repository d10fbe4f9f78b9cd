"""Shares whose trials come in clusters: several sessions of one user are not several users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student


@dataclass(frozen=True, slots=True)
class Difference:
    """Current minus baseline share, with interval and p-value; NaN where a share is undefined."""

    current: float
    baseline: float
    value: float
    low: float
    high: float
    p: float


def clustered_difference(
    current: tuple[ArrayLike, ArrayLike],
    baseline: tuple[ArrayLike, ArrayLike],
    clusters: ArrayLike,
    level: float = 0.95,
) -> Difference:
    """Difference of two shares when a cluster may add trials to both.

    Each share is a ratio of sums over clusters, linearised; the variance is that of the clusters' influences, so
    trials of one cluster may depend on each other and on themselves in the other group.

    Args:
        current, baseline: trials and successes, one entry per kind of cluster.
        clusters: how many clusters are of that kind.
        level: confidence level.

    References: Taylor linearisation of a ratio; Deng, Knoblich, Lu (2018), Applying the delta method.
    """
    n1, y1, n0, y0, w = (np.asarray(v, dtype=float) for v in (*current, *baseline, clusters))
    sums = [float((w * v).sum()) for v in (n1, y1, n0, y0)]
    units = float(w.sum())
    if min(sums[0], sums[2]) == 0 or units < 2:
        r1, r0 = (sums[k + 1] / sums[k] if sums[k] else np.nan for k in (0, 2))
        return Difference(r1, r0, np.nan, np.nan, np.nan, np.nan)
    r1, r0 = sums[1] / sums[0], sums[3] / sums[2]
    influence = (y1 - r1 * n1) / sums[0] - (y0 - r0 * n0) / sums[2]
    error = float(np.sqrt((w * influence**2).sum() * units / (units - 1)))
    value = r1 - r0
    if error == 0:
        return Difference(r1, r0, value, np.nan, np.nan, np.nan)
    half = float(student.ppf(0.5 + level / 2, units - 1)) * error
    p = 2 * student.sf(abs(value) / error, units - 1)
    return Difference(r1, r0, value, max(value - half, -1.0), min(value + half, 1.0), float(p))


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over clusters of trials n and successes y, now (1) and before (0), and of their products."""

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
    """As `clustered_difference`, for many pairs of shares at once, from sums an engine can take.

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
        error = np.where(error > 1e-9 * (r1 + r0), error, np.nan)  # nothing but rounding is left of it
        half = student.ppf(0.5 + level / 2, units - 1) * error
        p = 2 * student.sf(np.abs(value) / error, units - 1)
    ends = {"low": np.maximum(value - half, -1.0), "high": np.minimum(value + half, 1.0)}
    return {"current": r1, "baseline": r0, "difference": value, **ends, "p": p}
