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

Array = NDArray[np.float64]
Span = tuple[int, int]  # first day and the day after the last, as positions

MULTIPLES = (1, 2, 4)  # of the period's length: how much of the past tells the level
LEAST_WINDOWS = 2  # former periods of equal length from which on their errors tell anything
KNOWN = 0.8  # part of a window's days that must be known
PER_WINDOW = 4  # origins tried per period length: nearer ones tell the same
BELIEVED = 3.0  # placebo windows as which the days' own noise counts: docs/benchmarks/history.md
CHOSEN = 0.5  # the errors look better for having been chosen by, the more the fewer: the same page


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """A series over its whole history, one number per day (week, month), the calendar apart.

    Attributes:
        num: sums; NaN where a day is missing.
        den: what they are sums over: the calendar's weight of each day (1 on average), or the
            denominator of a rate. Known beyond the last day of `num` where the calendar is.
        ago: for each day, the position of the same day of the season one year before; -1 for none.
        adds: the period's value is a sum, so that the calendar moves it.
    """

    num: Array
    den: Array
    ago: NDArray[np.int64]
    adds: bool = True


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
class _Sums:
    """Levels of any window of a series, and of the same window one, two … years before."""

    num: Array  # years × (days + 1), running sums
    den: Array
    logs: bool

    @classmethod
    def of(cls, days: Days) -> _Sums:
        num, den = [days.num], [np.where(np.isfinite(days.num), days.den, np.nan)]
        at = np.arange(len(days.num))
        while True:
            at = np.where(at >= 0, days.ago[at], -1)
            if (at < 0).all():
                break
            num.append(np.where(at >= 0, num[0][at], np.nan))
            den.append(np.where(at >= 0, den[0][at], np.nan))
        return cls(_running(num), _running(den), bool(np.nanmin(days.num) >= 0))

    def level(self, first: NDArray[np.int64], last: NDArray[np.int64], year: int = 0) -> Array:
        """Level of windows, on the scale on which changes add up; NaN where nothing is known."""
        a, b = np.maximum(first, 0), np.maximum(last, 0)
        num, den = (s[year][b] - s[year][a] for s in (self.num, self.den))
        with np.errstate(divide="ignore", invalid="ignore"):
            level = np.where((den > 0) & (first >= 0), num / den, np.nan)
            return np.where(level > 0, np.log(level), np.nan) if self.logs else level

    def covered(self, first: NDArray[np.int64], last: NDArray[np.int64], year: int) -> Array:
        """Part of the windows' days that are known that many years before, 0-1."""
        here = self.den[year]
        seen = np.concatenate([[0.0], np.cumsum(np.diff(here) > 0)])
        a, b = np.maximum(first, 0), np.maximum(last, 0)
        return np.where(first >= 0, (seen[b] - seen[a]) / np.maximum(b - a, 1), 0.0)

    @property
    def years(self) -> int:
        return len(self.num) - 1


def _running(rows: list[Array]) -> Array:
    return np.array([np.concatenate([[0.0], np.nancumsum(row)]) for row in rows])


@dataclass(frozen=True, slots=True)
class _Noise:
    """What moves the mean of a period, on the scale of the levels.

    Attributes:
        day: variance of a day, as if days were independent. df: that it is known with.
        walk: variance that the level itself gains per day.
    """

    day: float
    df: float
    walk: float

    def apart(self, n: int, k: NDArray[np.int64] | int) -> Array | float:
        """Variance of the difference of two adjoining means, over n and over k days."""
        return self.day * (1 / n + 1 / np.maximum(k, 1)) + self.walk * (n + k) / 3


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
    sums = _Sums.of(before)
    origins = _origins(first, end, n)
    yearly = bool(sums.years and sums.covered(origins[-1:], origins[-1:] + n, 1)[0])
    if units is not None and sums.logs:
        noise = _Noise(units * n / 2, BELIEVED, 0.0)
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


def _noise(days: Days, sums: _Sums, n: int, first: int, end: int, *, yearly: bool) -> _Noise:
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
        return _Noise(0.0, 0.0, 0.0)
    walk = _walk(sums, max(n // 2, 1), end, found.variance, yearly=yearly)
    return _Noise(found.variance, found.df, walk)


def _around(piece: Array, relative: bool) -> Array:
    """Values around their mean, as part of it where values are positive."""
    if not np.isfinite(piece).any():
        return piece
    level = float(np.nanmean(piece))
    return (piece - level) / (level if relative and level > 0 else 1.0)


def _walk(sums: _Sums, m: int, end: int, day: float, *, yearly: bool) -> float:
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
    sums: _Sums, origins: NDArray[np.int64], n: int, first: int, noise: _Noise
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
        season, years, believed = _season(sums, origins, n, start, noise)
        if years:
            tried.append(_Tried(level + season, variance * (1 + 1 / years), believed))
    return tried


def _season(
    sums: _Sums, origins: NDArray[np.int64], n: int, start: NDArray[np.int64], noise: _Noise
) -> tuple[Array, int, float]:
    """What the window was beyond the days before it in former years, drawn towards nothing by as
    much as noise makes; NaN where no former year is known. And of the last one, how many years it
    has and the part of their season that is believed."""
    moved = []
    for year in range(1, sums.years + 1):
        known = np.minimum(
            sums.covered(origins, origins + n, year), sums.covered(start, origins, year)
        )
        step = sums.level(origins, origins + n, year) - sums.level(start, origins, year)
        moved.append(np.where(known >= KNOWN, step, np.nan))
    if not moved:
        return np.full(len(origins), np.nan), 0, 0.0
    seen = np.isfinite(np.array(moved)).sum(axis=0)
    mean = np.where(seen > 0, np.nansum(moved, axis=0) / np.maximum(seen, 1), np.nan)
    chance = noise.apart(n, origins - start) / np.maximum(seen, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        belief = np.clip(1 - chance / mean**2, 0.0, 1.0)
    belief = np.where(mean == 0, 0.0, belief)
    return belief * mean, int(seen[-1]), float(belief[-1])


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
    best: _Tried, misses: Array, origins: NDArray[np.int64], n: int, noise: _Noise
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
    sums: _Sums,
    best: _Tried,
    baseline: Span,
    current: Span,
    spread: tuple[float, float, int],
    adds: bool,
) -> Outlook:
    """The forecast in units of the period, its steps from the baseline on."""
    size = float(np.nansum(days.den[slice(*current)])) if adds else 1.0
    base, ahead = _level(sums, baseline), float(best.found[-1])
    season = (best.believed or 0.0) * _between(sums, days.ago, baseline, current)
    unit = (lambda x: float(np.exp(x))) if sums.logs else float
    like, value = size * unit(base), size * unit(ahead)
    seasonal = size * unit(base + season) - like
    error = value * spread[0] if sums.logs else size * spread[0]
    _, df, windows = spread
    trend = value - like - seasonal
    return Outlook(like, seasonal, trend, value, error, df, windows, best.seasonal)


def _level(sums: _Sums, span: Span, year: int = 0) -> float:
    return float(sums.level(*np.array(span, np.int64)[:, None], year=year)[0])


def _between(sums: _Sums, ago: NDArray[np.int64], baseline: Span, current: Span) -> float:
    """What the season made from the baseline to the current period in former years, beyond their
    growth; 0 where none is known."""
    then = int(ago[current[0]])
    apart = (current[0] - baseline[0]) / (current[0] - then) if then >= 0 else 0.0
    moved = [
        _level(sums, current, y) - _level(sums, baseline, y)
        - apart * (_level(sums, baseline, y - 1) - _level(sums, baseline, y))
        for y in range(1, sums.years + 1)
    ]  # fmt: skip
    return float(np.nanmean(moved)) if np.isfinite(moved).any() else 0.0
