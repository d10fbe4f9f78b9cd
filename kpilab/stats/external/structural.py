"""Bayesian structural time series: local level plus regression, by Gibbs sampling.

References: Brodersen, Gallusser, Koehler, Remy and Scott (2015), Inferring causal impact using
Bayesian structural time-series models; Scott and Varian (2014), Predicting the present with
Bayesian structural time series; Frühwirth-Schnatter (1994), Data augmentation and dynamic linear
models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from kpilab.stats.distributions import student
from kpilab.stats.rounding import beyond_rounding

Array = NDArray[np.float64]
DRAWS, BURN = 1000, 200
LEVEL_SD, LEVEL_DF = 0.01, 32.0
R2, NOISE_DF, WEIGHT = 0.8, 50.0, 0.01
PERIODS_EACH = 5  # periods before that a covariate needs
STILL = 0.01  # of its spread over all periods


@dataclass(frozen=True, slots=True)
class Structural:
    """Posterior of the course without the intervention.

    Attributes:
        expected, low, high: per period (level 0.95), before and after.
        effect, error: posterior mean and sd of the mean effect after.
        effect_low, effect_high: its 95 % interval as the model sees it, not calibrated.
        coefficients: posterior mean of the covariates' coefficients (standardised).
    """

    expected: Array
    low: Array
    high: Array
    effect: float
    error: float
    effect_low: float
    effect_high: float
    coefficients: Array


def structural(
    y: Array,
    x: Array | None,
    before: int,
    *,
    level_sd: float = LEVEL_SD,
    draws: int = DRAWS,
    seed: int = 1,
) -> Structural:
    """Fit on the first `before` values of `y`, predict the rest from `x` (periods × covariates)."""
    y = np.asarray(y, dtype=float)
    x = np.empty((len(y), 0)) if x is None else np.asarray(x, dtype=float).reshape(len(y), -1)
    centre, scale = y[:before].mean(), y[:before].std(ddof=1) or 1.0
    z, back = _components(x, before)
    past = (y[:before] - centre) / scale
    gram = z[:before].T @ z[:before]
    prior = WEIGHT * (0.5 * gram + 0.5 * np.diag(np.diag(gram))) / before + 1e-9 * np.eye(
        z.shape[1]
    )
    paths, coefficients = _gibbs(past, z, prior, level_sd, draws, BURN, seed)
    paths = centre + scale * paths
    effects = (y[before:] - paths[:, before:]).mean(axis=1)
    low, high = np.quantile(paths, [0.025, 0.975], axis=0)
    bounds = np.quantile(effects, [0.025, 0.975])
    return Structural(
        paths.mean(axis=0), low, high, float(effects.mean()), float(effects.std()),
        float(bounds[0]), float(bounds[1]),
        back @ coefficients.mean(axis=0),
    )  # fmt: skip


def _components(x: Array, before: int) -> tuple[Array, Array]:
    """Covariates standardised, and what brings coefficients back to them.

    Where they are many beside the periods before, their first common movements stand for them: a
    past shorter than that fits anything and foretells nothing. A covariate that hardly moved before
    and moves much after has no past to learn from, and counts for nothing.
    """
    spread = beyond_rounding(x[:before].std(axis=0, ddof=1), x)
    known = spread > STILL * x.std(axis=0, ddof=1)
    z = (x - x[:before].mean(axis=0)) / np.where(known, spread, 1.0) * known
    most = max(before // PERIODS_EACH, 1)
    if z.shape[1] <= most:
        return z, np.eye(z.shape[1])
    directions = np.linalg.svd(z[:before], full_matrices=False)[2][:most].T
    moves = z @ directions
    sizes = moves[:before].std(axis=0, ddof=1)
    sizes = np.where(sizes > 0, sizes, 1.0)
    return moves / sizes, directions / sizes


@njit(cache=True)
def _gibbs(  # pragma: no cover - compiled
    y: Array, x: Array, prior: Array, level_sd: float, draws: int, burn: int, seed: int
) -> tuple[Array, Array]:
    """Draws of the predicted path (draws × all periods) and of the coefficients."""
    np.random.seed(seed)
    n, total, k = len(y), len(x), x.shape[1]
    past = np.ascontiguousarray(x[:n])
    precision = past.T @ past + prior
    root = np.linalg.cholesky(precision)
    paths, betas = np.empty((draws, total)), np.empty((draws, k))
    beta, centre_beta, noise, drift = np.zeros(k), np.zeros(k), (1 - R2), level_sd**2
    level, mean, var = np.zeros(n), np.empty(n), np.empty(n)
    for step in range(draws + burn):
        _draw_level(y, past @ beta, noise, drift, mean, var, level)
        # Level variance, then noise variance and coefficients together.
        moves = 0.0
        for t in range(1, n):
            moves += (level[t] - level[t - 1]) ** 2
        drift = 0.5 * (LEVEL_DF * level_sd**2 + moves) / np.random.gamma(0.5 * (LEVEL_DF + n - 1))
        target = y - level
        squares = np.sum(target * target)
        if k:
            cross = past.T @ target
            centre_beta = np.linalg.solve(precision, cross)
            squares -= np.sum(cross * centre_beta)
        noise = 0.5 * (NOISE_DF * (1 - R2) + squares) / np.random.gamma(0.5 * (NOISE_DF + n))
        if k:
            shock = np.empty(k)
            for j in range(k):
                shock[j] = np.random.randn()
            beta = centre_beta + np.sqrt(noise) * np.linalg.solve(root.T, shock)
        if step >= burn:
            row = step - burn
            betas[row] = beta
            _draw_path(x, beta, level, drift, noise, paths[row])
    return paths, betas


@njit(cache=True)
def _draw_level(  # pragma: no cover - compiled
    y: Array, fit: Array, noise: float, drift: float, mean: Array, var: Array, level: Array
) -> None:
    """Write a draw of the level into `level`: filter forwards, sample backwards."""
    n = len(y)
    m, p = y[0], 1.0
    for t in range(n):
        gain = p / (p + noise)
        m = m + gain * (y[t] - fit[t] - m)
        p = p * (1 - gain)
        mean[t], var[t] = m, p
        p = p + drift
    level[n - 1] = mean[n - 1] + np.sqrt(var[n - 1]) * np.random.randn()
    for t in range(n - 2, -1, -1):
        back = var[t] / (var[t] + drift)
        centre = mean[t] + back * (level[t + 1] - mean[t])
        level[t] = centre + np.sqrt(var[t] * (1 - back)) * np.random.randn()


@njit(cache=True)
def _draw_path(  # pragma: no cover - compiled
    x: Array, beta: Array, level: Array, drift: float, noise: float, path: Array
) -> None:
    """Write a draw of all periods into `path`; after the last known level it goes on at random."""
    n = len(level)
    now = level[n - 1]
    for t in range(len(x)):
        if t >= n:
            now += np.sqrt(drift) * np.random.randn()
        base = level[t] if t < n else now
        regress = 0.0
        for j in range(len(beta)):
            regress += x[t, j] * beta[j]
        path[t] = base + regress + np.sqrt(noise) * np.random.randn()


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A structural effect with an interval that placebos in time have widened.

    Attributes:
        effect, low, high, p: mean effect after, calibrated interval and p-value at the level asked
            for.
        placebos: t-values of the effects "found" at earlier starts, where nothing happened.
        stretch: root mean square of those; 1 where the model's own error is right.
        false_positives: share of placebos that the calibrated interval would have called an effect,
            each judged by the others; naive_false_positives: the same for the model's own interval.
    """

    effect: float
    low: float
    high: float
    p: float
    placebos: Array
    stretch: float
    false_positives: float
    naive_false_positives: float


def calibrated(
    y: Array, x: Array | None, before: int, fit: Structural, level: float, *, starts: int = 12,
    draws: int = 300,
    seed: int = 1,
) -> Calibrated:  # fmt: skip
    """Repeat the analysis at earlier starts, and let the misses set the width of the interval."""
    after = len(y) - before
    first = max(12, before // 3)
    places = (
        np.unique(np.linspace(first, before - after, starts).astype(int))
        if before - after >= first
        else []
    )
    found = [
        structural(y[: s + after], None if x is None else x[: s + after], s, draws=draws, seed=seed)
        for s in places
    ]
    ratios = np.array([f.effect / f.error for f in found])
    if len(ratios) < 4:
        nan = float("nan")
        return Calibrated(fit.effect, nan, nan, nan, ratios, nan, nan, nan)
    # Overlapping starts: as many independent misses as horizons fit into the time they span.
    df = max((before - first) / after, 2.0)
    t = float(student.ppf(0.5 + level / 2, df))
    stretch = max(float(np.sqrt(np.mean(ratios**2))), 1.0)
    half = t * stretch * fit.error
    every = np.arange(len(ratios))
    others = np.array([np.sqrt(np.mean(ratios[every != k] ** 2)) for k in every])
    wrong = float(np.mean(np.abs(ratios) > t * np.maximum(others, 1.0)))
    p = float(2 * student.sf(abs(fit.effect) / (stretch * fit.error), df))
    naive = float(np.mean(np.abs(ratios) > 1.96))
    return Calibrated(
        fit.effect, fit.effect - half, fit.effect + half, p, ratios, stretch, wrong, naive
    )
