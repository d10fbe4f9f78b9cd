"""Limits for the next day of a series: what is still usual, given weekday, yesterday, and the days
before.

References: Alwan and Roberts (1988), Time-series modeling for statistical process control (charts
of AR(1) residuals keep their false-alarm rate); Laney (2002), Improved control charts for
attributes (rates of large counts).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

from kpilab.errors import BadInput
from kpilab.stats.core.dependence import alike
from kpilab.stats.core.level import capped
from kpilab.stats.core.pattern import WEEK, factors
from kpilab.stats.distributions import student

Array = NDArray[np.float64]
LEAST = 21
USUAL = 0.0027  # chance of a false alarm per day: three standard deviations


@dataclass(frozen=True, slots=True)
class Limits:
    """What is usual on the next day, in the unit of the rate or total.

    Attributes:
        centre: forecast. low, high: limits; a total or rate cannot be below zero, so `low` is at
            least zero.
        alike: how much a day resembles the one before it, 0 to .95. days: of history.
    """

    centre: float
    low: float
    high: float
    alike: float
    days: int


def next_day(
    num: ArrayLike,
    den: ArrayLike,
    day: ArrayLike,
    *,
    on: int,
    size: float = 1.0,
    false_alarms: float = USUAL,
) -> Limits:
    """Limits for day `on` from the days before it.

    The weekly pattern (from four weeks on) is taken out as factors; rates of many are known better
    than rates of few; what yesterday tells about today is counted, so a series that wanders does
    not alarm all the time; an outlier of the past is capped.

    Args:
        num, den: per day of history: numerator and denominator (1 for a total); days without one
            are left out.
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
        raise BadInput(
            f"{len(n)} days of history", "control chart", f"wait until {LEAST} days are known"
        )
    factor = factors(_capped_each(n / d, days % WEEK), days % WEEK)
    rate = n / d / factor[days % WEEK]
    centre = float(np.sum(capped(rate) * d) / d.sum())
    constant, shrinking = _noise(rate - centre, d.mean() / d)
    spread = np.sqrt(constant + shrinking * d.mean() / d)
    now = float(np.sqrt(constant + shrinking * d.mean() / size))
    z = capped((rate - centre) / spread)
    steps = np.diff(days) == 1
    followed = alike(_on_calendar(z, days))
    before = np.where(np.concatenate([[False], steps]), np.concatenate([[0.0], z[:-1]]), 0.0)
    left = capped(z - followed * before)
    spent = 2 + (1 if np.ptp(d) > 0 else 0) + (WEEK - 1 if np.any(factor != 1) else 0)
    df = max(len(z) - spent, 2)
    sigma = float(np.sqrt(np.sum(left**2) / df))
    yesterday = float(z[-1]) if days[-1] == on - 1 else 0.0
    ahead = followed * yesterday * now
    half = (
        float(student.isf(false_alarms / 2, df)) * sigma * now * float(np.sqrt(1 + spent / len(z)))
    )
    scale = float(factor[on % WEEK])
    ends = [(centre + ahead + side * half) * scale for side in (0, -1, 1)]
    return Limits(ends[0], max(ends[1], 0.0), ends[2], followed, len(z))


def _capped_each(rate: Array, weekday: NDArray[np.int64]) -> Array:
    """Outliers of each weekday capped among its like."""
    out = rate.copy()
    for w in np.unique(weekday):
        out[weekday == w] = capped(rate[weekday == w])
    return out


def _on_calendar(z: Array, days: NDArray[np.int64]) -> Array:
    """One value per day, NaN on the days between."""
    every = np.full(int(days[-1] - days[0]) + 1, np.nan)
    every[days - days[0]] = z
    return every


def _noise(off: Array, few: Array) -> tuple[float, float]:
    """Shares of the variance that stay with size and that shrink with it (`few` is 1 on a day of
    average size)."""
    found = nnls(np.column_stack([np.ones(len(off)), few]), capped(off) ** 2)[0]
    total = float(found.sum())
    return (float(found[0]) / total, float(found[1]) / total) if total > 0 else (1.0, 0.0)
