"""Average run lengths: after how many points a control chart alarms, in control and after a shift.

Shifts are in standard deviations of a point. By Gauss-Legendre quadrature of the integral equation.

References: Brook and Evans (1972), An approach to the probability distribution of CUSUM run length;
Crowder (1987), A simple method for studying run-length distributions of EWMA charts.
"""

from __future__ import annotations

import numpy as np

from kpilab.stats.distributions import norm

NODES = 120


def shewhart(width: float = 3.0, shift: float = 0.0) -> float:
    """Run length of a chart with limits at ± `width` standard deviations."""
    return 1 / float(norm.sf(width - shift) + norm.cdf(-width - shift))


def ewma(weight: float, width: float, shift: float = 0.0) -> float:
    """Run length of an exponentially weighted mean with weight `weight`,
    limits at ± `width` of its own deviations."""
    end = width * float(np.sqrt(weight / (2 - weight)))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    x = end * nodes
    kernel = (
        norm.pdf((x[None, :] - (1 - weight) * x[:, None]) / weight - shift)
        / weight
        * (end * weights)
    )
    lengths = np.linalg.solve(np.eye(NODES) - kernel, np.ones(NODES))
    start = norm.pdf(x / weight - shift) / weight * (end * weights)
    return float(1 + start @ lengths)


def cusum(limit: float, slack: float, shift: float = 0.0, *, two_sided: bool = True) -> float:
    """Run length of a cumulative sum from zero that alarms above `limit`;
    `slack` is taken off every point."""
    up = _one_sided(limit, slack, shift)
    return 1 / (1 / up + 1 / _one_sided(limit, slack, -shift)) if two_sided else up


def _one_sided(limit: float, slack: float, shift: float) -> float:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    x, w = limit * (nodes + 1) / 2, limit * weights / 2
    kernel = norm.pdf(x[None, :] - x[:, None] + slack - shift) * w
    stuck = norm.cdf(-x + slack - shift)
    at_zero = norm.pdf(x + slack - shift) * w
    system = np.eye(NODES + 1)
    system[:-1, :-1] -= kernel
    system[:-1, -1] -= stuck
    system[-1, :-1] -= at_zero
    system[-1, -1] -= norm.cdf(slack - shift)
    return float(np.linalg.solve(system, np.ones(NODES + 1))[-1])
