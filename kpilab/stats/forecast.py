"""What happens if nothing changes: a forecast whose interval has proved itself on the series' own
past.

References: Gardner and McKenzie (1985), Forecasting trends in time series; Vovk, Gammerman and
Shafer (2005), Algorithmic learning in a random world (conformal intervals).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.errors import BadInput
from kpilab.stats.core.dependence import alike
from kpilab.stats.distributions import student
from kpilab.stats.series import fourier, rising

Array = NDArray[np.float64]
WINDOWS = (1, 2, 4, 8, 16, 0)
HARMONICS = 2
KNOWN_SEASONS = 1.5  # of one season alone a wave cannot be told from a walk
LEAST = 12
OTHER_LEVEL = 1.25  # times, from the first quarter of a series to its last
NONE, ALWAYS, RECENT = 0, 1, 12  # periods that a growth of late is told by
# Overlapping origins of one series are worth this many independent ones per horizon of past.
SPARE = 0.5
# Past errors of a series that wanders resemble each other, so they are worth less and look better
# by more.
WANDERS, LEAST_DF, OPTIMISM = 0.6, {True: 1.4, False: 3.0}, {True: 2.3, False: 1.5}
MOST_COST = 0.4


@dataclass(frozen=True, slots=True)
class Forecast:
    """Forecast of the coming periods and of their mean.

    Attributes:
        value, low, high: per coming period.
        mean, mean_low, mean_high: of the mean over all coming periods (what a target is about).
        level: nominal level of the intervals.
        covered: share of past forecasts of the mean that the same interval covered (rolling
            origin).
        origins: number of past forecasts that the interval was calibrated on.
        df: what they are worth as independent ones.
    """

    value: Array
    low: Array
    high: Array
    mean: float
    mean_low: float
    mean_high: float
    level: float
    covered: float
    origins: int
    df: float

    def attain(self, target: float) -> float:
        """Chance that the mean over the coming periods reaches `target`."""
        half = self.mean_high - self.mean
        if half <= 0:
            return float(self.mean >= target)
        scale = half / student.ppf(0.5 + self.level / 2, self.df)
        return float(student.sf((target - self.mean) / scale, self.df))

    def reach(self, chance: float) -> float:
        """The mean over the coming periods that is reached with this chance."""
        half = self.mean_high - self.mean
        scale = float(half / student.ppf(0.5 + self.level / 2, self.df))
        return self.mean + float(student.isf(chance, self.df)) * scale


def forecast(
    series: ArrayLike, horizon: int, *, season: int | None = None, level: float = 0.8
) -> Forecast:
    """Forecast `horizon` periods without change, with an interval from the errors of past
    forecasts.

    The point is the mean of the last k values (k from 1 to all), with or without the average growth
    or that of late, whichever would have forecast the past best, plus a seasonal wave where one and
    a half seasons are known. A series that is another size at its end, or whose changes grow with
    its level, is forecast in logarithms, where that would have missed less. The series is forecast
    again from every earlier origin; the errors of those forecasts give the interval, widened
    (Student's t) because overlapping origins tell less than their number.

    Args:
        series: past values, oldest first, at least 12, without gaps.
        horizon: periods to forecast, at least 1.
        season: length of the season in periods; used when one and a half are known.
        level: nominal level of the intervals, 0 to 1.

    Raises:
        BadInput: fewer than 12 values, a gap, or a horizon below 1.
    """
    y = np.asarray(series, dtype=float)
    if len(y) < LEAST or not np.isfinite(y).all():
        raise BadInput(
            f"{int(np.isfinite(y).sum())} usable values",
            "forecast(series)",
            f"give {LEAST} or more, no gaps",
        )
    if horizon < 1:
        raise BadInput(f"horizon is {horizon}", "forecast(horizon=)", "give at least 1 period")
    if _by_shares(y) and _missed(np.log(y), horizon, season) * _size(y) < _missed(
        y, horizon, season
    ):
        return _from_logs(_forecast(np.log(y), horizon, season, level))
    return _forecast(y, horizon, season, level)


def _size(y: Array) -> float:
    """Square of the usual level, which brings errors of logarithms to the unit of the series."""
    return float(np.exp(2 * np.mean(np.log(y))))


def _first(y: Array) -> int:
    return max(LEAST // 2, len(y) // 4)


def _best(y: Array, horizon: int, season: int | None) -> tuple[float, Array, float, int, int]:
    """What `_chosen` gives for the number of harmonics that would have missed least."""
    waves = _waves(len(y), season)
    found = [_chosen(y, horizon, _first(y), season, harmonics) for harmonics in waves]
    return min(found, key=lambda choice: choice[0])


def _missed(y: Array, horizon: int, season: int | None) -> float:
    return _best(y, horizon, season)[0]


def _by_shares(y: Array) -> bool:
    """Whether a series grows or falls by shares: it is above zero, and its last quarter is another
    size than its first, or its changes grow with its level."""
    if y.min() <= 0:
        return False
    part = max(len(y) // 4, 1)
    ratio = float(y[-part:].mean() / y[:part].mean())
    return abs(np.log(ratio)) > np.log(OTHER_LEVEL) or bool((rising(y) != y).any())


def _from_logs(found: Forecast) -> Forecast:
    """A forecast of logarithms in the unit of the series."""
    value = np.exp(found.value)
    mean, half = float(value.mean()), found.mean_high - found.mean
    return replace(
        found, value=value, low=np.exp(found.low), high=np.exp(found.high), mean=mean,
        mean_low=mean * float(np.exp(-half)), mean_high=mean * float(np.exp(half)),
    )  # fmt: skip


def _forecast(y: Array, horizon: int, season: int | None, level: float) -> Forecast:
    first = _first(y)
    _, wave, cost, best, grows = _best(y, horizon, season)
    plain = y - wave[: len(y)]
    errors = _errors(plain, horizon, first, best, grows) * _shrinking(len(y), horizon, first, best)
    level_now, growth = (float(v[-1]) for v in _states(plain, np.array([len(y)]), best, grows))
    ahead = level_now + growth * np.arange(1, horizon + 1) + wave[len(y) :]
    return _with_interval(
        ahead,
        errors * np.sqrt(cost),
        len(y) - first,
        level,
        alike(plain, corrected=False) > WANDERS,
    )


def _waves(n: int, season: int | None) -> tuple[int, ...]:
    """Harmonics to try: with one season and a half known, one or none; with two, all of them."""
    if not season or n < KNOWN_SEASONS * season:
        return (0,)
    return (0, 1) if n < 2 * season else (min(HARMONICS, max(season // 2, 1)),)


def _chosen(
    y: Array, horizon: int, first: int, season: int | None, harmonics: int
) -> tuple[float, Array, float, int, int]:
    """Penalised error of the best forecast around a wave of so many harmonics; the wave, its cost,
    the forecast."""
    wave = (
        _wave(y, horizon, season, harmonics) if season and harmonics else np.zeros(len(y) + horizon)
    )
    # The wave was fitted to the very past it is judged on: half of its cost is unseen there, half
    # is still to come. Over a whole season the wave evens out: what it costs grows for a quarter of
    # one only.
    share = min(harmonics * min(horizon, (season or 0) / 4) / len(y), MOST_COST)
    cost = (1 + share) / (1 - share)
    choices = [(k, grows) for k in WINDOWS for grows in (NONE, ALWAYS, RECENT)]
    misses = [
        np.mean(_errors(y - wave[: len(y)], horizon, first, *c).mean(axis=1) ** 2) for c in choices
    ]
    best, grows = choices[int(np.argmin(misses))]
    return float(min(misses)) * cost**2, wave, cost, best, grows


def _shrinking(n: int, horizon: int, first: int, window: int) -> Array:
    """Per origin: a mean of many values misses by less than one of the few that were known then."""
    origins = np.arange(first, n - min(horizon, n - first) + 1)
    then, now = (np.minimum(window or n, k) for k in (origins, n))
    return np.sqrt((1 / horizon + 1 / now) / (1 / horizon + 1 / then))[:, None]


def _wave(y: Array, horizon: int, season: int, harmonics: int) -> Array:
    """Seasonal wave over past and coming periods, from the differences (levels may wander)."""
    known = fourier(len(y) + horizon, season, harmonics)
    steps = np.diff(known[: len(y)], axis=0)
    design = np.column_stack([np.ones(len(steps)), steps])
    slope = np.linalg.lstsq(design, np.diff(y), rcond=None)[0][1:]
    return known @ slope


def _states(y: Array, origins: NDArray[np.int64], window: int, grows: int) -> tuple[Array, Array]:
    """Level at the end of the first n values and growth per period (none, that since the first, or
    that of late), for each origin n."""
    total = np.concatenate([[0.0], np.cumsum(y)])
    k = np.minimum(window or len(y), origins)
    growth = np.zeros(len(origins))
    if grows == ALWAYS:
        growth = (y[origins - 1] - y[0]) / (origins - 1)
    elif grows:
        half = np.maximum(np.minimum(grows, origins) // 2, 1)
        ends = [total[origins - k * half] for k in range(3)]
        growth = (ends[0] - 2 * ends[1] + ends[2]) / half**2
    return (total[origins] - total[origins - k]) / k + growth * (k - 1) / 2, growth


def _errors(y: Array, horizon: int, first: int, window: int, grows: int) -> Array:
    """Forecast errors, origin × step, from every origin with a whole horizon of known values behind
    it."""
    steps = min(horizon, len(y) - first)
    origins = np.arange(first, len(y) - steps + 1)
    level, growth = _states(y, origins, window, grows)
    actual = np.lib.stride_tricks.sliding_window_view(y, steps)[origins]
    errors = actual - level[:, None] - growth[:, None] * np.arange(1, steps + 1)
    # A horizon longer than the past: the last step stands for the later ones.
    return np.pad(errors, ((0, 0), (0, horizon - steps)), mode="edge")


def _with_interval(
    ahead: Array, errors: Array, spanned: int, level: float, wanders: bool
) -> Forecast:
    whole = errors.mean(axis=1)
    df = max(SPARE * spanned / len(ahead), LEAST_DF[wanders])
    factor = float(student.ppf(0.5 + level / 2, df))
    half = factor * np.maximum.accumulate(np.sqrt(np.mean(errors**2, axis=0)))
    # The choice among forecasts was made on the same errors: they look better than the next will
    # be.
    optimism = np.sqrt(1 + OPTIMISM[wanders] * len(ahead) / spanned)
    half, spread = half * optimism, factor * optimism * float(np.sqrt(np.mean(whole**2)))
    mean, covered = float(ahead.mean()), float(np.mean(np.abs(whole) <= spread))
    return Forecast(
        ahead,
        ahead - half,
        ahead + half,
        mean,
        mean - spread,
        mean + spread,
        level,
        covered,
        len(whole),
        df,
    )
