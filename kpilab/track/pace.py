"""Where a metric stands on its way to the target: so far, on pace or not, and where it will end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import pandas as pd

from kpilab.core.case import Case, Metric
from kpilab.core.table import Table
from kpilab.core.values import EVERYWHERE, Effect, Period, Where
from kpilab.engine.days import day_of
from kpilab.engine.metrics import BUCKET, Cut, full_buckets, measure
from kpilab.engine.run import collect_one
from kpilab.stats.core.pattern import factors
from kpilab.stats.operations.pace import elapsed, end

Standing = Literal["ahead", "open", "behind", "reached", "missed", "unknown"]
HISTORY = 180  # days looked back
SURE = 0.8  # chance of reaching the target from which on it counts as ahead (behind: 1 - SURE)
SEASON = {"day": 7, "week": None, "month": None}


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """A metric in the current period.

    Attributes:
        value: so far (a total: the sum; any other: the mean or rate). NaN without data.
        target: for the whole period; None for none.
        due: what a total should be by now to reach it, the weekly pattern counted; the target
            itself for any other.
        pace: value / due, 1 = on pace; None without a target.
        end: where it will end, with 80 % interval; the value itself once the period is over; None
            if unknown.
        chance: of reaching the target, 0-1; None if unknown.
        until: last day that is known; None without data.
        elapsed: share of the period that is over.
        series: one row per day (or week or month), `day` and `value`, with what came before the
            period.
    """

    metric: str
    value: float
    target: float | None
    due: float | None
    pace: float | None
    end: Effect | None
    chance: float | None
    until: date | None
    elapsed: float
    series: pd.DataFrame
    better: Literal["up", "down"] = "up"

    @property
    def standing(self) -> Standing:
        """Whether the target will be reached, as far as can be said."""
        if self.target is None or self.pace is None:
            return "unknown"
        good = self.pace >= 1 if self.better == "up" else self.pace <= 1
        if self.elapsed >= 1:
            return "reached" if good else "missed"
        chance = self.chance if self.chance is not None else (0.5 if good else 0.0)
        return "ahead" if chance >= SURE else "behind" if chance <= 1 - SURE else "open"


def progress(
    case: Case,
    metric: Metric,
    target: float | None,
    *,
    today: date | None = None,
    where: Where = EVERYWHERE,
) -> Progress:
    """How far is a metric on its way to the target of the current period?

    Args:
        case: periods and tables. metric: what is looked at. target: for the whole period.
        today: days from here on are not looked at (today is not over); None for all data there are.
        where: a segment.
    """
    grain = metric.per or "day"
    last = min(case.current.last, today - timedelta(days=1) if today else case.current.last)
    span = Period(
        min(case.baseline.first, case.current.first - timedelta(days=HISTORY)),
        max(last, case.current.first),
    )
    rows = _rows(case, metric, span, last, where)
    planned = full_buckets(case.current, grain)
    now = rows[rows["day"] >= pd.Timestamp(case.current.first)]
    adds = metric.per is None and not metric.is_ratio
    over = len(now) / len(planned) if planned else 1.0
    if now.empty or not planned:
        empty = float("nan")
        return Progress(
            metric.name, empty, target, None, None, None, None, None, 0.0, rows, metric.better
        )
    size = 1.0 if adds else float(now["den"].sum())
    value = float(now["num"].sum()) / size if size else float("nan")
    due = None if target is None else target * (_elapsed(rows, planned, len(now)) if adds else 1.0)
    found = end(
        rows["value"], value, len(now), len(planned), target=target, adds=adds, season=SEASON[grain]
    )
    chance = None if found is None else found.chance
    if chance is not None and metric.better == "down":
        chance = 1 - chance
    ends = None if found is None else Effect(found.value, found.low, found.high)
    pace = value / due if due else None
    until = min(pd.Timestamp(now["day"].iloc[-1]).date() + timedelta(days=_length(grain) - 1), last)
    series = rows[["day", "value"]]
    return Progress(
        metric.name, value, target, due, pace, ends, chance, until, over, series, metric.better
    )


def known_days(table: Table) -> Period | None:
    """First and last day that a table holds rows of; None for an empty one."""
    days = table.table.select(day=day_of(table.table, table.roles()["time"]))
    found = collect_one(
        days.agg(first=days["day"].min(), last=days["day"].max()), "days of a table"
    )
    if pd.isna(found["first"]):
        return None
    return Period(pd.Timestamp(found["first"]).date(), pd.Timestamp(found["last"]).date())


def _rows(case: Case, metric: Metric, span: Period, last: date, where: Where) -> pd.DataFrame:
    """Columns `day`, `num`, `den`, `value`: every day (week, month) from the first to the last that
    has rows."""
    grain = metric.per or "day"
    found = measure(case.tables[metric.table], [metric], {"all": span}, Cut(grain, (), where))
    found = found.assign(day=pd.to_datetime(found[BUCKET])).sort_values("day")
    found = found[found["day"] <= pd.Timestamp(last)]
    days = pd.DatetimeIndex(full_buckets(Period(span.first, max(last, span.first)), grain))
    days = (
        days[(days >= found["day"].min()) & (days <= found["day"].max())]
        if len(found)
        else days[:0]
    )
    rows = found.set_index("day").reindex(days)
    num = rows[f"{metric.name}:num"].fillna(0.0)
    den = rows[f"{metric.name}:den"].fillna(0.0) if metric.is_ratio else pd.Series(1.0, index=days)
    return pd.DataFrame(
        {"day": days, "num": num.to_numpy(float), "den": den.to_numpy(float)}
    ).assign(value=lambda r: r["num"] / r["den"].where(r["den"] > 0))


def _elapsed(rows: pd.DataFrame, planned: list[date], known: int) -> float:
    """Share of a total that usually falls on the days that are over, by weekday."""
    usual = factors(rows["num"], rows["day"].dt.dayofweek.to_numpy(), least=0)
    return elapsed(usual[[d.weekday() for d in planned]], known)


def _length(grain: str) -> int:
    return {"day": 1, "week": 7, "month": 31}[grain]
