"""Bunching: more values just above a threshold than the density around it explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.distributions import norm

Floats = NDArray[np.float64]
DEGREES = (2, 3, 4)
WINDOW = 24  # bins on either side
LEAST_VALUES = 50
ROUNDS = 15
NEAR = 4  # bins on either side that the fit is scaled to


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
    """Count of the bin [threshold, threshold + width) against a smooth log-density of all other
    bins.

    A Poisson regression on a polynomial (degree 2-4 by AIC) is fitted without the bin in question;
    the departure over its standard error is compared with the same statistic, degree chosen anew,
    on samples drawn from the fit (parametric bootstrap), which keeps the size where the normal
    approximation does not. No polynomial follows every density: the same is asked once more with
    the fit scaled to the bins beside the one in question, and p is the larger of the two. None with
    fewer than 50 values in the window or nothing on one side.

    References: Chetty et al. (2011), Adjustment costs, firm responses, and micro vs. macro labor
    supply elasticities.
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
    fit = _smooth(x, y[None, :], hole)
    mu, error = fit.mu[0], float(fit.error[0])
    found, expected = float(y[hole]), float(mu[hole])
    rng = np.random.default_rng(seed)
    simulated = _smooth(x, rng.poisson(mu, (draws, len(mu))).astype(float), hole).z
    # Ties of the discrete counts are broken at random, so that the size is not below the level
    # either.
    ties = rng.uniform() * np.sum(simulated == fit.z, axis=0)
    p = np.max((1 + np.sum(simulated > fit.z, axis=0) + ties) / (draws + 1))
    half = float(norm.ppf(0.5 + level / 2)) * float(np.sqrt(max(found, 1.0) + error**2))
    low, high = found - expected - half, found - expected + half
    shown = np.asarray(edges[span.start : span.start + len(y) + 1], dtype=np.float64)
    return Bunching(
        int(found), expected, found - expected, low, high, float(p), int(y.sum()), shown, y, mu
    )


def _width(values: Floats) -> float:
    """An eighth of the robust spread."""
    low, high = np.quantile(values, [0.25, 0.75])
    return float((high - low) / 1.349 / 8) or float(values.std() / 8) or 1.0


@dataclass(frozen=True, slots=True)
class _Smooth:
    """Fits of B histograms: expected counts (B x bins), their error in the hole (B) and z of the
    count there, against the fit and against the fit scaled to the bins beside it (B x 2)."""

    mu: Floats
    error: Floats
    z: Floats


def _smooth(x: Floats, y: Floats, hole: int) -> _Smooth:
    """Every histogram (row of `y`) with the degree that suits it best."""
    fits = [_fit(np.vander(x, d + 1), y, hole) for d in DEGREES]
    best = np.argmin(
        [_aic(y, mu, hole, d) for d, (mu, _) in zip(DEGREES, fits, strict=True)], axis=0
    )
    rows = np.arange(len(y))
    mu = np.array([m for m, _ in fits])[best, rows]
    error = np.array([e for _, e in fits])[best, rows]
    return _Smooth(
        mu, error, np.column_stack([_departure(y, mu, error, hole), _beside(y, mu, error, hole)])
    )


def _departure(y: Floats, mu: Floats, error: Floats, hole: int) -> Floats:
    return (y[:, hole] - mu[:, hole]) / np.sqrt(mu[:, hole] + error**2)


def _beside(y: Floats, mu: Floats, error: Floats, hole: int) -> Floats:
    """z of the hole when its expected count is scaled by what the bins beside it hold of theirs."""
    near = [k for k in range(max(hole - NEAR, 0), min(hole + NEAR + 1, y.shape[1])) if k != hole]
    fitted = mu[:, near].sum(axis=1)
    scale = (y[:, near].sum(axis=1) + 1) / (fitted + 1)
    expected = mu[:, hole] * scale
    return (y[:, hole] - expected) / np.sqrt(
        expected + (error * scale) ** 2 + expected**2 / np.maximum(fitted, 1)
    )


def _fit(design: Floats, y: Floats, hole: int) -> tuple[Floats, Floats]:
    """Poisson regressions without the bin `hole`; expected counts of all bins,
    and the errors in the hole."""
    weight = np.ones(y.shape[1])
    weight[hole] = 0.0
    eta = np.log(np.maximum(y, 0.5))
    for _ in range(ROUNDS):
        mu = np.exp(eta)
        target = weight * (mu * eta + y - mu)
        new = (
            np.linalg.solve(_information(design, weight * mu), (target @ design)[:, :, None])[
                :, :, 0
            ]
            @ design.T
        )
        done = np.max(np.abs(new - eta)) < 1e-6
        eta = np.clip(new, -8, 12)
        if done:
            break
    mu = np.exp(eta)
    row = np.broadcast_to(design[hole][:, None], (len(y), design.shape[1], 1))
    variance = np.linalg.solve(_information(design, weight * mu), row)[:, :, 0] @ design[hole]
    return mu, mu[:, hole] * np.sqrt(variance)


def _information(design: Floats, weight: Floats) -> Floats:
    """Design' W Design for each row of weights."""
    k = design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), k * k)
    return (weight @ products).reshape(len(weight), k, k) + 1e-9 * np.eye(k)


def _aic(y: Floats, mu: Floats, hole: int, degree: int) -> Floats:
    keep = np.arange(y.shape[1]) != hole
    return 2 * degree - 2 * np.sum(y[:, keep] * np.log(mu[:, keep]) - mu[:, keep], axis=1)
