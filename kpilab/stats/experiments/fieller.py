"""Relative change b / a - 1: Fieller's interval, and the log and delta forms as options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kpilab.stats.core.change import fieller
from kpilab.stats.mean import Difference, Estimate
from kpilab.stats.tail import critical

Method = Literal["fieller", "log", "delta"]
Bounds = Literal["interval", "unbounded", "undefined"]


@dataclass(frozen=True, slots=True)
class Lift:
    """Change relative to |a|.

    Attributes:
        value: the estimate. low, high: interval ends; infinite or NaN unless `bounds` is
            "interval".
        bounds: "interval", "unbounded" (the control is too near zero for an end to exist) or
            "undefined" (the control is zero).
    """

    value: float
    low: float
    high: float
    bounds: Bounds = "interval"


def lift(
    a: Estimate, b: Estimate, test: Difference, *, level: float = 0.95, method: Method = "fieller",
    shared: float = 0.0, limit: float | None = None,
) -> Lift:  # fmt: skip
    """b's change relative to a's absolute value, with the degrees of freedom of `test`.

    Fieller's interval inverts the very t test of the difference: it excludes zero exactly when that
    test rejects.

    Args:
        shared: covariance of the two estimates. limit: critical value in place of the t of `level`.

    References: Fieller (1954), Some problems in interval estimation.
    """
    if a.value == 0 or not np.isfinite(a.value):
        return Lift(float("nan"), float("nan"), float("nan"), "undefined")
    value = (b.value - a.value) / abs(a.value)
    if not test.error > 0:
        return Lift(value, value, value)
    limit = critical(level, test.df) if limit is None else limit
    if method == "fieller":
        ends = fieller(a.value, a.variance, b.value, b.variance, limit, shared)
        if ends is None:
            return Lift(value, float("-inf"), float("inf"), "unbounded")
    elif method == "delta":
        error = relative_error(a, b, shared)
        return Lift(value, float(value - limit * error), float(value + limit * error))
    else:
        if b.value / a.value <= 0:
            return Lift(value, float("nan"), float("nan"), "undefined")
        error = relative_error(a, b, shared) * abs(a.value / b.value)
        spread = np.exp(critical(level, _log_df(a, b)) * error)
        ends = b.value / a.value / spread, b.value / a.value * spread
    # The ratio less one; against a negative control the sign turns so that "up" stays up.
    low, high = (end - 1 for end in ends)
    return Lift(value, low, high) if a.value > 0 else Lift(value, -high, -low)


def relative_error(a: Estimate, b: Estimate, shared: float = 0.0) -> float:
    """Standard error of b / a by the delta method."""
    ratio = b.value / a.value
    return float(np.sqrt(b.variance + ratio**2 * a.variance - 2 * ratio * shared) / abs(a.value))


def _log_df(a: Estimate, b: Estimate) -> float:
    va, vb = a.variance / a.value**2, b.variance / b.value**2
    return float((va + vb) ** 2 / (va**2 / (a.n - 1) + vb**2 / (b.n - 1)))
