"""A rush: are the last days of a period busier than the others?"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.core.pattern import dummies
from kpilab.stats.distributions import student
from kpilab.stats.rounding import beyond_rounding

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rush:
    """Last days as a multiple of the others, one-sided p of more than 1,
    and the level expected without the rush."""

    ratio: float
    low: float
    high: float
    p: float
    expected: Floats


def rush(
    amounts: Floats, weekday: NDArray[np.integer], last: NDArray[np.bool_], level: float = 0.95
) -> Rush:
    """Quasi-Poisson regression on weekday, linear trend and the last days;
    dispersion from Pearson's chi-square."""
    # Loaded when a rush is asked for: a review without records need not wait for it.
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    n = len(amounts)
    design = np.column_stack(
        [last.astype(float), np.ones(n), np.linspace(-1, 1, n), dummies(weekday)]
    )
    with warnings.catch_warnings():  # a fit without any rest is no trouble here
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        fit = GLM(amounts, design, family=Poisson()).fit()
    noise = float(beyond_rounding(fit.pearson_chi2, amounts)) / fit.df_resid
    size, error = (
        float(beyond_rounding(fit.params[0], 1e3)),
        float(fit.bse[0]) * float(np.sqrt(noise)),
    )
    half = float(student.ppf(0.5 + level / 2, fit.df_resid)) * error
    # Days that are alike to the last digit leave no noise: then the rush is there, or it is not.
    p = float(student.sf(size / error, fit.df_resid)) if error else 0.5 - 0.5 * float(np.sign(size))
    expected = np.asarray(fit.fittedvalues) / np.exp(size * design[:, 0])
    return Rush(
        float(np.exp(size)), float(np.exp(size - half)), float(np.exp(size + half)), p, expected
    )
