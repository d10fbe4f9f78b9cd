"""The calendar: days off by country, the Spring Festival, the week, and the same day a year
before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache

import holidays
import numpy as np
from numpy.typing import NDArray

from kpilab.errors import BadInput, nearest
from kpilab.stats.core import pattern

Dates = NDArray[np.datetime64]
Array = NDArray[np.float64]
Positions = NDArray[np.int64]
LUNAR = ("Chinese New Year", "Korean New Year", "Lunar New Year", "Spring Festival")
# Days on either side of the Spring Festival that follow it, and not the date: it moves by up to 19,
# and trade swells and rests for three weeks around it.
AROUND = 40
LEAST_HOLIDAYS = 3  # days from which on holidays have a level of their own; it is drawn towards 1
SATURDAY, LONG_BREAK = 5, 5  # of the week; days off in a row
# Days from the first of the Spring Festival: the rush before, the feast, the way back to work.
FESTIVAL = ((-14, -7), (-7, 0), (0, 7), (7, 14), (14, 21))
NEAR = 10  # days on either side that a holiday is held against


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
def _worked(country: str, year: int) -> frozenset[date]:
    """Weekend days that are worked in exchange for a bridge."""
    found = holidays.country_holidays(country.upper(), years=year)
    return frozenset(getattr(found, "weekend_workdays", None) or ())


def holiday_counts(edges: Dates, country: str) -> Array:
    """Public holidays in each period, weekends left out (they are no news)."""
    return _per_period(edges, lambda day: day.weekday() < 5 and day in days_off(country, day.year))


def holiday_columns(starts: Dates, ends: Dates, country: str) -> Array:
    """What holidays may do to each period [start, end), in columns: days off on workdays, those of
    long breaks (a Golden Week, Christmas to New Year), days off on weekends, weekend days that are
    worked, and, where the Spring Festival is kept, the weeks around it."""
    first, last = (np.asarray(e, "datetime64[D]") for e in (starts, ends))
    every = np.arange(first.min() - AROUND, last.max() + AROUND)
    dates = every.astype(object).tolist()
    off = np.array([d in days_off(country, d.year) for d in dates])
    worked = np.array([d in _worked(country, d.year) for d in dates])
    weekend = weekdays(every) >= SATURDAY
    free = off | (weekend & ~worked)
    change = np.flatnonzero(np.diff(np.r_[False, free, False].astype(int)))
    long = np.zeros(len(every), dtype=bool)
    for begin, end in zip(change[::2], change[1::2], strict=True):
        long[begin:end] = end - begin >= LONG_BREAK
    marks = [off & ~weekend, off & ~weekend & long, off & weekend, worked]
    if _keeps_new_year(country):
        years = {d.year for d in dates}
        feasts = np.array([new_year(y) for y in sorted(years)], "datetime64[D]")
        apart = every[:, None] - feasts
        for begin, end in FESTIVAL:
            marks.append(((apart >= begin) & (apart < end)).any(axis=1))
    total = np.vstack([np.zeros((1, len(marks))), np.cumsum(np.column_stack(marks), axis=0)])
    at = [np.searchsorted(every, days) for days in (first, last)]
    return (total[at[1]] - total[at[0]]).astype(np.float64)


def weekdays(days: Dates) -> Positions:
    """0 = Monday."""
    return (np.asarray(days, "datetime64[D]").astype(np.int64) + 3) % 7


def of_week(values: Array, days: Dates) -> Array:
    """Weight of each day in a sum over days, by its weekday, 1 on average over a week.

    Ones where the days do not suffice, and for values that may be negative.
    """
    code = weekdays(days)
    known = np.isfinite(values)
    if not known.any() or np.nanmin(values) < 0 or not np.nansum(values) > 0:
        return np.ones(len(days))
    return pattern.factors(values, code, middle="median")[code]


def of_holidays(values: Array, days: Dates, country: str) -> Array:
    """Weight of each day beside that of its weekday: that of public holidays on workdays, as they
    were held against the days around them; drawn towards 1 by as much as they are few."""
    off = np.array([_day_off(d, country) for d in np.asarray(days, "datetime64[D]").tolist()])
    ratios = []
    for k in np.flatnonzero(off & np.isfinite(values)):
        near = slice(max(k - NEAR, 0), k + NEAR + 1)
        around = values[near][~off[near]]
        usual = float(np.nanmedian(around)) if np.isfinite(around).any() else 0.0
        ratios += [values[k] / usual] if usual > 0 else []
    if len(ratios) < LEAST_HOLIDAYS:
        return np.ones(len(days))
    level = 1 + (float(np.mean(ratios)) - 1) * len(ratios) / (len(ratios) + 2)
    return np.where(off, max(level, pattern.SMALLEST), 1.0)


def year_before(days: Dates, country: str | None) -> Positions:
    """Position of the same date one year before, -1 where it is not among the days.

    In a country that keeps the Spring Festival, days around it follow it, as it moves.
    """
    days = np.asarray(days, "datetime64[D]")
    lunar = country is not None and _keeps_new_year(country)
    then = np.array([_year_before(d, lunar) for d in days.tolist()], "datetime64[D]")
    at = np.searchsorted(days, then)
    inside = at < len(days)
    found = np.where(inside, days[np.minimum(at, len(days) - 1)] == then, False)
    return np.where(found, at, -1)


@cache
def new_year(year: int) -> date:
    """First day of the Spring Festival."""
    return min(d for d, name in days_off("CN", year).items() if "(Spring Festival)" in name)


@cache
def _keeps_new_year(country: str) -> bool:
    return any(mark in name for name in days_off(country, 2025).values() for mark in LUNAR)


def _year_before(day: date, lunar: bool) -> date:
    for year in (day.year, day.year + 1) if lunar else ():
        apart = day - new_year(year)
        if abs(apart.days) <= AROUND:
            return new_year(year - 1) + apart
    return day.replace(year=day.year - 1, day=min(day.day, 28) if day.month == 2 else day.day)


def _day_off(day: date, country: str) -> bool:
    return day.weekday() < 5 and day in days_off(country, day.year)


def _per_period(edges: Dates, test: Callable[[date], bool]) -> Array:
    days = np.asarray(edges, dtype="datetime64[D]")
    every = np.arange(days[0], days[-1])
    hits = np.array([test(d.astype(date)) for d in every], dtype=float)
    return np.add.reduceat(hits, np.searchsorted(every, days[:-1]))
