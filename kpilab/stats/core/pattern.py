"""The pattern of the week, or of any recurring group of days."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
WEEK = 7
LEAST_EACH = 4  # days of every group from which on its level is told from noise
SMALLEST = 0.02  # of the usual level; a day without any rows is small, not impossible


def factors(
    values: ArrayLike,
    code: Codes,
    *,
    middle: Literal["mean", "median"] = "mean",
    least: int = LEAST_EACH,
) -> Array:
    """Level of each group of days relative to all, averaging 1; ones where the days do not suffice.

    Args:
        values: one series (days) or several (series × days), NaN where missing.
        code: group of each day, its weekday 0-6.
        middle: "mean" of the group's days; "median" of the days' ratio to the week around them,
            which lost days and a trend hardly move (the days must follow each other).
        least: days that every group needs; 0 to take whatever there is (1 for a group without
            days).

    Returns:
        One factor per group (series × groups for several series), each above zero.
    """
    rows = np.atleast_2d(np.asarray(values, float))
    found = np.array([_of_one(row, code, middle, least) for row in rows])
    return found if np.ndim(values) == 2 else found[0]


def enough(code: Codes, known: NDArray[np.bool_], least: int = LEAST_EACH) -> bool:
    """Whether every group of the week has as many known days as its level asks for."""
    return int(np.bincount(code[known], minlength=WEEK)[:WEEK].min()) >= least


def dummies(code: ArrayLike) -> Array:
    """One column per group that occurs, the first one left out: the pattern as regressors."""
    groups = np.asarray(code)
    return (groups[:, None] == np.unique(groups)[1:]).astype(float)


def _of_one(row: Array, code: Codes, middle: str, least: int) -> Array:
    known = np.isfinite(row)
    if not known.any() or not enough(code, known, least):
        return np.ones(WEEK)
    if middle == "median":
        found = pd.Series(_to_week(row)).groupby(code).median().reindex(range(WEEK)).to_numpy(float)
    else:
        days = np.bincount(code[known], minlength=WEEK)
        sums = np.bincount(code[known], row[known], WEEK)
        found = np.divide(sums, days, out=np.full(WEEK, np.nan), where=days > 0)
    seen = np.isfinite(found)
    usual = float(found[seen].mean()) if seen.any() else 0.0
    if not usual > 0:
        return np.ones(WEEK)
    found = np.maximum(np.where(seen, found / usual, 1.0), SMALLEST)
    return found / found.mean()


def _to_week(row: Array) -> Array:
    """Each day over the mean of the week around it."""
    level = pd.Series(row).rolling(WEEK, center=True, min_periods=4).mean().to_numpy()
    return row / np.where(level > 0, level, np.nan)
