"""A rush: are the last days of a period busier than the others?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray

from kpilab.stats.laws import student

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rush:
    """Last days as a multiple of the others, one-sided p of more than 1, and the level expected without the rush."""

    ratio: float
    low: float
    high: float
    p: float
    expected: Floats


def rush(amounts: Floats, weekday: NDArray[np.integer], last: NDArray[np.bool_], level: float = 0.95) -> Rush:
    """Quasi-Poisson regression on weekday, linear trend and the last days; dispersion from Pearson's chi-square."""
    n = len(amounts)
    weekdays = [(weekday == d).astype(float) for d in np.unique(weekday)[1:]]
    design = np.column_stack([last.astype(float), np.ones(n), np.linspace(-1, 1, n), *weekdays])
    fit = sm.GLM(amounts, design, family=sm.families.Poisson()).fit(scale="X2")
    size, error = float(fit.params[0]), float(fit.bse[0])
    half = float(student.ppf(0.5 + level / 2, fit.df_resid)) * error
    p = float(student.sf(size / error, fit.df_resid))
    expected = np.asarray(fit.fittedvalues) / np.exp(size * design[:, 0])
    return Rush(float(np.exp(size)), float(np.exp(size - half)), float(np.exp(size + half)), p, expected)
