"""Windows as long as the current period, counted back from it: what is usual is told by them."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis

from kpilab.core.values import Period
from kpilab.engine.dialect import microseconds

US_A_DAY = 86_400_000_000
FAR = 10_000  # windows: so that whole division never meets a negative number
YEAR_MONTHS, YEAR_DAYS = 12, 365.25
NEAR = 0.25  # of a window, by which a year may miss the same window
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Windows:
    """Equal windows: 0 is the current period, −1 the one that ends the day before it begins.

    Attributes:
        current: the current period.
        months: how many whole calendar months it has; 0 where windows are counted in days.
    """

    current: Period
    months: int

    @classmethod
    def of(cls, current: Period) -> Windows:
        """Calendar months if the period begins and ends with one, else days."""
        last = monthrange(current.last.year, current.last.month)[1]
        whole = current.first.day == 1 and current.last.day == last
        return cls(current, month(current.last) - month(current.first) + 1 if whole else 0)

    @property
    def a_year(self) -> int:
        """How many windows make a year; 0 where no whole number does: they meet no season twice."""
        if self.months:
            return 0 if YEAR_MONTHS % self.months else YEAR_MONTHS // self.months
        many = round(YEAR_DAYS / self.current.days)
        off = abs(YEAR_DAYS - many * self.current.days)
        return many if many and off <= self.current.days * NEAR else 0

    def period(self, k: int) -> Period:
        """The days of a window."""
        if not self.months:
            shift = timedelta(days=k * self.current.days)
            return Period(self.current.first + shift, self.current.last + shift)
        first = month(self.current.first) + k * self.months
        after = first + self.months
        return Period(first_of(first), first_of(after) - timedelta(days=1))

    def window(self, day: Any, engine: str) -> Any:
        """Number of the window that a day lies in."""
        if self.months:
            return self.of_month(month_of(day))
        past = number(day, engine) - (self.current.first - EPOCH).days
        return (past + FAR * self.current.days) // self.current.days - FAR

    def of_month(self, months: Any) -> Any:
        """Number of the window that a month lies in."""
        past = months - month(self.current.first)
        return (past + FAR * self.months) // self.months - FAR

    def at_end(self, day: Any) -> Any:
        """Whether a day lies in the last month of its window; of windows in days every one does."""
        if not self.months:
            return ibis.literal(True)
        past = month_of(day) - month(self.current.first) + FAR * self.months
        return past % self.months == self.months - 1

    def back_to(self, first: date) -> int:
        """The earliest window that lies wholly after a day, or begins with it."""
        k = 0
        while k > -FAR and self.period(k - 1).first >= first:
            k -= 1
        return k


def number(day: Any, engine: str) -> Any:
    """A day as a whole number."""
    return (microseconds(day.cast("timestamp"), engine) // US_A_DAY).cast("int64")


def month_of(day: Any) -> Any:
    """Months since the year 0 of a column of days."""
    return day.year().cast("int64") * 12 + day.month().cast("int64") - 1


def month(day: date) -> int:
    """Months since the year 0."""
    return day.year * 12 + day.month - 1


def first_of(months: int) -> date:
    """The first day of a month since the year 0."""
    return date(months // 12, months % 12 + 1, 1)


def between(day: Any, period: Period) -> Any:
    """Whether a day lies in a period."""
    return day.between(ibis.literal(period.first), ibis.literal(period.last))
