"""Looks: what repeated testing costs, and boundaries that pay for it.

Everything here is on the z scale, for a score process with independent increments: Z_k at
information share t_k (0-1], Cov(Z_j, Z_k) = sqrt(t_j / t_k).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.distributions import norm

Array = NDArray[np.float64]
# "alpha spending" is the family; where nothing else is said it means the first of the two.
Spending = Literal["alpha spending", "obrien-fleming", "pocock"]
FAR = 12.0


def crossing(shares: ArrayLike, bounds: ArrayLike, drift: float = 0.0) -> Array:
    """Chance to leave (-bound, bound) first at each look, two-sided.

    Args:
        shares: information share of each look, increasing, in (0, 1].
        bounds: critical value of |Z| at each look.
        drift: mean of Z at share 1 (0 = nothing to find).

    References: Armitage, McPherson & Rowe (1969), Repeated significance tests on accumulating data.
    """
    t = np.asarray(shares, dtype=float)
    half = np.minimum(np.asarray(bounds, dtype=float), FAR) * np.sqrt(t)
    leave = np.empty(len(t))
    steps = np.diff(np.concatenate([[0.0], t]))
    points, mass = np.array([0.0]), np.array([1.0])
    for k, step in enumerate(steps):
        sd, mean = np.sqrt(step), points + drift * step
        leave[k] = mass @ (norm.sf((half[k] - mean) / sd) + norm.cdf((-half[k] - mean) / sd))
        nodes, weights = _nodes(half[k], sd)
        density = norm.pdf((nodes[:, None] - mean[None, :]) / sd) / sd
        points, mass = nodes, weights * (density @ mass)
    return leave


def _nodes(half: float, sd: float) -> tuple[Array, Array]:
    """Gauss-Legendre nodes on (-half, half), dense enough for a kernel of width sd."""
    nodes, weights = _legendre(int(np.clip(np.ceil(6 * half / sd), 48, 400)))
    return nodes * half, weights * half


@cache
def _legendre(count: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(count)


def spent(share: ArrayLike, alpha: float, spending: Spending = "obrien-fleming") -> Array:
    """Error spent up to an information share by one side that may spend `alpha` in all.

    References: Lan & DeMets (1983), Discrete sequential boundaries for clinical trials.
    """
    t = np.clip(np.asarray(share, dtype=float), 0.0, 1.0)
    if spending == "pocock":
        return alpha * np.log1p((np.e - 1) * t)
    with np.errstate(divide="ignore"):
        return 2 * norm.sf(norm.isf(alpha / 2) / np.sqrt(t))


def lan_demets(
    shares: Sequence[float] | Array, level: float = 0.95, spending: Spending = "obrien-fleming"
) -> Array:
    """Critical value of |Z| at each look, each side spending (1 - level) / 2.

    Example:
        >>> lan_demets([0.2, 0.4, 0.6, 0.8, 1.0]).round(3).tolist()
        [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    t = np.asarray(shares, dtype=float)
    cumulative = 2 * spent(t, (1 - level) / 2, spending)
    spend = np.diff(np.concatenate([[0.0], cumulative]))
    bounds = np.full(len(t), FAR)
    state = np.array([0.0]), np.array([1.0])
    for k, step in enumerate(np.diff(np.concatenate([[0.0], t]))):
        bounds[k] = _bound(state, np.sqrt(t[k]), np.sqrt(step), spend[k])
        state = _carried(state, bounds[k] * np.sqrt(t[k]), np.sqrt(step))
    return bounds


def _bound(state: tuple[Array, Array], root: float, sd: float, spend: float) -> float:
    points, mass = state

    def surplus(bound: float) -> float:
        half = bound * root
        return (
            float(mass @ (norm.sf((half - points) / sd) + norm.cdf((-half - points) / sd))) - spend
        )

    return FAR if surplus(FAR) >= 0 else _root(surplus, 0.0, FAR)


def _carried(state: tuple[Array, Array], half: float, sd: float) -> tuple[Array, Array]:
    points, mass = state
    nodes, weights = _nodes(half, sd)
    return nodes, weights * (norm.pdf((nodes[:, None] - points[None, :]) / sd) / sd @ mass)


def constant(looks: int, level: float = 0.95, shape: Spending = "obrien-fleming") -> float:
    """Constant of the classic boundary at equally spaced looks (Pocock: c; O'Brien-Fleming: c /
    sqrt(t)).

    References: Jennison & Turnbull (2000), Group sequential methods, tables 2.1 and 2.3.
    """
    t = np.arange(1, looks + 1) / looks
    power = 0.0 if shape == "pocock" else 0.5
    return _root(lambda c: float(crossing(t, c / t**power).sum()) - (1 - level), 1.0, 6.0)


def information(control: ArrayLike, treatment: ArrayLike) -> Array:
    """Share of the information that each day ends with, from both arms' units at its end.

    By the calendar where assignment ended before the days did: then it is the outcome that still
    grows.
    """
    a, b = np.asarray(control, dtype=float), np.asarray(treatment, dtype=float)
    calendar = np.arange(1, len(a) + 1) / len(a)
    if len(a) > 3 and a[-1] + b[-1] == a[-4] + b[-4]:
        return calendar
    with np.errstate(divide="ignore", invalid="ignore"):
        amount = np.nan_to_num(a * b / (a + b))
    share = np.maximum.accumulate(amount / amount[-1])
    # Strictly increasing, so that a day without new units is no look for nothing.
    return np.clip(share + calendar * 1e-6, 1e-6, None) / (1 + 1e-6)


def uncorrected_p(z: float, shares: Sequence[float] | Array) -> float:
    """What a stop at an uncorrected look is worth.

    The chance, with nothing to find, that |Z| reaches `z` at one of the planned looks: the honest
    p-value of somebody who looks at every one of `shares` and stops as soon as it looks good.
    """
    return float(min(crossing(shares, np.full(len(shares), abs(z))).sum(), 1.0))


def spending_p(
    z: float, shares: Sequence[float] | Array, spending: Spending = "obrien-fleming"
) -> float:
    """Smallest error a spending boundary must be allowed for |z| at the last of `shares` to cross
    it."""
    low, high = 1e-12, 1 - 1e-9

    def excess(alpha: float) -> float:
        return lan_demets(shares, 1 - alpha, spending)[-1] - abs(z)

    if excess(high) >= 0:
        return 1.0
    return low if excess(low) <= 0 else _root(excess, low, high)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import root_scalar  # loads for a while

    return float(root_scalar(function, bracket=(low, high), method="brentq", xtol=1e-10).root)
