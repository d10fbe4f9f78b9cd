"""Units × periods: does the KPI move the goal within units,
and does the comparison between units mislead?"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.distributions import student

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PanelSlopes:
    """Slopes of the goal on the KPI.

    Attributes:
        within, within_error, df, p: from period to period inside the units, period effects taken
            out, errors clustered by unit (CR3) with t(G - 1).
        between, between_error, between_p: across the units' means.
    """

    within: float
    within_error: float
    df: int
    p: float
    between: float
    between_error: float
    between_p: float


def panel_slopes(kpi: Array, goal: Array) -> PanelSlopes:
    """`kpi` and `goal` are units × periods; missing cells (NaN) are left out."""
    from scipy.stats import linregress  # loads for a second

    missing = np.isnan(kpi) | np.isnan(goal)
    kpi, goal = np.where(missing, np.nan, kpi), np.where(missing, np.nan, goal)
    x, y = changes(kpi), changes(goal)
    units = len(kpi)
    power = float(np.sum(x**2))
    slope = float(np.sum(x * y) / power)
    # A unit that weighs much pulls the slope towards itself: its residuals are scaled up again
    # (CR3).
    weight = np.sum(x**2, axis=1) / power
    scores = np.sum(x * (y - slope * x), axis=1) / np.maximum(1 - weight, 1e-9)
    error = float(np.sqrt(np.sum(scores**2)) / power)
    # A goal that is the KPI itself, times a number, leaves no error at all.
    certain = abs(slope) / error if error > 0 else np.inf
    means = np.asarray(linregress(np.nanmean(kpi, axis=1), np.nanmean(goal, axis=1)), dtype=float)
    between, between_p, between_error = float(means[0]), float(means[3]), float(means[4])
    return PanelSlopes(
        slope, error, units - 1, float(2 * student.sf(certain, units - 1)),
        between, between_error, between_p,
    )  # fmt: skip


def changes(values: Array) -> Array:
    """Changes from period to period of units × periods, freed of what all units share;
    0 where one is missing."""
    steps = np.diff(values, axis=1)
    with warnings.catch_warnings():  # a period that nobody has
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nan_to_num(steps - np.nanmean(steps, axis=0))
