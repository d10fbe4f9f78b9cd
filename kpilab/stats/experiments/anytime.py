"""Always-valid intervals and p-values: look whenever you like, stop whenever you like."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import zeta


def mixture_rho(v_best: float, alpha: float = 0.05) -> float:
    """Mixing precision that makes the normal-mixture bound tightest at intrinsic time `v_best`.

    References: Howard, Ramdas, McAuliffe & Sekhon (2021), Time-uniform, nonparametric,
    nonasymptotic
        confidence sequences, section 3.5.
    """
    return v_best / (2 * np.log(1 / alpha) + np.log1p(2 * np.log(1 / alpha)))


def mixture_bound(v: float, rho: float, alpha: float = 0.05) -> float:
    """Two-sided bound on a sum of variance `v` that holds at all times together."""
    return float(np.sqrt((v + rho) * np.log((v + rho) / (rho * alpha**2))))


def stitched_bound(
    v: float, v_min: float, alpha: float = 0.05, c: float = 0.0, s: float = 1.4, eta: float = 2.0
) -> float:
    """Polynomial stitched bound (one side), for sub-gamma sums of scale `c`;
    grows like sqrt(v log log v)."""
    time = max(v, v_min)
    k1, k2 = (eta**0.25 + eta**-0.25) / np.sqrt(2), (np.sqrt(eta) + 1) / 2
    ell = s * np.log(np.log(eta * time / v_min)) + np.log(zeta(s) / (alpha * np.log(eta) ** s))
    return float(np.sqrt(k1**2 * time * ell + (k2 * c * ell) ** 2) + k2 * c * ell)


def sequence(
    effect: float, error: float, n: float, *, tuning: float, level: float = 0.95
) -> tuple[float, float, float]:
    """Always-valid interval and p-value of an effect: (low, high, p).

    Args:
        effect, error: estimate and its standard error after `n` units in all.
        tuning: number of units at which the interval should be tightest; chosen before the test.

    References: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), Time-uniform central limit
    theory.
    """
    if not error > 0 or not np.isfinite(error):
        return float("nan"), float("nan"), float("nan")
    half = error * float(bound(n, tuning, level))
    return float(effect - half), float(effect + half), worth(effect / error, n, tuning, level)


def bound(n: ArrayLike, tuning: float, level: float = 0.95) -> NDArray[np.float64]:
    """Critical |z| after `n` units that holds at all n together.

    It holds for z of a known variance. With an estimated one the first units have heavy tails: give
    the z that stands for the t statistic's own p-value.
    """
    grown = np.asarray(n, dtype=float) * _rho2(tuning, level) + 1
    return np.sqrt(2 * grown / (grown - 1) * np.log(np.sqrt(grown) / (1 - level)))


def worth(z: float, n: float, tuning: float, level: float = 0.95) -> float:
    """Always-valid p-value of a z after `n` units; `level` is the one that the tuning is for."""
    grown = n * _rho2(tuning, level) + 1
    log_p = 0.5 * np.log(grown) - z**2 * (grown - 1) / (2 * grown)
    return float(np.exp(min(log_p, 0.0)))


def _rho2(tuning: float, level: float) -> float:
    twice = -2 * np.log(1 - level)
    return float((twice + np.log(twice + 1)) / tuning)


def mixture_ratio(effect: float, error: float, tau2: float) -> float:
    """log likelihood ratio of the mixture sequential probability ratio test, effects ~ N(0, tau2).

    References: Johari, Koomen, Pekelis & Walsh (2017), Peeking at A/B tests.
    """
    v = error**2
    return float(0.5 * np.log(v / (v + tau2)) + tau2 * effect**2 / (2 * v * (v + tau2)))
