"""A current period that is not over yet: it is held against the same part of the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.analysis.rootcause.course import grain_of
from kpilab.core.case import Case, Target
from kpilab.core.finding import DataIssue
from kpilab.core.values import Message, Period
from kpilab.engine.customers.windows import Windows
from kpilab.engine.metrics import BUCKET
from kpilab.engine.rootcause.cells import PERIODS, Cells
from kpilab.stats.calendar import weekdays
from kpilab.stats.data.stops import stops

WEEK = 7


def finished(case: Case, cells: Cells) -> Case | None:
    """The case with its periods cut where the data end before the current period does, its targets
    prorated, and the entry that says so; None where nothing is to be cut.

    The data end where all tables of the goal's formula do, on days on which rows are usual.
    """
    last = _end(case, cells)
    if last is None or last >= case.current.last:
        return None
    now = Period(case.current.first, last)
    days, part = now.days, now.days / case.current.days
    periods = {name: _same_part(period, now) for name, period in case.periods.items()}
    target = case.goal.target if _prorated(case, case.goal.metric) else None
    said = Message(
        "goal.unfinished",
        {
            "last": last,
            "days": days,
            "whole": case.current.days,
            "baseline": periods["baseline"],
            "target": target,
            "part": None if target is None else target * part,
        },
    )
    issue = DataIssue(
        case.metrics[case.goal.metric].table,
        said,
        period=Period(last + timedelta(days=1), case.current.last),
    )
    return replace(_with_targets(case, part), periods=periods, issues=(*case.issues, issue))


def _same_part(period: Period, now: Period) -> Period:
    """The first days of a period, as many as there are now; or its first months, where now is whole
    months."""
    months = Windows.of(now).months
    if months and period.first.day == 1:
        last = np.datetime64(period.first, "M") + months
        end = last.astype("datetime64[D]").item() - timedelta(days=1)
    else:
        end = period.first + timedelta(days=now.days - 1)
    return Period(period.first, min(end, period.last))


def _prorated(case: Case, metric: str) -> bool:
    """Whether a target of the metric is one of a sum over the period's days."""
    found = case.metrics.get(metric)
    return found is not None and not found.is_ratio and found.per is None and not found.cumulative


def _with_targets(case: Case, part: float) -> Case:
    goal = case.goal
    if goal.target is not None and _prorated(case, goal.metric):
        goal = replace(goal, target=goal.target * part)
    kpis = tuple(
        replace(k, target=k.target * part)
        if k.target is not None and _prorated(case, k.metric)
        else k
        for k in case.kpis
    )
    targets = {n: _of(t, part) if _prorated(case, n) else t for n, t in case.targets.items()}
    return replace(case, goal=goal, kpis=kpis, targets=targets)


def _of(target: Target, part: float) -> Target:
    if isinstance(target, Mapping):
        return {name: value * part for name, value in target.items()}
    return target * part


def _end(case: Case, cells: Cells) -> date | None:
    """Last day with rows, where the days after it would usually have some; None without rows."""
    names = [case.goal.metric, *case.goal.tree.leaves]
    tables = {case.metrics[n].table for n in names if n in case.metrics} & set(cells.days)
    found: list[date] = []
    for table in tables:
        rows = cells.days[table]
        days = np.unique(pd.to_datetime(rows[BUCKET]).to_numpy().astype("datetime64[D]"))
        inside = days[days >= np.datetime64(case.current.first)]
        if not inside.size:
            return None
        if grain_of(days) == "month":
            found.append((inside[-1].astype("datetime64[M]") + 1).astype("datetime64[D]").item())
            found[-1] -= timedelta(days=1)
        elif _missed(case, days):
            found.append(inside[-1].item())
        else:
            return None
    return max(found, default=None)


def _missed(case: Case, seen: NDArray[np.datetime64]) -> bool:
    """Whether the days from the last one with rows to the end of the period usually have some."""
    spans = [case.periods[p] for p in PERIODS]
    days = np.concatenate(
        [np.arange(np.datetime64(p.first), np.datetime64(p.last) + 1) for p in spans]
    )
    there = np.isin(days, seen)
    last = int(np.flatnonzero(there)[-1])
    code = weekdays(days)
    after = code[last + 1 :]
    empty = np.bincount(code[:last], ~there[:last], WEEK)[after]
    run = stops(there.astype(float), code)
    return bool(after.size) and (not empty.all() or (bool(run) and run[-1][1] == len(days)))
