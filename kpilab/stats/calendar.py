"""Days off, working days, and the Spring Festival that moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import holidays
import numpy as np
from numpy.typing import NDArray

from kpilab.errors import BadInput, nearest

Dates = NDArray[np.datetime64]
Array = NDArray[np.float64]
FESTIVAL = ("Chinese New Year", "Spring Festival", "春节")


@cache
def days_off(country: str, year: int) -> dict[date, str]:
    """Public holidays of a country and year, with their names (English where known).

    China's list knows the Spring Festival, the rest days that move to bridge a holiday among them.

    Raises:
        BadInput: an unknown country code.
    """
    known = holidays.list_supported_countries()
    code = country.upper()
    if code not in known:
        raise BadInput(f"no country with the code {country!r}", "holidays", nearest(code, known))
    language = "en_US" if "en_US" in holidays.list_localized_countries().get(code, []) else None
    found = holidays.country_holidays(code, years=year, language=language)
    return {day: str(name) for day, name in found.items()}


@cache
def make_up_days(country: str, year: int) -> frozenset[date]:
    """Weekend days that are worked to make up for a bridge (China's 调休)."""
    days_off(country, year)  # names an unknown country
    found = holidays.country_holidays(country.upper(), years=year)
    weekends = getattr(found, "weekend_workdays", set()) or set()
    return frozenset(d for d in weekends if d.year == year)


def is_working(day: date, country: str) -> bool:
    """Whether a day is worked: no holiday, no weekend unless it makes up for a bridge."""
    if day in make_up_days(country, day.year):
        return True
    return day.weekday() < 5 and day not in days_off(country, day.year)


def working_days(edges: Dates, country: str) -> Array:
    """Working days in each period; `edges` are the first days and the day after the last."""
    return _per_period(edges, lambda day: is_working(day, country))


def holiday_counts(edges: Dates, country: str) -> Array:
    """Public holidays in each period, weekends left out (they are no news)."""
    return _per_period(edges, lambda day: day.weekday() < 5 and day in days_off(country, day.year))


def _per_period(edges: Dates, test: Callable[[date], bool]) -> Array:
    days = np.asarray(edges, dtype="datetime64[D]")
    every = np.arange(days[0], days[-1])
    hits = np.array([test(d.astype(date)) for d in every], dtype=float)
    return np.add.reduceat(hits, np.searchsorted(every, days[:-1]))


@cache
def spring_festival(year: int) -> date:
    """First day of the lunar year.

    Raises:
        BadInput: a year the calendar does not know.
    """
    for day, name in sorted(days_off("CN", year).items()):
        if any(word in name for word in FESTIVAL) and "eve" not in name.lower():
            return day
    raise BadInput(
        f"the Spring Festival of {year} is not known",
        "spring_festival",
        "give a year from 1949 to 2099",
    )


def same_day_last_year(day: date, *, festival: bool) -> date:
    """The day a year earlier to compare with.

    The same weekday 52 weeks earlier; with `festival`, days from 28 before to 28 after the Spring
    Festival are compared with the day equally far from the festival a year earlier.
    """
    if festival:
        for year in (day.year, day.year + 1):
            distance = (day - spring_festival(year)).days
            if abs(distance) <= 28:
                return spring_festival(year - 1) + timedelta(days=distance)
    return day - timedelta(weeks=52)
