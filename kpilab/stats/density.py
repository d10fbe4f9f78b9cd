"""Bunching: more values just above a threshold than the density around it explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]
DEGREES = (2, 3, 4)
WINDOW = 24  # bins on either side
LEAST_VALUES = 50


@dataclass(frozen=True, slots=True)
class Bunching:
    """Values found in the bin just above the threshold against those expected there.

    Attributes:
        found, expected: counts. low, high: interval of the excess. excess: found - expected.
        p: one-sided, calibrated by parametric bootstrap. values: how many lay in the window.
        edges, counts, fitted: histogram and density for drawing.
    """

    found: int
    expected: float
    excess: float
    low: float
    high: float
    p: float
    values: int
    edges: Floats
    counts: Floats
    fitted: Floats


def excess_above(
    values: Floats,
    threshold: float,
    *,
    width: float | None = None,
    level: float = 0.95,
    draws: int = 399,
    seed: int = 1,
) -> Bunching | None:
    """Count of the bin [threshold, threshold + width) against a smooth log-density of all other bins.

    A Poisson regression on a polynomial (degree 2-4 by AIC) is fitted without the bin in question; the departure
    over its standard error is compared with the same statistic on samples drawn from the fit (parametric
    bootstrap), which keeps the size where the normal approximation does not. None with fewer than 50 values in the
    window or nothing on one side.

    References: Chetty et al. (2011), Adjustment costs, firm responses, and micro vs. macro labor supply elasticities.
    """
    width = width or _width(values)
    edges = threshold + width * np.arange(-WINDOW, WINDOW + 1)
    counts = np.histogram(values, edges)[0].astype(float)
    used = np.flatnonzero(counts)
    if counts.sum() < LEAST_VALUES or not (counts[:WINDOW].any() and counts[WINDOW + 1 :].any()):
        return None
    span = slice(max(used[0] - 2, 0), min(used[-1] + 3, len(counts)))
    x = ((edges[:-1] + edges[1:]) / 2 - threshold)[span] / (WINDOW * width)
    y, hole = counts[span], WINDOW - span.start
    fits = [_fit(np.vander(x, d + 1), y, hole) for d in DEGREES]
    degree, (mu, error) = min(zip(DEGREES, fits, strict=True), key=lambda f: _aic(y, f[1][0], hole, f[0]))
    found, expected = float(y[hole]), float(mu[hole])
    z = _z(found, expected, error)
    rng, design = np.random.default_rng(seed), np.vander(x, degree + 1)
    simulated = []
    for sample in rng.poisson(mu, (draws, len(mu))).astype(float):
        again, its_error = _fit(design, sample, hole)
        simulated.append(_z(float(sample[hole]), float(again[hole]), its_error))
    # Ties of the discrete counts are broken at random, so that the size is not below the level either.
    p = (1 + np.sum(np.array(simulated) > z) + rng.uniform() * np.sum(np.array(simulated) == z)) / (draws + 1)
    half = float(norm.ppf(0.5 + level / 2)) * float(np.sqrt(max(found, 1.0) + error**2))
    low, high = found - expected - half, found - expected + half
    shown = np.asarray(edges[span.start : span.start + len(y) + 1], dtype=np.float64)
    return Bunching(int(found), expected, found - expected, low, high, float(p), int(y.sum()), shown, y, mu)


def _width(values: Floats) -> float:
    """An eighth of the robust spread."""
    low, high = np.quantile(values, [0.25, 0.75])
    return float((high - low) / 1.349 / 8) or float(values.std() / 8) or 1.0


def _fit(design: Floats, y: Floats, hole: int) -> tuple[Floats, float]:
    """Poisson regression without the bin `hole`; expected counts of all bins, and the error in the hole."""
    weight = np.ones(len(y))
    weight[hole] = 0.0
    eta = np.log(np.maximum(y, 0.5))
    for _ in range(12):
        mu = np.exp(np.clip(eta, -8, 12))
        w = weight * mu
        target = eta + (y - mu) / mu
        information = design.T @ (w[:, None] * design) + 1e-9 * np.eye(design.shape[1])
        new = design @ np.linalg.solve(information, design.T @ (w * target))
        done = np.max(np.abs(new - eta)) < 1e-6
        eta = np.clip(new, -8, 12)
        if done:
            break
    mu = np.exp(eta)
    information = design.T @ ((weight * mu)[:, None] * design) + 1e-9 * np.eye(design.shape[1])
    row = design[hole]
    return mu, float(mu[hole] * np.sqrt(row @ np.linalg.solve(information, row)))


def _aic(y: Floats, mu: Floats, hole: int, degree: int) -> float:
    keep = np.arange(len(y)) != hole
    return float(2 * degree - 2 * np.sum(y[keep] * np.log(mu[keep]) - mu[keep]))


def _z(found: float, expected: float, error: float) -> float:
    return float((found - expected) / np.sqrt(expected + error**2))
