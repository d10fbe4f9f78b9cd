"""Variances of many places lend each other strength: what a place's own few groups of units say of
its noise is drawn towards what places of its size have.

Reference: Smyth (2004), Linear models and empirical Bayes methods for assessing differential
expression in microarray experiments.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import digamma, polygamma

from kpilab.stats.rootcause.contrast import TINY, Array, Contrast

FEWEST = 20  # places from which on their common noise is known
MOST = 100.0  # degrees of freedom that the others lend to a place


def moderated(of: Contrast) -> Contrast:
    """The same with moderated errors and their degrees of freedom."""
    use = of.known & (of.scale > TINY) & np.isfinite(of.error) & (of.error > 0)
    if use.sum() < FEWEST:
        return of
    half = of.df[use] / 2
    relative = 2 * np.log(of.error[use] / of.scale[use])
    level = relative - digamma(half) + np.log(half)
    usual = _by_size(level, np.log(of.scale[use]))
    spread = float(((level - usual) ** 2).mean() - polygamma(1, half).mean())
    prior = min(MOST, 2 * _inverse(spread)) if spread > 0 else MOST
    common = np.exp(usual + digamma(prior / 2) - np.log(prior / 2)) * of.scale[use] ** 2
    error, df = of.error.copy(), of.df.copy()
    error[use] = np.sqrt((prior * common + 2 * half * error[use] ** 2) / (prior + 2 * half))
    df[use] = prior + 2 * half
    return replace(of, error=error, df=df)


def _by_size(level: Array, size: Array) -> Array:
    """The level that places of each size have."""
    slope = np.polynomial.polynomial.polyfit(size, level, 1 if np.ptp(size) > 0 else 0)
    return np.asarray(np.polynomial.polynomial.polyval(size, slope), float)


def _inverse(value: float) -> float:
    """x with trigamma(x) = value, by Newton's method on its reciprocal, which is near linear."""
    if value > 1e7:
        return 1 / np.sqrt(value)
    x = 0.5 + 1 / value
    for _ in range(50):
        now = float(polygamma(1, x))
        step = now * (1 - now / value) / float(polygamma(2, x))
        x += step
        if abs(step) < 1e-8 * x:
            break
    return x
