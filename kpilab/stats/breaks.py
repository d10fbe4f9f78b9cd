"""Did a relation break: at a known date (Goodhart), and when, if the date is searched for.

References: Chow (1960), Tests of equality between sets of coefficients; Andrews (1993), Tests for parameter
instability and structural change with unknown change point; Long and Ervin (2000), Using heteroscedasticity
consistent standard errors in the linear regression model; Newey and West (1987), A simple, positive semi-definite,
heteroskedasticity and autocorrelation consistent covariance matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Array = NDArray[np.float64]
DRAWS = 2000
NEAR = 3  # periods over which scores may resemble each other


@dataclass(frozen=True, slots=True)
class SlopeBreak:
    """Slope of the goal's changes on the KPI's, before and after a known date.

    Attributes:
        before, after, change: slopes and their difference (after - before).
        before_error, after_error, change_error: standard errors. df: degrees of freedom. p: of "no change".
    """

    before: float
    after: float
    change: float
    before_error: float
    after_error: float
    change_error: float
    df: int
    p: float


def slope_break(kpi: Array, goal: Array, first_after: int) -> SlopeBreak:
    """Test whether the slope changed at period `first_after`.

    Differences, AR(1) quasi-differences; the error is that of HC3 or, where the scores of near periods resemble each
    other (differences of a series that does not wander do), the larger one of Newey and West.
    """
    x, y = np.diff(kpi), np.diff(goal)
    after = (np.arange(1, len(kpi)) >= first_after).astype(float)
    design = np.column_stack([np.ones(len(x)), after, x * (1 - after), x * after])
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    rho = float(np.clip(residual[1:] @ residual[:-1] / max(residual @ residual, 1e-300), -0.95, 0.95))
    design, y = design[1:] - rho * design[:-1], y[1:] - rho * y[:-1]
    beta, plain, near = _fitted(design, y)
    contrasts = np.array([[0, 0, 1.0, 0], [0, 0, 0, 1.0], [0, 0, -1.0, 1.0]])
    before, later, change = (float(c @ beta) for c in contrasts)
    first, second, error = (float(np.sqrt(max(c @ plain @ c, c @ near @ c))) for c in contrasts)
    df = len(y) - 5
    p = float(2 * student.sf(abs(change) / error, df))
    return SlopeBreak(before, later, change, first, second, error, df, p)


def _fitted(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Least squares; covariances of the coefficients by HC3, and with the products of neighbours (Bartlett weights)."""
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    scores = x * ((y - x @ beta) / (1 - leverage))[:, None]
    plain = scores.T @ scores
    near = plain.copy()
    for lag in range(1, NEAR + 1):
        both = scores[lag:].T @ scores[:-lag]
        near += (1 - lag / (NEAR + 1)) * (both + both.T)
    return beta, inverse @ plain @ inverse, inverse @ near @ inverse


@dataclass(frozen=True, slots=True)
class SupF:
    """Largest F statistic over all break dates.

    Attributes:
        last: position of the last period before the break. sup: the statistic there.
        p: corrected for the search. f: statistic at every date looked at. first: first date looked at.
    """

    last: int
    sup: float
    p: float
    f: Array
    first: int


def sup_f(y: Array, x: Array, *, trim: float = 0.15, draws: int = DRAWS, seed: int = 1) -> SupF:
    """Search for one break in the regression of `y` on `x` (periods × regressors), and correct for the search.

    The p-value comes from the same search on series without a break: normal noise on the same regressors.
    """
    y, x = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    n, k = x.shape
    low = max(int(np.ceil(trim * n)), k + 1)
    lasts = np.arange(low - 1, n - low)
    f = _statistics(y[None, :], x, lasts)[0]
    noise = np.random.default_rng(seed).standard_normal((draws, n))
    null = _statistics(noise, x, lasts).max(axis=1)
    best = int(np.argmax(f))
    p = float((1 + np.sum(null >= f[best])) / (draws + 1))
    return SupF(int(lasts[best]), float(f[best]), p, f, int(lasts[0]))


def _statistics(y: Array, x: Array, lasts: NDArray[np.int64]) -> Array:
    """Chow's statistic (chi-square form) of each row of `y` at each break."""
    n, k = x.shape
    whole = _squares(y, x)
    out = np.empty((len(y), len(lasts)))
    for j, last in enumerate(lasts):
        split = _squares(y[:, : last + 1], x[: last + 1]) + _squares(y[:, last + 1 :], x[last + 1 :])
        out[:, j] = (whole - split) / (split / (n - 2 * k))
    return out


def _squares(y: Array, x: Array) -> Array:
    q = np.linalg.qr(x)[0]
    fit = y @ q
    return np.sum(y**2, axis=1) - np.sum(fit**2, axis=1)
