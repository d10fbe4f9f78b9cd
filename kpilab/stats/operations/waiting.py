"""Waiting times, some of which are not over yet.

References: Kaplan and Meier (1958), Nonparametric estimation from incomplete observations;
Brookmeyer and Crowley (1982), A confidence interval for the median survival time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def waiting(
    length: ArrayLike, over: ArrayLike, share: float = 0.5, level: float = 0.95
) -> tuple[float, float, float]:
    """Time within which `share` of all is over, with interval; NaN where the data do not reach so
    far.

    Args:
        length: time waited so far, >= 0. over: whether it came to its end.
    """
    # Loaded when waiting times are asked for: a review without incidents need not wait for it.
    from statsmodels.duration.survfunc import SurvfuncRight

    times, ends = np.asarray(length, float), np.asarray(over, int)
    if not len(times) or not ends.any():
        return float("nan"), float("nan"), float("nan")
    curve = SurvfuncRight(times, ends)
    middle = float(curve.quantile(share))
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = curve.quantile_ci(share, 1 - level)
    return middle, float(low), float(high)
