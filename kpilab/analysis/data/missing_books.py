"""What the books and the goal say about rows that are missing in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kpilab.core.values import Where
from kpilab.engine.daily import Measured, daily, on_days
from kpilab.stats.data.loss import (
    Shortfall,
    Stretch,
    refilled,
    shortfall,
    weekday_pattern,
)

if TYPE_CHECKING:
    from datetime import date

    from kpilab.core.values import Period

LEAST_MISSING, SILENT = 0.3, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Sought:
    """What every search needs."""

    period: Period
    events: tuple[str, ...]
    books: Measured | None
    goal: Measured | None
    current: Period
    level: float

    @property
    def weekday(self) -> np.ndarray:
        return np.array([d.weekday() for d in self.period])


def books_of(sought: Sought, where: Where) -> np.ndarray | None:
    """The books per day for the segment; None when there are none for it."""
    if sought.books is None or not set(where.values) <= set(sought.books.table.table.columns):
        return None
    return (
        on_days(daily(sought.books, sought.period, where=where), sought.period, "value")
        .pipe(filled)
        .to_numpy()
    )


def filled(series: pd.Series) -> pd.Series:
    """A day whose value is missing lost nothing and made up for nothing: it is a usual day."""
    return series.fillna(series.median())


def pattern_of(series: np.ndarray, sought: Sought) -> np.ndarray:
    return weekday_pattern(series[None, :], sought.weekday)[0]


def confirmed_by(log: Shortfall, books: Shortfall | None) -> bool | None:
    """Whether the books went on where the log fell;
    None where they are too few or too uneven to tell."""
    if books is None or not books.expected > 0:
        return None
    # Had the books fallen like the log, fewer entries would be left and would scatter less.
    fallen = float(np.hypot(books.share_error * np.sqrt(max(1 - log.share, 0.05)), log.share_error))
    from_none, from_log = books.share / books.share_error, (log.share - books.share) / fallen
    if from_log < from_none:
        return False
    return True if from_none < 2 < from_log else None


def plausible(
    log: Shortfall,
    others: np.ndarray,
    stretch: Stretch,
    sought: Sought,
    label: tuple[str | None, str | None],
) -> bool:
    """Without a word of the books: most rows gone, and nothing else grew in their place."""
    if label[0] is None:
        return log.share >= SILENT
    rest = shortfall(others, pattern_of(others, sought), stretch.first, stretch.last)
    moved = (rest.found - rest.expected) / (log.expected - log.found)
    ends = stretch.last == sought.period.days - 1
    return log.share >= LEAST_MISSING * (1.5 if ends else 1) and not (
        moved > 0.5 and -rest.share > 3 * rest.share_error
    )


def in_books(books: Shortfall | None, level: float) -> dict[str, object]:
    names = ("books_share", "books_low", "books_high")
    # Of a segment without usual entries no share can be missing.
    if books is None or not books.expected > 0:
        return dict.fromkeys(names, float("nan"))
    low, high = books.interval(level)
    return dict(zip(names, (books.share, low / books.expected, high / books.expected), strict=True))


def in_goal(sought: Sought, where: Where, first: date, last: date) -> dict[str, object]:
    """The goal that the log lost, on the days of the current period."""
    names = ("goal_lost", "goal_low", "goal_high", "goal_share")
    days = list(sought.period)
    gone = np.array([first <= d <= last for d in days])
    now = np.array([d in sought.current for d in days])
    if sought.goal is None or not (gone & now).any():
        return dict.fromkeys(names, float("nan"))
    series = (
        on_days(daily(sought.goal, sought.period, where=where), sought.period, "value")
        .pipe(filled)
        .to_numpy()
    )
    lost = float(
        (refilled(series, sought.weekday, gone, now.astype(int)) - series)[gone & now].sum()
    )
    start = (first - sought.period.first) // timedelta(days=1)
    missing = shortfall(series, pattern_of(series, sought), start, start + (last - first).days)
    low, high = missing.interval(sought.level)
    half = (high - low) / 2 * float((gone & now).sum() / gone.sum())
    low, high = lost - half, lost + half
    total = float(daily(sought.goal, sought.current)["value"].sum())
    whole = total + lost
    share = lost / whole if whole else float("nan")
    return dict(zip(names, (lost, low, high, share), strict=True))
