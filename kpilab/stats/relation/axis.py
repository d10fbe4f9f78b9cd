"""The time axis: which grain, is it regular, which calendar terms belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.errors import BadInput
from kpilab.stats.calendar import holiday_columns
from kpilab.stats.core.pattern import dummies
from kpilab.stats.series import LEAST_PERIODS, Array

Dates = NDArray[np.datetime64]
MID_MONTH = 14
# Grain -> (fewest and most days from one period to the next, periods per year).
STEPS: dict[str, tuple[int, int, float]] = {
    "day": (1, 1, 365.25), "week": (7, 7, 52.18), "month": (28, 31, 12.0), "quarter": (90, 92, 4.0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days that move several series at once, and make no relation.

    Attributes:
        country: code of the country whose holidays are taken out; None for none.
        events: days, or (first, last) days, of shocks that hit both: campaigns, outages. A shared
            shock that is not named looks like a relation.
    """

    country: str | None = None
    events: Sequence[date | tuple[date, date]] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """A regular time axis.

    Attributes:
        grain: day, week, month or quarter. days: first day of each period.
        season: periods per year where the axis is long enough to carry yearly terms, else None.
    """

    grain: str
    days: Dates
    season: float | None

    @property
    def weekday(self) -> NDArray[np.int64]:
        """Monday = 0."""
        return (self.days.astype("datetime64[D]").astype(np.int64) + 3) % 7


def axis(times: ArrayLike, where: str) -> Axis:
    """Check a time axis and name its grain.

    Raises:
        BadInput: fewer than 12 periods, a period twice, a gap, or no regular step.
    """
    days = np.asarray(times, dtype="datetime64[D]")
    if len(days) < LEAST_PERIODS:
        raise BadInput(
            f"there are only {len(days)} periods",
            where,
            f"give at least {LEAST_PERIODS}, better 26 or more",
        )
    steps = np.diff(days).astype(np.int64)
    if (steps <= 0).any():
        raise BadInput(
            f"period {days[1:][steps <= 0][0]} occurs twice or out of order",
            where,
            "give one sorted row per period",
        )
    usual = int(np.median(steps))
    grain = next((g for g, (low, high, _) in STEPS.items() if low <= usual <= high), None)
    if grain is None:
        raise BadInput(
            f"periods are {usual} days apart",
            where,
            "give daily, weekly, monthly or quarterly values",
        )
    low, high, year = STEPS[grain]
    wrong = np.flatnonzero((steps < low) | (steps > high))
    if len(wrong):
        raise BadInput(
            (
                f"the {grain} after {days[wrong[0]]} is missing or irregular ({len(wrong)} gaps in "
                "all)"
            ),
            where,
            "fill the gap, or choose a coarser grain",
        )
    # Half a year shows enough of the yearly wave for weeks; days and months need more of it.
    least = {"day": 365, "week": 26, "month": 24, "quarter": 16}[grain]
    return Axis(grain, days, year if len(days) >= least else None)


def calendar_terms(ax: Axis, calendar: str | Calendar | None) -> tuple[Array, ...]:
    """Weekday, length, holiday and event columns of an axis (yearly waves are not among them), one
    block for each way to read its labels.

    A week may be labelled by its first day or its last; months and quarters say by the label
    itself. A month has its days and weekend days; a holiday counts its days in the period, and
    daily axes get the day before and after as well. An event is a day, or a first and last day; it
    has a column for its periods and one for the period after.
    """
    known = calendar if isinstance(calendar, Calendar) else Calendar(calendar)
    return tuple(_terms(ax, starts, ends, known) for starts, ends in spans(ax))


def spans(ax: Axis) -> list[tuple[Dates, Dates]]:
    """First day of each period and the day after its last, for each way to read the labels."""
    days = ax.days.astype("datetime64[D]")
    if ax.grain == "day":
        return [(days, days + 1)]
    if ax.grain == "week":
        return [(days, days + 7), (days - 6, days + 1)]
    month, long = days.astype("datetime64[M]"), 1 if ax.grain == "month" else 3
    late = np.median((days - month.astype("datetime64[D]")).astype(int)) >= MID_MONTH
    first = month - (long - 1) if late else month
    return [(first.astype("datetime64[D]"), (first + long).astype("datetime64[D]"))]


def peaks(ax: Axis) -> Array:
    """Columns of the ends and beginnings of months and quarters, where books are closed and targets
    come due; for series that follow them."""
    found = []
    for starts, ends in spans(ax):
        every = np.arange(starts.min(), ends.max())
        months = every.astype("datetime64[M]")
        left = ((months + 1).astype("datetime64[D]") - every).astype(int)
        last_month = (months.astype(int) % 3) == 2
        marks = [left <= 3, left == 1, (every - months.astype("datetime64[D]")).astype(int) < 3]
        marks += [last_month, last_month & (left <= 7), last_month & (left <= 3)]
        total = np.vstack([np.zeros((1, len(marks))), np.cumsum(np.column_stack(marks), axis=0)])
        at = [np.searchsorted(every, d) for d in (starts, ends)]
        found.append(total[at[1]] - total[at[0]])
    return _varying(np.hstack(found))


def _terms(ax: Axis, starts: Dates, ends: Dates, calendar: Calendar) -> Array:
    parts = [dummies(ax.weekday)] if ax.grain == "day" else []
    if ax.grain in ("month", "quarter"):
        parts += [(ends - starts).astype(float)[:, None], _weekend_days(starts, ends)[:, None]]
    if calendar.country is not None:
        counted = holiday_columns(starts, ends, calendar.country)
        parts += [counted]
        parts += [np.roll(counted[:, :1], k, axis=0) for k in (-1, 1)] if ax.grain == "day" else []
    parts += [column for event in calendar.events for column in _event(starts, ends, event)]
    return _varying(np.hstack([np.empty((len(ax.days), 0)), *parts]))


def _varying(columns: Array) -> Array:
    return columns[:, columns.std(axis=0) > 0]


def _weekend_days(starts: Dates, ends: Dates) -> Array:
    return np.asarray((ends - starts).astype(float) - np.busday_count(starts, ends), dtype=float)


def _event(starts: Dates, ends: Dates, event: date | tuple[date, date]) -> list[Array]:
    first, last = event if isinstance(event, tuple) else (event, event)
    first, last = (
        np.datetime64(d.date() if isinstance(d, datetime) else d, "D") for d in (first, last)
    )
    during = ((starts <= last) & (ends > first)).astype(float)
    if not during.any():
        return []
    after = np.zeros(len(during))
    after[min(np.flatnonzero(during)[-1] + 1, len(during) - 1)] = 1
    return [during[:, None], after[:, None]]
