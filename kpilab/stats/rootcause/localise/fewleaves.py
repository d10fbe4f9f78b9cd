"""Noise of a cube of few leaves: the most likely one, while some leaves moved by any amount."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.rootcause.localise.noise import Noise

Array = NDArray[np.float64]
# counts from which a squared deviation means something; smaller leaves are added up at random
ENOUGH = 10.0
STRAYS = (0.02, 0.15, 0.4)  # share of leaves that moved
SIMPLER = 0.5  # nats that a second source of noise must save
# relative noise of amounts that are not counts is not believed to be less, from few leaves
SMALLEST = 0.01
PRIOR = 8.0  # degrees of freedom that knowing the noise of counts is worth


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    gap: Array
    mean: Array
    spread: Array
    floor: float

    def likelihood(self, dispersion: float, relative: float, moved: float) -> float:
        variance = (
            2 * dispersion * self.spread * self.mean + (relative * self.mean) ** 2 + self.floor
        )
        variance += 1e-14 * self.mean**2
        normal = np.exp(-0.5 * self.gap**2 / variance) / np.sqrt(2 * np.pi * variance)
        density = (1 - moved) * normal + moved / (4 * self.mean)
        return float(np.log(np.maximum(density, 1e-300)).sum())


def few_leaves(
    expected: Array, actual: Array, spread: Array, *, least: float, floor: float = 0.0
) -> Noise:
    """The noise that fits best; see `noise.levels`.

    Args:
        least: smallest dispersion that is possible; 0 where the noise is not that of counts.
        floor: variance of each leaf from rounding alone.
    """
    sample = _sample(expected, actual, spread, least, floor)
    n = len(sample.mean)
    if n == 0:
        return Noise(max(least, 1e-12), 0.0, 1.0)
    typical, usual = (
        float(np.median(sample.mean)),
        max(float(np.quantile(np.abs(sample.gap) / sample.mean, 0.9)), 1e-7),
    )
    relative = np.append(0.0, np.geomspace(max(usual * 1e-4, 1e-7), max(usual, 1e-6), 14))
    free = np.append(0.0, np.geomspace(max(usual * 1e-4, 1e-7), usual, 10) ** 2 * typical / 2)
    dispersion = least * np.array([1.0, 1.4, 2.0, 3.0, 5.0, 9.0]) if least > 0 else free

    def fit(phi: float, rho: float, moved: float) -> float:
        return sample.likelihood(phi, rho, moved) - SIMPLER * ((phi > dispersion[0]) + (rho > 0))

    grid = [
        (fit(p, r, e), p, r, e)
        for e in STRAYS
        for p in dispersion
        for r in relative
        if p or r or floor
    ]
    _, phi, rho, moved = max(grid)
    phi, rho = _refined(fit, (float(phi), float(rho), moved), least)
    if least == 0:
        noise = Noise(phi, max(rho, SMALLEST), 0.0, max(n - 2, 1) / 2)
    else:
        noise = Noise(phi, rho, 1.0, np.inf if phi == least and rho == 0 else n / 2 + PRIOR)
    share = 2 * phi / max(2 * phi + noise.relative**2 * typical, 1e-300)
    return replace(noise, count_share=share)


def _refined(
    fit: Callable[[float, float, float], float], start: tuple[float, float, float], least: float
) -> tuple[float, float]:
    best, at, step = fit(*start), start, 1.4
    for _ in range(5):
        phi, rho, moved = at
        around = [(phi * step, rho, moved), (max(phi / step, least), rho, moved), (phi, rho * step,
            moved),
                  (phi, rho / step, moved), (phi, rho, min(moved * 1.5, 0.6)), (phi, rho,
                      moved / 1.5)]  # fmt: skip
        scored = max((fit(*p), p) for p in around)
        if scored[0] > best:
            best, at = scored
        step = step**0.7
    return at[0], at[1]


def _sample(expected: Array, actual: Array, spread: Array, least: float, floor: float) -> _Sample:
    mean = (expected + actual) / 2
    occurs = mean > 0
    gap, mean, spread = (actual - expected)[occurs], mean[occurs], spread[occurs]
    small = np.flatnonzero(mean < ENOUGH / 2 * least)
    if len(small) > 1:
        rng = np.random.default_rng(0)
        small = rng.permutation(small)
        groups = max(1, int(mean[small].sum() / (ENOUGH * least)))
        group = np.arange(len(small)) % groups
        added = [
            np.bincount(group, v[small], groups).astype(float) for v in (gap, mean, spread * mean)
        ]
        kept = np.delete(np.arange(len(mean)), small)
        gap, spread = np.append(gap[kept], added[0]), np.append(spread[kept], added[2] / added[1])
        mean = np.append(mean[kept], added[1])
    return _Sample(gap, mean, spread, floor)
