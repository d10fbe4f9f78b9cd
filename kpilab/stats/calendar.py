"""Days off, by country."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache

import holidays
import numpy as np
from numpy.typing import NDArray

from kpilab.errors import BadInput, nearest

Dates = NDArray[np.datetime64]
Array = NDArray[np.float64]


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


def holiday_counts(edges: Dates, country: str) -> Array:
    """Public holidays in each period, weekends left out (they are no news)."""
    return _per_period(edges, lambda day: day.weekday() < 5 and day in days_off(country, day.year))


def _per_period(edges: Dates, test: Callable[[date], bool]) -> Array:
    days = np.asarray(edges, dtype="datetime64[D]")
    every = np.arange(days[0], days[-1])
    hits = np.array([test(d.astype(date)) for d in every], dtype=float)
    return np.add.reduceat(hits, np.searchsorted(every, days[:-1]))
