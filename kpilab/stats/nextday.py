"""Limits for the next day of a series: what is still usual, given weekday, yesterday, and the days before.

References: Alwan and Roberts (1988), Time-series modeling for statistical process control (charts of AR(1)
residuals keep their false-alarm rate); Laney (2002), Improved control charts for attributes (rates of large counts).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

from kpilab.errors import BadInput
from kpilab.stats.laws import student

Array = NDArray[np.float64]
WEEK, LEAST, FOR_WEEKDAYS = 7, 21, 28
MOST_ALIKE = 0.95
OUTLIER = 3.5  # robust standard deviations; an old incident must not hide the next one
USUAL = 0.0027  # chance of a false alarm per day: three standard deviations


@dataclass(frozen=True, slots=True)
class Limits:
    """What is usual on the next day, in the unit of the rate or total.

    Attributes:
        centre: forecast. low, high: limits; a total or rate cannot be below zero, so `low` is at least zero.
        alike: how much a day resembles the one before it, 0 to .95. days: of history.
    """

    centre: float
    low: float
    high: float
    alike: float
    days: int


def next_day(
    num: ArrayLike, den: ArrayLike, day: ArrayLike, *, on: int, size: float = 1.0, false_alarms: float = USUAL
) -> Limits:
    """Limits for day `on` from the days before it.

    The weekly pattern (from four weeks on) is taken out as factors; rates of many are known better than rates of few;
    what yesterday tells about today is counted, so a series that wanders does not alarm all the time; an outlier of
    the past is capped.

    Args:
        num, den: per day of history: numerator and denominator (1 for a total); days without one are left out.
        day: number of each day, in order; its remainder by seven is the weekday.
        on: number of the day in question, after the others.
        size: denominator of that day.
        false_alarms: chance of a false alarm on a usual day.

    Raises:
        BadInput: fewer than 21 days of history.
    """
    n, d, days = np.asarray(num, float), np.asarray(den, float), np.asarray(day, np.int64)
    kept = (d > 0) & np.isfinite(n) & (days < on)
    n, d, days = n[kept], d[kept], days[kept]
    if len(n) < LEAST:
        raise BadInput(f"{len(n)} days of history", "control chart", f"wait until {LEAST} days are known")
    factor = _weekdays(n / d, days)
    rate = n / d / factor[days % WEEK]
    centre = float(np.sum(_capped(rate) * d) / d.sum())
    constant, shrinking = _noise(rate - centre, d.mean() / d)
    spread = np.sqrt(constant + shrinking * d.mean() / d)
    now = float(np.sqrt(constant + shrinking * d.mean() / size))
    z = _capped((rate - centre) / spread)
    steps = np.diff(days) == 1
    alike = _alike(z, steps)
    before = np.where(np.concatenate([[False], steps]), np.concatenate([[0.0], z[:-1]]), 0.0)
    left = _capped(z - alike * before)
    spent = 2 + (1 if np.ptp(d) > 0 else 0) + (WEEK - 1 if np.any(factor != 1) else 0)
    df = max(len(z) - spent, 2)
    sigma = float(np.sqrt(np.sum(left**2) / df))
    yesterday = float(z[-1]) if days[-1] == on - 1 else 0.0
    ahead = alike * yesterday * now
    half = float(student.isf(false_alarms / 2, df)) * sigma * now * float(np.sqrt(1 + spent / len(z)))
    scale = float(factor[on % WEEK])
    ends = [(centre + ahead + side * half) * scale for side in (0, -1, 1)]
    return Limits(ends[0], max(ends[1], 0.0), ends[2], alike, len(z))


def _weekdays(rate: Array, days: NDArray[np.int64]) -> Array:
    """Level of each weekday relative to all, from their medians; ones where four weeks are not known."""
    weekday = days % WEEK
    counts = np.bincount(weekday, minlength=WEEK)
    if len(rate) < FOR_WEEKDAYS or counts.min() < 4 or rate.mean() <= 0:
        return np.ones(WEEK)
    capped = [np.mean(_capped(rate[weekday == w])) for w in range(WEEK)]
    factor = np.array(capped) / np.mean(capped)
    return factor if np.all(factor > 0) else np.ones(WEEK)


def _noise(off: Array, few: Array) -> tuple[float, float]:
    """Shares of the variance that stay with size and that shrink with it (`few` is 1 on a day of average size)."""
    found = nnls(np.column_stack([np.ones(len(off)), few]), _capped(off) ** 2)[0]
    total = float(found.sum())
    return (float(found[0]) / total, float(found[1]) / total) if total > 0 else (1.0, 0.0)


def _capped(x: Array) -> Array:
    middle = float(np.median(x))
    spread = 1.4826 * float(np.median(np.abs(x - middle)))
    return np.clip(x, middle - OUTLIER * spread, middle + OUTLIER * spread) if spread > 0 else x


def _alike(z: Array, steps: NDArray[np.bool_]) -> float:
    """Correlation of neighbouring days, without the bias of a short series."""
    centred = z - z.mean()
    power = float(np.sum(centred**2))
    if power == 0 or not steps.any():
        return 0.0
    rho = float(np.sum((centred[1:] * centred[:-1])[steps])) / power
    n = len(z)
    return float(np.clip((rho * n + 1) / (n - 3), 0.0, MOST_ALIKE))
