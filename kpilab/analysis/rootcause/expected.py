"""Expected: what should the current period be by all that came before it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.rootcause.course import Course, courses
from kpilab.core.finding import HistoryForecast
from kpilab.core.result import Result
from kpilab.core.values import Message, Period, fraction
from kpilab.questions.drivers import measured_drivers
from kpilab.stats.core.change import Change
from kpilab.stats.data.stops import steps
from kpilab.stats.distributions import student
from kpilab.stats.history import outlook
from kpilab.stats.levels import Days

if TYPE_CHECKING:
    from kpilab.core.case import Case
    from kpilab.engine.rootcause.cells import Cells

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedResult(Result):
    """Answer of `expected`.

    Attributes:
        table: one row for the goal and for each of its drivers that has a course; columns
            `metric`, `baseline`, `calendar`, `season`, `trend` (steps from the baseline that sum to
            `history`), `history` (what former periods say for the current one), `low`, `high` (its
            prediction interval; NaN where no noise can be told), `current`, `p` (chance of being so
            far off where nothing new happened), `windows` (former periods of equal length behind
            it), `seasonal` (whether a former year is in it).
        course: the goal, one row per day (week, month): `date`, `value`, `period` (the name of the
            period, or empty), and in the current one what the history says of the day: `expected`,
            `low`, `high` (the period's own, by the day; NaN elsewhere).
        stopped: metric -> runs of days on which nothing came.
        changed: metric -> day from which on its level was another one, with the relative size.
        forecasts: metric -> the same as the table, as values.
    """

    course: pd.DataFrame
    stopped: Mapping[str, tuple[Period, ...]]
    changed: Mapping[str, tuple[tuple[date, float], ...]]
    forecasts: Mapping[str, HistoryForecast]
    level: float
    kind: ClassVar[str] = "expected"

    @property
    def headline(self) -> Message:
        if self.table.empty:
            return Message("expected.none")
        row = self.table.iloc[0].to_dict()
        values = {k: row[k] for k in ("metric", "history", "low", "high", "current", "windows")}
        if not row["windows"]:
            return Message("expected.baseline_only", values)
        key = "within"
        if row["p"] < 1 - self.level:
            key = "below" if row["current"] < row["history"] else "above"
        season = Message("expected.seasonal" if row["seasonal"] else "expected.no_season")
        return Message(f"expected.{key}", values | {"season": season})


def expected(
    case: Case, cells: Cells, changes: Mapping[str, Change], *, level: float = 0.95
) -> ExpectedResult:
    """What do calendar, season, trend and level say for the current period, and how sure is that?

    All that came before the current period is read, once per table. The interval comes from how
    far the same forecast was off at former periods of equal length, and from the noise of the days.
    With fewer than two former periods the baseline is all that is known: it is brought to the
    calendar of the current period, and its noise is that of the change.

    Args:
        case: goal, formula, periods, holidays.
        cells: aggregates of both periods.
        changes: of the goal and each leaf between the periods, as judged without a history.
        level: confidence level of the intervals.

    Returns:
        ExpectedResult, the goal first.
    """
    fraction(level, "expected(level=)")
    names = [n for n in (case.goal.metric, *case.goal.tree.leaves) if n in case.metrics]
    metrics = [*(case.metrics[n] for n in dict.fromkeys(names)), *measured_drivers(case)]
    known = courses(case, cells, metrics)
    found: dict[str, HistoryForecast] = {}
    for metric in metrics:
        if metric.name in known and not cells.undefined(metric.name):
            found[metric.name] = _forecast(
                case, cells, known[metric.name], changes.get(metric.name), level
            )
    rows = [_row(cells, name, forecast) for name, forecast in found.items()]
    return ExpectedResult(
        pd.DataFrame(rows, columns=list(_COLUMNS)),
        course=_shown(case, known.get(case.goal.metric), found.get(case.goal.metric)),
        stopped={n: _stopped(c) for n, c in known.items()},
        changed={n: _changed(case, c) for n, c in known.items()},
        forecasts=found,
        level=level,
    )


_COLUMNS = (
    "metric", "baseline", "calendar", "season", "trend", "history", "low", "high", "current", "p",
    "windows", "seasonal",
)  # fmt: skip


def _forecast(
    case: Case, cells: Cells, course: Course, change: Change | None, level: float
) -> HistoryForecast:
    """The course's outlook in units of the period's own value."""
    base, now = course.span(case.baseline), course.span(case.current)
    value = cells.value(course.metric, "baseline")
    model = course.model(case.holidays, now[0])
    units = None
    if change is not None and change.variances[0] == 0 < change.error and change.before:
        units = (change.error / change.before) ** 2  # of customers, who are in both periods
    found = outlook(model, base, now, units=units) if now[1] > now[0] else None
    own = _level(model, base) * (float(np.nansum(model.den[slice(*base)])) if course.adds else 1.0)
    if found is None or not np.isfinite(found.value) or not own:
        return _of_baseline(case, course, model, base, now, value, change, level)
    # What is neither sum nor rate (distinct users) moves as its days do, from what it was over as
    # many days.
    like = change.before if change is not None and course.moves else value
    factor = (like if course.moves else value) / own
    factor = 1.0 if abs(factor - 1) < ROUNDING else factor
    should = found.value * factor
    alike = like if course.moves else _alike(case, course, change)
    calendar = _beyond_rounding((found.like * factor if alike is None else alike) - value, value)
    # What recurs over the days (customers) varies at least as its units do.
    least = float(np.sqrt(sum(cells.between_units(course.metric))))
    error = max(found.error * abs(factor), least)
    half = float(student.ppf(0.5 + level / 2, found.df)) * error
    season = found.season * factor
    return HistoryForecast(
        calendar, season, should - value - calendar - season, should,
        should - half if half else None, should + half if half else None,
        found.df, error, found.windows, found.seasonal,
    )  # fmt: skip


def _beyond_rounding(change: float, of: float) -> float:
    return change if abs(change) > ROUNDING * abs(of) else 0.0


def _alike(case: Case, course: Course, change: Change | None) -> float | None:
    """The baseline like with like as the change itself has it, so that there is one; None where the
    calendar is more than length and weekdays."""
    longer = case.baseline.days != case.current.days and not case.holidays
    known = course.moves or (course.adds and longer)
    return change.before if change is not None and known else None


def _of_baseline(
    case: Case,
    course: Course,
    model: Days,
    base: tuple[int, int],
    now: tuple[int, int],
    value: float,
    change: Change | None,
    level: float,
) -> HistoryForecast:
    """The baseline at the calendar of the current period; its noise is that of the change."""
    weights = [float(np.nansum(model.den[slice(*span)])) for span in (base, now)]
    like = value * weights[1] / weights[0] if course.adds and weights[0] else value
    alike = _alike(case, course, change)
    calendar = _beyond_rounding((like if alike is None else alike) - value, value)
    error, df = (0.0, 1.0) if change is None else (change.error, change.df)
    half = float(student.ppf(0.5 + level / 2, df)) * error
    ends = (value + calendar - half, value + calendar + half) if half > 0 else (None, None)
    return HistoryForecast(calendar, 0.0, 0.0, value + calendar, *ends, df, error)


def _level(model: Days, span: tuple[int, int]) -> float:
    num, den = model.num[slice(*span)], model.den[slice(*span)]
    known = np.isfinite(num) & np.isfinite(den)
    return float(num[known].sum() / den[known].sum()) if den[known].sum() > 0 else 0.0


def _row(cells: Cells, name: str, found: HistoryForecast) -> dict[str, object]:
    now = cells.value(name, "current")
    return {
        "metric": name,
        "baseline": cells.value(name, "baseline"),
        "calendar": found.calendar,
        "season": found.season,
        "trend": found.trend,
        "history": found.value,
        "low": np.nan if found.low is None else found.low,
        "high": np.nan if found.high is None else found.high,
        "current": now,
        "p": 2 * float(student.sf(abs(found.off(now)), found.df)) if found.error else np.nan,
        "windows": found.windows,
        "seasonal": found.seasonal,
    }


def _shown(case: Case, course: Course | None, forecast: HistoryForecast | None) -> pd.DataFrame:
    """The goal over its whole history, and what it says for each step of the current period."""
    ends = ("expected", "low", "high")
    if course is None or forecast is None:
        return pd.DataFrame({c: [] for c in ("date", "value", "period", *ends)})
    name = np.full(len(course.days), "", dtype=object)
    for period in ("baseline", "current"):
        name[slice(*course.span(case.periods[period]))] = period
    den = 1.0 if course.adds else np.where(course.den > 0, course.den, np.nan)
    shown = {"date": course.days, "value": course.num / den, "period": name}
    now = slice(*course.span(case.current))
    weight = course.model(case.holidays, now.start).den[now] if course.adds else np.ones(1)
    share = weight / weight.sum() if course.adds else 1.0
    for end, value in zip(ends, (forecast.value, forecast.low, forecast.high), strict=True):
        shown[end] = np.full(len(course.days), np.nan)
        if not course.moves:
            shown[end][now] = np.nan if value is None else value * share
    return pd.DataFrame(shown)


def _stopped(course: Course) -> tuple[Period, ...]:
    ends = [*course.days[1:], course.days[-1] + 1]
    return tuple(
        Period(course.days[a].item(), (ends[b - 1] - 1).item() if course.grain != "day" else
               course.days[b - 1].item())
        for a, b in course.stopped
    )  # fmt: skip


def _changed(case: Case, course: Course) -> tuple[tuple[date, float], ...]:
    """Days before the current period from which on the level was another one."""
    if course.grain != "day":
        return ()
    end = course.span(case.current)[0]
    model = course.model(case.holidays, end)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(model.den > 0, model.num / model.den, np.nan)[:end]
    return tuple((course.days[s.at].item(), s.size) for s in steps(values, model.ago[:end]))
