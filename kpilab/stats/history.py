"""What a period should be by all that came before it: calendar, season, trend and level, and how
far such a statement has been off before.

References: Hyndman and Athanasopoulos (2021), Forecasting: principles and practice (seasonal naive
with drift, rolling origin); James and Stein (1961), Estimation with quadratic loss (a season that
noise would have made is not believed); Smyth (2004), Linear models and empirical Bayes methods (two
sources of one variance).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.core.dependence import long_run
from kpilab.stats.distributions import student
from kpilab.stats.levels import Array, Days, Levels, Noise, Span
from kpilab.stats.season import KNOWN, between, season

MULTIPLES = (1, 2, 4)  # of the period's length: how much of the past tells the level
LEAST_WINDOWS = 2  # former periods of equal length from which on their errors tell anything
PER_WINDOW = 4  # origins tried per period length: nearer ones tell the same
BELIEVED = 3.0  # placebo windows as which the days' own noise counts: docs/benchmarks/history.md
CHOSEN = 0.5  # the errors look better for having been chosen by, the more the fewer: the same page


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the current period should be.

    Attributes:
        like: the baseline brought to the calendar of the current period.
        season, trend: steps from `like` to `value`.
        error: standard error of `value`; 0 where no noise can be told. df: degrees of freedom.
        windows: former periods of equal length that the error was read off.
        seasonal: whether the season of former years is in it.
    """

    like: float
    season: float
    trend: float
    value: float
    error: float
    df: float
    windows: int
    seasonal: bool

    def ends(self, level: float = 0.95) -> tuple[float, float]:
        """Prediction interval; NaN where no noise can be told."""
        half = float(student.ppf(0.5 + level / 2, self.df)) * self.error
        nan = float("nan")
        return (self.value - half, self.value + half) if half > 0 else (nan, nan)


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """One way to forecast a window from what is before it, tried at every origin.

    Attributes:
        found: forecasts, one per origin, the last one of the period asked about.
        variance: of that last one by the noise of the days alone.
        believed: part of the season of former years that it takes, 0-1; None where it takes none.
        grows: it goes on as the past has grown.
    """

    found: Array
    variance: float
    believed: float | None = None
    grows: bool = False

    @property
    def seasonal(self) -> bool:
        return self.believed is not None


def outlook(
    days: Days, baseline: Span, current: Span, *, units: float | None = None
) -> Outlook | None:
    """What the current period should be by its history; None with too little of it.

    The level is that of the last one, two or four periods' length (or all), with or without the
    growth of the past, and the season what the same days were beyond it in former years, as far as
    noise would not have made it. Which of these is taken, the past decides: each is tried at former
    periods of equal length, and its errors there, with the noise of the days themselves, give the
    interval.

    Args:
        days: the series; what is measured in the current period is not read.
        baseline, current: positions of the periods.
        units: relative variance of the change between two periods by what recurs in them
            (customers), where that is known; the noise of the days (of invoices) says less.
    """
    n, end = current[1] - current[0], current[0]
    first = int(np.argmax(np.isfinite(days.num))) if np.isfinite(days.num).any() else end
    windows = (end - first) // n
    if windows < LEAST_WINDOWS:
        return None
    before = Days(np.where(np.arange(len(days.num)) < end, days.num, np.nan), days.den, days.ago)
    sums = Levels.of(before)
    origins = _origins(first, end, n)
    yearly = bool(sums.years and sums.covered(origins[-1:], origins[-1:] + n, 1)[0])
    if units is not None and sums.logs:
        noise = Noise(units * n / 2, BELIEVED, 0.0)
    else:
        noise = _noise(before, sums, n, first, end, yearly=yearly)
    tried = _all_tried(sums, origins, n, first, noise)
    actual = sums.level(origins[:-1], origins[:-1] + n)
    best, misses = _best(tried, actual, origins, n)
    if best is None:
        return None
    spread, df, used = _spread(best, misses, origins, n, noise)
    return _as_outlook(before, sums, best, baseline, current, (spread, df, used), days.adds)


def _origins(first: int, end: int, n: int) -> NDArray[np.int64]:
    """Starts of former periods, the nearest last, then that of the period asked about."""
    step = max(n // PER_WINDOW, 1)
    back = np.arange(end - n, first + n - 1, -step)
    return np.array([*back[::-1], end], np.int64)


def _noise(days: Days, sums: Levels, n: int, first: int, end: int, *, yearly: bool) -> Noise:
    """The noise of periods of n days. Where former years tell the season (`yearly`), it is read off
    what days are beyond the same days of the year before, so that what recurs is none."""
    x = days.num / np.where(days.den > 0, days.den, np.nan)
    then = np.where(days.ago >= 0, x[days.ago], np.nan)
    pieces: list[Array] = []
    for last in range(end, first + n - 1, -n):
        here, before = (
            _around(x[last - n : last], sums.logs),
            _around(then[last - n : last], sums.logs),
        )
        known = np.isfinite(here if not yearly else before)
        if known.sum() >= max(KNOWN * n, 2):
            pieces.append((here - before) / np.sqrt(2) if yearly else here)
    if not pieces and yearly:
        return _noise(days, sums, n, first, end, yearly=False)
    found = long_run(*pieces[::-1]) if pieces else None
    if found is None or not found.df:
        return Noise(0.0, 0.0, 0.0)
    walk = _walk(sums, max(n // 2, 1), end, found.variance, yearly=yearly)
    return Noise(found.variance, found.df, walk)


def _around(piece: Array, relative: bool) -> Array:
    """Values around their mean, as part of it where values are positive."""
    if not np.isfinite(piece).any():
        return piece
    level = float(np.nanmean(piece))
    return (piece - level) / (level if relative and level > 0 else 1.0)


def _walk(sums: Levels, m: int, end: int, day: float, *, yearly: bool) -> float:
    """Variance the level gains per day: steps between neighbouring windows of m days, beyond those
    of the year before where that is known, and beyond the noise of days."""
    ends = np.arange(end, 2 * m, -m)
    first, middle = ends - 2 * m, ends - m
    steps = sums.level(middle, ends) - sums.level(first, middle)
    known = sums.covered(first, ends, 0) >= KNOWN
    if yearly:
        steps = (steps - sums.level(middle, ends, 1) + sums.level(first, middle, 1)) / np.sqrt(2)
        known &= sums.covered(first, ends, 1) >= KNOWN
    steps = steps[known & np.isfinite(steps)]
    if not len(steps):
        return 0.0
    # Half its own error off, as no walk is the usual case; a mean over m days of a level that gains
    # a variance v per day differs from the next by 2vm/3.
    gained = _square(steps) * (1 - np.sqrt(0.5 / len(steps))) - 2 * day / m
    return max(float(gained), 0.0) * 1.5 / m


def _all_tried(
    sums: Levels, origins: NDArray[np.int64], n: int, first: int, noise: Noise
) -> list[_Tried]:
    end, tried = int(origins[-1]), list[_Tried]()
    whole = end - first
    growth = sums.level(origins - n, origins) - sums.level(
        np.full(len(origins), first), np.full(len(origins), first + n)
    )
    growth = np.where(origins - first >= 3 * n, growth / np.maximum(origins - first - n, 1), np.nan)
    for k in dict.fromkeys([*(m * n for m in MULTIPLES if m * n <= whole), whole]):
        start = np.maximum(origins - k, first)
        level = sums.level(start, origins)
        apart = (origins - start + n) / 2
        variance = float(noise.apart(n, k))
        tried.append(_Tried(level, variance))
        tried.append(_Tried(level + growth * apart, variance, grows=True))
        seasonal, years, believed = season(sums, origins, n, start, noise)
        if years:
            tried.append(_Tried(level + seasonal, variance * (1 + 1 / years), believed))
    return tried


def _best(
    tried: list[_Tried], actual: Array, origins: NDArray[np.int64], n: int
) -> tuple[_Tried | None, Array]:
    """The way that would have forecast the past best, and its errors there.

    Where former years are known the season is taken from them, unless at least two former periods
    say that it is better left out."""
    usable = [t for t in tried if np.isfinite(t.found[-1])]
    if not usable:
        return None, actual
    errors = [actual - t.found[:-1] for t in usable]
    plain = [k for k, t in enumerate(usable) if not t.seasonal]
    yearly = [k for k, t in enumerate(usable) if t.seasonal]
    best = _least(plain, usable, errors, origins, n) if plain else yearly[0]
    if yearly:
        with_season = _least(yearly, usable, errors, origins, n)
        both = np.isfinite(errors[best]) & np.isfinite(errors[with_season])
        if _disjoint(origins[:-1][both], n) < LEAST_WINDOWS or _square(
            errors[with_season][both]
        ) <= _square(errors[best][both]):
            best = with_season
    return usable[best], errors[best]


def _least(
    among: list[int], usable: list[_Tried], errors: list[Array], origins: NDArray[np.int64], n: int
) -> int:
    """The one with the smallest error over the origins that all know; growth has to earn itself."""
    both = np.isfinite([errors[k] for k in among]).all(axis=0)
    windows = _disjoint(origins[:-1][both], n)
    if windows < 1:
        return among[0]
    costs = [
        _square(errors[k][both]) * (1 + 1 / windows if usable[k].grows else 1.0) for k in among
    ]
    return among[int(np.argmin(costs))]


def _square(errors: Array) -> float:
    return float(np.mean(errors**2)) if len(errors) else float("inf")


def _disjoint(origins: NDArray[np.int64], n: int) -> float:
    """How many periods without a common day the origins are worth."""
    return (float(origins.max() - origins.min()) + n) / n if len(origins) else 0.0


def _spread(
    best: _Tried, misses: Array, origins: NDArray[np.int64], n: int, noise: Noise
) -> tuple[float, float, int]:
    """Standard error of the forecast on the scale of the levels, its degrees of freedom, and how
    many former periods it was read off."""
    known = np.isfinite(misses)
    windows = _disjoint(origins[:-1][known], n)
    weight = min(noise.df, BELIEVED)
    df = windows + weight
    if not df:
        return 0.0, 1.0, 0
    seen = _square(misses[known]) * (1 + CHOSEN / windows) if windows else 0.0
    return float(np.sqrt((windows * seen + weight * best.variance) / df)), df, int(windows)


def _as_outlook(
    days: Days,
    sums: Levels,
    best: _Tried,
    baseline: Span,
    current: Span,
    spread: tuple[float, float, int],
    adds: bool,
) -> Outlook:
    """The forecast in units of the period, its steps from the baseline on."""
    size = float(np.nansum(days.den[slice(*current)])) if adds else 1.0
    base, ahead = sums.of_span(baseline), float(best.found[-1])
    yearly = (best.believed or 0.0) * between(sums, days.ago, baseline, current)
    unit = (lambda x: float(np.exp(x))) if sums.logs else float
    like, value = size * unit(base), size * unit(ahead)
    seasonal = size * unit(base + yearly) - like
    error = value * spread[0] if sums.logs else size * spread[0]
    _, df, windows = spread
    trend = value - like - seasonal
    return Outlook(like, seasonal, trend, value, error, df, windows, best.seasonal)
