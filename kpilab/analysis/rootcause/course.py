"""The course of a metric over its whole history, day by day (week by week, month by month)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.core.values import Period
from kpilab.engine.daily import those_measured
from kpilab.engine.metrics import BUCKET, Cut, measure
from kpilab.engine.rootcause.cells import PERIODS, SAME, SINCE
from kpilab.engine.run import ConnectionLost, OutOfMemory
from kpilab.errors import EngineError
from kpilab.stats.calendar import of_holidays, of_week, weekdays, year_before
from kpilab.stats.data.stops import stops
from kpilab.stats.levels import Days, Span

if TYPE_CHECKING:
    from datetime import date

    from kpilab.core.case import Case, Grain, Metric
    from kpilab.engine.rootcause.cells import Cells

Array = NDArray[np.float64]
ALONE = 400  # days: what lies before so long a gap is a slip of the pen, or another story
PER_YEAR = {"week": 52, "month": 12}


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A metric at the grain of its table, from its first row to the end of the current period.

    Attributes:
        metric: its name. grain: "day", "week" or "month", as the rows lie.
        days: first day of each step. num, den: numerators and denominators (1 for a sum); NaN where
            nothing is known.
        stopped: runs of steps without anything, longer than chance makes them; missing.
        adds: it is a sum over its steps.
        billed: it is billed once a month, so that a month does not weigh its days.
        moves: it is neither sum nor rate (distinct users, an average), and moves as its steps do.
    """

    metric: str
    grain: Grain
    days: NDArray[np.datetime64]
    num: Array
    den: Array
    stopped: tuple[Span, ...]
    adds: bool
    moves: bool = False
    billed: bool = False

    def span(self, period: Period) -> Span:
        """Positions of a period's steps."""
        first, last = np.searchsorted(
            self.days, [np.datetime64(period.first), np.datetime64(period.last) + 1]
        )
        return int(first), int(last)

    @property
    def code(self) -> NDArray[np.int64]:
        """Weekday of each day; all 0 at another grain."""
        return weekdays(self.days) if self.grain == "day" else np.zeros(len(self.days), np.int64)

    @property
    def calendar(self) -> Array:
        """Weight of each step without its holidays: its weekday, or how many days the month has."""
        if not self.adds or self.billed or self.grain == "week":
            return np.ones(len(self.days))
        if self.grain == "day":
            return of_week(self.num, self.days)
        months = self.days.astype("datetime64[M]")
        length = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(int)
        return length * 12 / 365.25

    def model(self, country: str | None, until: int) -> Days:
        """What `outlook` reads; holidays are learnt from the steps before `until`."""
        weight = self.calendar
        if self.adds and country and self.grain == "day":
            past = np.where(np.arange(len(self.num)) < until, self.num / weight, np.nan)
            weight = weight * of_holidays(past, self.days, country)
        if self.grain == "day":
            ago = year_before(self.days, country)
        else:
            at = np.arange(len(self.days)) - PER_YEAR[self.grain]
            ago = np.where(at >= 0, at, -1)
        return Days(self.num, weight if self.adds else self.den, ago, self.adds)


def courses(case: Case, cells: Cells, metrics: Sequence[Metric]) -> dict[str, Course]:
    """The whole course of each metric, one query per table and grain; what the log lost is put
    back. Metrics counted from the start of a year have none, nor has one without rows."""
    whole = {"all": Period(SINCE, case.current.last)}
    groups: dict[tuple[str, Grain | None], list[Metric]] = {}
    for metric in metrics:
        if not metric.cumulative and metric.name not in cells.refused:
            billed = cells.months_billed(metric) is not None
            grain = "month" if billed else metric.per
            groups.setdefault((metric.table, grain), []).append(metric)
    found: dict[str, Course] = {}
    for (table, grain), here in groups.items():

        def fetch(asked: Sequence[Metric], table: str = table, grain: Grain | None = grain):
            if grain is None:
                return cells.daily(asked, whole)
            return measure(cells.tables[table], asked, whole, Cut(grain))

        for frame in _measured(here, fetch):
            for metric in (m for m in here if m.name in frame.columns):
                adds = adds_up(cells, metric)
                course = _course(metric, frame, case.current, grain, adds=adds)
                found |= {} if course is None else {metric.name: course}
    return found


def _measured(
    metrics: Sequence[Metric], fetch: Callable[[Sequence[Metric]], pd.DataFrame]
) -> list[pd.DataFrame]:
    """What can be measured; rows before the periods may hold what the engine cannot read."""
    try:
        return those_measured(metrics, fetch)[0]
    except (ConnectionLost, OutOfMemory):
        raise
    except EngineError:
        return []


def adds_up(cells: Cells, metric: Metric) -> bool:
    """Whether the days of a metric sum to its period: not those of a rate, of distinct users, of an
    average, nor what counts from the start of a year."""
    if metric.is_ratio or metric.per is not None or metric.cumulative:
        return False
    for period in PERIODS:
        total = cells.value(metric.name, period)
        days = float(cells.by_day(metric, period)["num"].sum())
        if total == total and abs(days - total) > SAME * max(abs(total), abs(days)):
            return False
    return True


def _course(
    metric: Metric, frame: pd.DataFrame, current: Period, grain: Grain | None, *, adds: bool
) -> Course | None:
    rows = frame[[BUCKET, f"{metric.name}:num", f"{metric.name}:den"]].dropna()
    days = pd.to_datetime(rows[BUCKET]).to_numpy().astype("datetime64[D]")
    late = np.flatnonzero(np.diff(days).astype(int) > ALONE)
    if late.size and days[late[-1] + 1] <= np.datetime64(current.first):
        rows, days = rows.iloc[late[-1] + 1 :], days[late[-1] + 1 :]
    if not len(days):
        return None
    billed = grain is not None and metric.per is None
    grain = grain or grain_of(days)
    steps = _steps(days, grain, current.last)
    at = np.searchsorted(steps, days if grain != "month" else days.astype("datetime64[M]"))
    num, den = np.full(len(steps), np.nan), np.full(len(steps), np.nan)
    num[at] = rows[f"{metric.name}:num"].to_numpy(float)
    den[at] = rows[f"{metric.name}:den"].to_numpy(float)
    course = Course(
        metric.name,
        grain,
        steps.astype("datetime64[D]"),
        num,
        den,
        (),
        adds,
        moves=not adds and not metric.is_ratio and metric.per is None,
        billed=billed,
    )
    return _filled(course) if adds else course


def _filled(course: Course) -> Course:
    """Days without rows hold nothing, as far as chance makes such days; else they are missing."""
    stopped = stops(course.num, course.code)
    num = np.nan_to_num(course.num)
    for a, b in stopped:
        num[a:b] = np.nan
    return replace(course, num=num, den=np.ones(len(num)), stopped=stopped)


def grain_of(days: NDArray[np.datetime64]) -> Grain:
    """How far apart rows lie: a week where all lie whole weeks apart, a month where each has its
    own."""
    if len(days) < 3:
        return "day"
    apart = np.diff(days).astype(int)
    if (apart % 7 == 0).all():
        return "week"
    return "month" if apart.min() >= 28 else "day"


def _steps(days: NDArray[np.datetime64], grain: Grain, last: date) -> NDArray[np.datetime64]:
    if grain == "month":
        return np.arange(days[0].astype("datetime64[M]"), np.datetime64(last, "M") + 1)
    return np.arange(days[0], np.datetime64(last) + 1, 7 if grain == "week" else 1)
