"""Short business series made comparable: calendar and trend out, autocorrelation out, outliers
capped.

All functions take many series at once (rows) on one regular time axis (columns).
References: Haugh (1976), Checking the independence of two covariance-stationary time series;
Hurvich and Tsai (1989), Regression and time series model selection in small samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.distributions import student

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_PERIODS = 12
TREND_FROM = 78
KNOT_EVERY = 26
CAP = 2.5
FOLLOWS, MOST_PEAKS = 3.5, 3  # |t| from which on a series follows a column; of so many at most
LIKELIER = 2.0  # log-likelihood by which logarithms must fit better
UNEVEN = 2.5  # |t| of a spread that changes over time


def fourier(n: int, period: float, harmonics: int) -> Array:
    """Sine and cosine terms of a cycle of `period` steps, one column each."""
    angle = 2 * np.pi * np.arange(n)[:, None] * np.arange(1, harmonics + 1) / period
    return np.hstack([np.sin(angle), np.cos(angle)])


def spline_trend(n: int, every: int = KNOT_EVERY) -> Array:
    """Quadratic spline in time with a knot every `every` steps (its constant left out)."""
    time = np.arange(n) / every
    knots = np.arange(every, n - every // 2, every) / every
    return np.column_stack([time, time**2, *(np.maximum(time - k, 0) ** 2 for k in knots)])


def highest_order(n: int) -> int:
    """Largest autoregressive order that a series of `n` periods can carry."""
    return 2 if n < 30 else 3 if n < 40 else 4 if n < 100 else 6


@dataclass(frozen=True, slots=True)
class Innovations:
    """What is new in each period of each series, after everything predictable is taken out.

    Attributes:
        values: series × periods, the first period lost. Standardised; a series that holds nothing
            new (constant, or fully explained by the terms) is NaN.
        orders: autoregressive order chosen for each series.
        terms: number of regressors taken out.
    """

    values: Array
    orders: Ints
    terms: int


def innovations(series: Array, terms: Array | None = None) -> Innovations:
    """Differences (of logarithms, where changes grow with the level), freed of the terms'
    differences, brought to one spread, freed of their own past (AR by AICc), capped.

    For 78 periods or more a quadratic spline trend joins the terms.
    """
    series = rising(series)
    n = series.shape[1]
    columns = np.empty((n, 0)) if terms is None else np.asarray(terms, dtype=float).reshape(n, -1)
    if n >= TREND_FROM:
        columns = np.hstack([columns, spline_trend(n)])
    steps, used = _residuals(np.diff(series, axis=1), np.diff(columns, axis=0))
    scale = np.abs(series).max(axis=1, initial=0) * 1e-9
    steps[steps.std(axis=1) <= scale] = np.nan
    most = highest_order(n)
    new, orders = _without_past(_even(steps), most)
    return Innovations(_capped(new), orders, used)


def unexplained(series: Array, terms: Array) -> float:
    """Mean share of the differences' variance that the terms' differences leave."""
    steps = np.diff(rising(series), axis=1)
    steps = steps - steps.mean(axis=1, keepdims=True)
    left, _ = _residuals(steps, np.diff(terms, axis=0))
    power = np.sum(steps**2, axis=1)
    return (
        float(np.mean(np.sum(left**2, axis=1)[power > 0] / power[power > 0]))
        if power.any()
        else 1.0
    )


def followed(series: Array, terms: Array, columns: Array) -> Array:
    """Those of the columns that any series follows beside the terms: its changes with the column's
    changes are beyond what chance shows (|t| > 3.5), strongest first, each beside those before."""
    steps = np.diff(rising(series), axis=1)
    taken = np.empty((len(columns), 0))
    for _ in range(min(columns.shape[1], MOST_PEAKS)):
        design = np.diff(np.hstack([terms, taken]), axis=0)
        y, used = _residuals(steps, design)
        x, _ = _residuals(np.diff(columns, axis=0).T, design)
        df = max(y.shape[1] - used - 2, 1)
        size = np.sum(x**2, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            r = (y @ x.T) / np.sqrt(np.sum(y**2, axis=1)[:, None] * size)
            t = np.abs(r) * np.sqrt(df / np.maximum(1 - r**2, 1e-12))
        t = np.nan_to_num(t, nan=0.0) * (size > 1e-8 * max(size.max(initial=0.0), 1e-300))
        best = int(np.argmax(t.max(axis=0)))
        if t[:, best].max() < FOLLOWS:
            break
        taken = np.hstack([taken, columns[:, [best]]])
    return taken


def rising(series: Array) -> Array:
    """The series, as logarithms where their changes grow with their level.

    Of the two, the one under which the changes are the likelier normal numbers (Box and Cox 1964);
    a series that is zero or below anywhere stays.
    """
    series = np.atleast_2d(np.asarray(series, dtype=float))
    positive = np.min(series, axis=1) > 0
    logs = np.log(np.where(positive[:, None], series, 1.0))
    m = series.shape[1] - 1
    with np.errstate(divide="ignore"):
        plain, relative = (m / 2 * np.log(np.diff(v, axis=1).var(axis=1)) for v in (series, logs))
    asks = positive & (relative + logs[:, 1:].sum(axis=1) + LIKELIER < plain)
    return np.where(asks[:, None], logs, series)


def _even(x: Array) -> Array:
    """Rows whose spread rises or falls over time, brought to one spread; the others as they are."""
    time = np.linspace(-1, 1, x.shape[1])
    size = np.abs(x - np.median(x, axis=1, keepdims=True))
    cap = np.quantile(size, 0.95, axis=1, keepdims=True)
    size = np.minimum(size, cap)
    mean = size.mean(axis=1, keepdims=True)
    slope = (size @ time / (time @ time))[:, None]
    error = np.sqrt(
        np.sum((size - mean - slope * time) ** 2, axis=1, keepdims=True)
        / (x.shape[1] - 2)
        / (time @ time)
    )
    scale = np.maximum(mean + slope * time, mean / 5)
    return np.where(np.abs(slope) > UNEVEN * error, x / np.where(scale > 0, scale, 1.0) * mean, x)


def _residuals(y: Array, x: Array) -> tuple[Array, int]:
    """Rows of `y` without what a constant and the columns of `x` explain;
    number of columns used."""
    design = np.hstack([np.ones((y.shape[1], 1)), x])
    q, r = np.linalg.qr(design)
    # A term that repeats others (a holiday outside the range, a Fourier term at T = 26) must not
    # count.
    strong = np.abs(np.diag(r)) > 1e-8 * max(np.abs(np.diag(r)).max(), 1e-300)
    q = np.linalg.qr(design[:, strong])[0]
    return y - (y @ q) @ q.T, int(strong.sum()) - 1


def _without_past(y: Array, most: int) -> tuple[Array, Ints]:
    """Innovations of the autoregression that AICc chooses, order 0 to `most`, for each row."""
    # The first periods lack a past: it counts as zero, its mean, so that none is lost (they are
    # few).
    m, now = y.shape[1], y
    padded = np.concatenate([np.zeros((len(y), most)), y], axis=1)
    past = np.stack([padded[:, most - k : most - k + m] for k in range(1, most + 1)], axis=1)
    best, orders, lowest = now.copy(), np.zeros(len(y), dtype=np.int64), _aicc(now, 0, m)
    gram, cross = np.einsum("ikt,ilt->ikl", past, past), np.einsum("ikt,it->ik", past, now)
    usable = np.isfinite(lowest)
    for p in range(1, most + 1):
        ridge = 1e-10 * np.trace(gram[usable, :p, :p], axis1=1, axis2=2)[:, None, None] * np.eye(p)
        phi = np.linalg.solve(gram[usable, :p, :p] + ridge, cross[usable, :p, None])[:, :, 0]
        left = now[usable] - np.einsum("ik,ikt->it", phi, past[usable, :p])
        score = _aicc(left, p, m)
        better = score < lowest[usable]
        rows = np.flatnonzero(usable)[better]
        best[rows], orders[rows], lowest[rows] = left[better], p, score[better]
    return best, orders


def _aicc(residual: Array, p: int, m: int) -> Array:
    power = np.mean(residual**2, axis=1)
    with np.errstate(divide="ignore"):
        return np.where(power > 0, m * np.log(power) + m * (m + p) / max(m - p - 2, 1), np.nan)


def _capped(x: Array) -> Array:
    """Rows centred, capped at 2.5 robust standard deviations, standardised."""
    x = x - np.median(x, axis=1, keepdims=True)
    spread = 1.4826 * np.median(np.abs(x), axis=1, keepdims=True)
    x = np.clip(x, -CAP * spread, CAP * spread)
    x = x - x.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return x / x.std(axis=1, keepdims=True)


@dataclass(frozen=True, slots=True)
class CrossCorrelation:
    """Correlation of each KPI with the goal at each lag (KPI leads by `lags` periods).

    Attributes:
        lags: the lags looked at.
        rho: KPIs × lags.
        df: degrees of freedom of each, the same shape.
        p: two-sided p-value of the best lag of each KPI, corrected for the lags (Šidák).
    """

    lags: Ints
    rho: Array
    df: Array
    p: Array

    @property
    def best(self) -> Ints:
        """Position of the strongest lag of each KPI."""
        return np.argmax(np.nan_to_num(np.abs(_t(self.rho, self.df)), nan=-1), axis=1)

    def critical(self, alpha: float) -> Array:
        """Size of rho from which on a lag counts, corrected for the lags."""
        t = student.ppf(1 - _sidak_alpha(alpha, len(self.lags)) / 2, self.df)
        return t / np.sqrt(self.df + t**2)

    def bounds(self, alpha: float) -> tuple[Array, Array]:
        """Simultaneous interval of each rho over the lags (Fisher's z)."""
        z = student.isf(_sidak_alpha(alpha, len(self.lags)) / 2, 1e6) / np.sqrt(
            np.maximum(self.df - 1, 1)
        )
        centre = np.arctanh(np.clip(self.rho, -0.999999, 0.999999))
        return np.tanh(centre - z), np.tanh(centre + z)

    def largest(self, alpha: float) -> Array:
        """Upper bound of |rho| over the lags, per KPI (one-sided; NaN counts as 1)."""
        half = student.isf(alpha, 1e6) / np.sqrt(np.maximum(self.df - 1, 1))
        ends = np.tanh(np.arctanh(np.minimum(np.abs(self.rho), 0.999999)) + half)
        return np.nan_to_num(ends, nan=1.0).max(axis=1)

    def detectable(self, alpha: float, power: float = 0.8) -> Array:
        """Smallest true rho that would be found with this power, per KPI."""
        z = student.isf(_sidak_alpha(alpha, len(self.lags)) / 2, 1e6) + student.ppf(power, 1e6)
        return np.tanh(z / np.sqrt(np.maximum(self.df.min(axis=1) - 1, 1)))


def split(new: Innovations, at: int) -> tuple[Innovations, Innovations]:
    """The first `at` series, and the others."""
    first = Innovations(new.values[:at], new.orders[:at], new.terms)
    return first, Innovations(new.values[at:], new.orders[at:], new.terms)


def cross_correlation(kpis: Innovations, goal: Innovations, lags: Ints) -> CrossCorrelation:
    """Correlate innovations; degrees of freedom pay for terms and autoregressive orders.

    `goal` holds one row, or one row for each KPI.
    """
    x, y, lags = kpis.values, np.broadcast_to(goal.values, kpis.values.shape), np.asarray(lags)
    paid = kpis.terms + np.maximum(kpis.orders, goal.orders) // 3
    rho, df = np.empty((len(x), len(lags))), np.empty((len(x), len(lags)))
    n = x.shape[1]
    for k, lag in enumerate(lags):
        a, b = (x[:, : n - lag], y[:, lag:]) if lag >= 0 else (x[:, -lag:], y[:, : n + lag])
        rho[:, k] = np.sum(a * b, axis=1) / np.sqrt(np.sum(a**2, axis=1) * np.sum(b**2, axis=1))
        df[:, k] = np.maximum(n - abs(lag) - 2 - paid, 2)
    p = 2 * student.sf(np.abs(_t(rho, df)), df)
    best = np.where(
        np.isnan(p).all(axis=1), np.nan, np.nanmin(np.where(np.isnan(p), 1.0, p), axis=1)
    )
    return CrossCorrelation(
        lags, rho, df, -np.expm1(len(lags) * np.log1p(-np.minimum(best, 1 - 1e-16)))
    )


def _t(rho: Array, df: Array) -> Array:
    return rho * np.sqrt(df / np.maximum(1 - rho**2, 1e-12))


def _sidak_alpha(alpha: float, looks: int) -> float:
    return float(-np.expm1(np.log1p(-alpha) / looks))
