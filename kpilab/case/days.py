"""The days on which a table has rows: from when to when most of them go, and the days, weeks or
months between that have none although some are expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise

import pandas as pd

from kpilab.core.case import Case
from kpilab.core.finding import DataIssue
from kpilab.core.table import Benchmark, Entities, EventLog, Executions, Facts, Table
from kpilab.core.values import Message, Period
from kpilab.engine.days import day_of
from kpilab.engine.run import collect

FEW = 0.05  # of a usual week's rows: a week at either end that holds fewer is no part of the span
FAR = timedelta(days=31)  # a day further off than that from the others is worth a word
LEAST = 12  # days, weeks or months that rows are expected in; fewer show no custom
OFTEN = 0.8  # of the weeks with rows a weekday has some: then they are expected on it
RARE = 0.05  # how often chance would make such a run
CLOSED = 2  # days without rows, each alone, that are worth a word where all others have some
MONTH = range(28, 32)


def unfilled(case: Case) -> Iterator[DataIssue]:
    """A note for each table without rows on days on which some are expected."""
    for name, role in case.sources.items():
        regular = isinstance(role, EventLog | Facts | Executions | Benchmark)
        if regular and not isinstance(role, Entities):
            said = without_rows(name, _rows(name, role))
            if said is not None:
                yield DataIssue(name, said)


def _rows(name: str, table: Table) -> dict[date, int]:
    """How many rows each day has."""
    rows = table.table.select(day=day_of(table.table, table.roles()["time"]))
    rows = rows.filter(rows.day.notnull()).group_by("day").agg(n=lambda t: t.count())
    found = collect(rows, f"days of {name!r}")
    days = pd.to_datetime(found["day"]).dt.date
    return dict(zip(days, found["n"].astype(int), strict=True))


def pauses(name: str, table: Table) -> list[Period]:
    """Runs of days without rows of a table on which some are expected, in order of time."""
    return _paused(_rows(name, table))


def _paused(rows: Mapping[date, int]) -> list[Period]:
    first, last = bulk(rows) if rows else (None, None)
    return paused([d for d in rows if first and last and first <= d <= last])


def without_rows(table: str, rows: Mapping[date, int]) -> Message | None:
    """The days without rows in words, the longest run by name; None where there are none."""
    runs = sorted(_paused(rows), key=_short)
    if not runs:
        return None
    values = {"table": table, "days": sum(run.days for run in runs), "period": runs[0]}
    return Message("trust.no_days", values | ({"more": len(runs) - 1} if len(runs) > 1 else {}))


def _short(run: Period) -> int:
    return -run.days


def bulk(rows: Mapping[date, int]) -> tuple[date, date]:
    """First and last day without what lies far from all others, and without the weeks at the ends
    that hold next to nothing."""
    days = [d for part in _parts(rows) for d in part]
    counts = pd.Series([rows[d] for d in days], [_monday(d) for d in days]).groupby(level=0).sum()
    full = counts.index[counts >= FEW * counts.median()]
    inside = [day for day in days if full[0] <= _monday(day) <= full[-1]]
    return inside[0], inside[-1]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _parts(rows: Mapping[date, int]) -> list[list[date]]:
    """Days in a row, broken where a gap is far longer than the usual one; parts of some size."""
    days = sorted(rows)
    gaps = [(b - a).days for a, b in pairwise(days)]
    longest = max(2 * FAR.days, 5 * (sorted(gaps)[len(gaps) // 2] if gaps else 0))
    parts = [[days[0]]]
    for day, gap in zip(days[1:], gaps, strict=True):
        if gap > longest:
            parts.append([])
        parts[-1].append(day)
    whole = sum(rows.values())
    return [p for p in parts if sum(rows[d] for d in p) >= FEW * whole]


def paused(days: Sequence[date]) -> list[Period]:
    """Runs of days without rows between the first and the last of days that have some.

    Rows are expected on the weekdays that nearly always have some, or in every month. Days that
    lack rows here and there, as chance has it where rows are few, make no run.
    """
    days, by_month = sorted(set(days)), monthly(days)
    expected = _months(days) if by_month else _weekdays(days)
    held = {d.replace(day=1) for d in days} if by_month else set(days)
    if len(expected) < LEAST:
        return []
    runs = [list(run) for gone, run in groupby(expected, lambda d: d not in held) if gone]
    found = [Period(run[0], run[-1]) for run in _beyond_chance(runs, len(expected))]
    return [Period(p.first, end_of_month(p.last)) for p in found] if by_month else found


def monthly(days: Sequence[date]) -> bool:
    """Whether there is one day a month."""
    gaps = sorted((b - a).days for a, b in pairwise(sorted(set(days))))
    return bool(gaps) and gaps[len(gaps) // 2] in MONTH


def _months(days: Sequence[date]) -> list[date]:
    """The first of every month from the first to the last day."""
    return [d.date() for d in pd.date_range(days[0].replace(day=1), days[-1], freq="MS")]


def end_of_month(day: date) -> date:
    """The last day of its month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _weekdays(days: Sequence[date]) -> list[date]:
    """Days on which rows are expected; a week without any says nothing about its weekdays."""
    if not days:
        return []
    weeks = len({d.isocalendar()[:2] for d in days})
    counts = pd.Series([d.weekday() for d in days]).value_counts()
    often = {int(str(k)) for k, n in counts.items() if n >= OFTEN * weeks}
    every = (d.date() for d in pd.date_range(days[0], days[-1]))
    return [day for day in every if day.weekday() in often]


def _beyond_chance(runs: Sequence[list[date]], n: int) -> list[list[date]]:
    """Runs longer than days that lack rows by chance would make; few days that stand alone."""
    missing = sum(map(len, runs))
    if missing <= CLOSED:
        return list(runs)
    return [run for run in runs if n * ((missing - len(run) + 1) / n) ** len(run) < RARE]
