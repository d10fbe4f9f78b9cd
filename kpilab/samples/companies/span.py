"""The days of a company's history, and how busy each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

Days = tuple[int, int]
WEEK = 7


@dataclass(frozen=True, slots=True)
class Span:
    """History and periods; periods are (first, last) as days since `start`, both included."""

    start: date
    baseline: Days
    current: Days
    year_ago: Days | None

    @property
    def days(self) -> int:
        return self.current[1] + 1

    def date(self, day: int) -> date:
        return self.start + timedelta(days=int(day))

    def dates(self, days: np.ndarray) -> np.ndarray:
        """Calendar days as text-ready datetime64[D]."""
        return np.datetime64(self.start, "D") + np.floor(days).astype("m8[D]")

    def moments(self, days: np.ndarray) -> pd.Series:
        """Times to the minute, as a till or a form writes them."""
        minutes = np.floor(np.asarray(days) * 1440).astype("m8[m]")
        return pd.Series(np.datetime64(self.start, "m") + minutes).dt.strftime("%Y-%m-%d %H:%M")

    def iso(self, period: Days) -> list[str]:
        return [str(self.date(day)) for day in period]

    def calendar(self) -> pd.DatetimeIndex:
        return pd.date_range(self.start, periods=self.days, freq="D")


def months(last: date, count: int) -> date:
    """First day of the month `count` months before the month that ends on `last`."""
    place = last.year * 12 + last.month - count
    return date(place // 12, place % 12 + 1, 1)


def span(
    rng: np.random.Generator, length: int, history: int, *, year_ago: bool, month: int | None = None
) -> Span:
    """Current period of `length` months after one as long; `history` months in all.

    `month`: the month with which the current period begins; None for any.
    """
    first = pd.Timestamp("2023-09-01") + pd.DateOffset(months=int(rng.integers(0, 33)))
    if month is not None:
        first = first.replace(year=max(first.year, 2024), month=month)
    last = (first + pd.DateOffset(months=length) - pd.Timedelta(days=1)).date()
    start = months(last, history)

    def period(back: int) -> Days:
        opens = months(last, length + back)
        closes = pd.Timestamp(opens) + pd.DateOffset(months=length) - pd.Timedelta(days=1)
        return (opens - start).days, (closes.date() - start).days

    return Span(start, period(length), period(0), period(12) if year_ago else None)


def weekly_span(rng: np.random.Generator, weeks: int, history: int, *, year_ago: bool) -> Span:
    """The same for a company that counts in weeks: periods of whole weeks."""
    start = date(2022, 1, 3) + timedelta(weeks=int(rng.integers(0, 70)))
    end = history * WEEK

    def period(back: int) -> Days:
        return end - (back + weeks) * WEEK, end - back * WEEK - 1

    return Span(start, period(weeks), period(0), period(52) if year_ago else None)


@dataclass(frozen=True, slots=True)
class Course:
    """How business goes by itself: `growth` a year (log), `season` the height of the yearly wave,
    `weekend` how busy a weekend day is, `noise` the scatter of days, `drift` how far values of a
    dimension wander off in a quarter."""

    growth: float
    season: float
    weekend: float
    noise: float
    drift: float


def busy(rng: np.random.Generator, days: Span, course: Course) -> np.ndarray:
    """Level of each day around one: season, weekday, day effects that resemble their neighbours."""
    when = days.calendar()
    turn = 2 * np.pi * when.dayofyear.to_numpy() / 365.25
    peak = rng.uniform(0, 2 * np.pi, 2)
    wave = course.season * (np.cos(turn - peak[0]) + 0.35 * np.cos(2 * turn - peak[1]))
    weekday = np.array([1, 1, 1, 1, 1.05, course.weekend, course.weekend]) * rng.lognormal(
        0, 0.03, WEEK
    )
    shock = alike(rng, days.days, 0.3, course.noise)
    return np.exp(wave + shock) * (weekday / weekday.mean())[when.dayofweek]


def grown(days: Span, growth: float) -> np.ndarray:
    """Growth by the day; one in the middle of the baseline."""
    middle = sum(days.baseline) / 2
    return np.exp(growth * (np.arange(days.days) - middle) / 365.25)


def alike(rng: np.random.Generator, count: int, near: float, sd: float) -> np.ndarray:
    """A stationary series with mean zero whose neighbours correlate by `near`."""
    steps = rng.normal(0, sd, count)
    out = np.empty(count)
    level = steps[0]
    fresh = np.sqrt(1 - near**2)
    for k in range(count):
        level = near * level + fresh * steps[k] if k else level
        out[k] = level
    return out


def drifts(rng: np.random.Generator, days: Span, values: int, sd: float) -> np.ndarray:
    """One slow innocent wandering per value of a dimension: values x days, around one."""
    steps = rng.normal(0, sd / np.sqrt(91), (values, days.days))
    wander = np.cumsum(steps, axis=1)
    wander -= wander.mean(axis=1, keepdims=True)
    return np.exp(wander - wander.mean(axis=0))
