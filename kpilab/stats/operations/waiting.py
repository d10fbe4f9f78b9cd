"""Waiting times, some of which are not over yet.

References: Kaplan and Meier (1958), Nonparametric estimation from incomplete observations;
Brookmeyer and Crowley (1982), A confidence interval for the median survival time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.tail import critical

Array = NDArray[np.float64]


def waiting(
    length: ArrayLike, over: ArrayLike, share: float = 0.5, level: float = 0.95
) -> tuple[float, float, float]:
    """Time within which `share` of all is over, with interval; NaN where the data do not reach so
    far.

    The ends are where the bands of the curve cross the share, so that times that are rounded, and
    tied therefore, have an interval too.

    Args:
        length: time waited so far, >= 0. over: whether it came to its end.
    """
    # Loaded when waiting times are asked for: a review without incidents need not wait for it.
    from statsmodels.duration.survfunc import SurvfuncRight

    times, ends = np.asarray(length, float), np.asarray(over, int)
    if not len(times) or not ends.any():
        return float("nan"), float("nan"), float("nan")
    curve = SurvfuncRight(times, ends)
    at, left = np.asarray(curve.surv_times, float), np.asarray(curve.surv_prob, float)
    low, high = _bands(left, np.asarray(curve.surv_prob_se, float), critical(level))
    first, last = (_crossed(at, band, 1 - share) for band in (low, high))
    return float(curve.quantile(share)), first, last


def _bands(left: Array, error: Array, z: float) -> tuple[Array, Array]:
    """Pointwise bands of a survival curve on the scale log(-log S), which keeps them in 0..1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.log(-np.log(left))
        half = z * error / np.abs(left * np.log(left))
        low, high = (np.exp(-np.exp(scaled + side * half)) for side in (1, -1))
    # Nobody is left: there is no curve beyond.
    known = (left > 0) & (left < 1)
    return np.where(known, low, left), np.where(known, high, left)


def _crossed(at: Array, band: Array, level: float) -> float:
    """First time at which a curve is down to a level; NaN if it never is."""
    reached = np.flatnonzero(band <= level + 1e-12)
    return float(at[reached[0]]) if len(reached) else float("nan")
