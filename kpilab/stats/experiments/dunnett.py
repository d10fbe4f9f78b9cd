"""Several treatments against one control, tested together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import root_scalar

from kpilab.stats.distributions import chi2, norm

NODES, WEIGHTS = np.polynomial.legendre.leggauss(160)


def adjusted_p(
    statistics: Sequence[float], shares: Sequence[float], df: float = np.inf
) -> NDArray[np.float64]:
    """p-values of |t| against one control, corrected for all treatments at once.

    Treatments share the control, so their statistics correlate: corr(i, j) = sqrt(r_i r_j) with r =
    the share of the difference's variance that is the control's.

    Args:
        statistics: t of each treatment against the control. shares: r of each treatment, 0-1.

    References: Dunnett (1955), A multiple comparison procedure for comparing several treatments
    with a control.
    """
    return np.array([1 - _inside(abs(s), np.asarray(shares, float), df) for s in statistics]).clip(
        0, 1
    )


def critical(treatments: int, level: float = 0.95, df: float = np.inf) -> float:
    """Critical |t| for equally large arms."""
    shares = np.full(treatments, 0.5)
    return float(
        root_scalar(lambda c: _inside(c, shares, df) - level, bracket=(0.5, 12), xtol=1e-10).root
    )


def _inside(bound: float, shares: NDArray[np.float64], df: float) -> float:
    """P(all |t_i| <= bound): given the control (and the common variance),
    treatments are independent."""
    # A treatment that does not vary stands on the control's error alone: it is inside where the
    # control is.
    fixed, varying = shares > 1 - 1e-9, shares[shares <= 1 - 1e-9]
    root, rest = np.sqrt(varying)[:, None], np.sqrt(1 - varying)[:, None]

    def given(scale: float) -> float:
        end = min(bound * scale, 8.5) if fixed.any() else 8.5
        z, weight = NODES * end, WEIGHTS * end
        top, bottom = (bound * scale + root * z) / rest, (-bound * scale + root * z) / rest
        return float(weight @ (norm.pdf(z) * np.prod(norm.cdf(top) - norm.cdf(bottom), axis=0)))

    if not np.isfinite(df) or df > 5000:
        return given(1.0)
    chance = (np.arange(64) + 0.5) / 64
    from_chi = np.sqrt(chi2.ppf(chance, df) / df)
    return float(np.mean([given(s) for s in from_chi]))


def norm_z(p: ArrayLike) -> list[float]:
    """|z| that two-sided p-values stand for."""
    return norm.isf(np.asarray(p, dtype=float) / 2).tolist()
