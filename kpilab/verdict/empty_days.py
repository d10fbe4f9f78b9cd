"""Days without any row of a table that the goal is measured on: lost, or without business.

Which of the two it was, the rows cannot say. So that nothing else is mistaken for it, they count as
usual days in every comparison, and what they lack is said by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from kpilab.case.days import pauses
from kpilab.core.case import Case, Metric
from kpilab.core.table import EventLog, Facts
from kpilab.core.values import EVERYWHERE, Period
from kpilab.engine.metrics import BUCKET
from kpilab.engine.rootcause.cells import PERIODS, Cells
from kpilab.stats.calendar import days_off
from kpilab.stats.data.loss import refilled
from kpilab.stats.tail import critical
from kpilab.verdict.evidence import Loss
from kpilab.verdict.tuned import LEAST_EMPTY

LEVEL = 0.95
SHARPEST = 0.01  # of the estimate: no interval is narrower, however even the days are


def empty_days(case: Case, cells: Cells) -> Iterator[Loss]:
    """Runs of days within either period on which a table has no rows although some are expected.

    A single day, and a run with a public holiday in it, are closed days; days that several tables
    lack are told once.
    """
    known: list[Period] = []
    for metric in _measured(case, cells):
        table = case.sources.get(metric.table)
        runs = pauses(metric.table, table) if isinstance(table, EventLog | Facts) else []
        for days in (run.common(case.periods[name]) for run in runs for name in PERIODS):
            if days is None or days.days < LEAST_EMPTY or _closed(case, days):
                continue
            if not any(days.common(k) for k in known):
                known.append(days)
                half = _noise(cells, metric, days)
                yield Loss(
                    metric.table, EVERYWHERE, days, 0.0, 1.0, 1 - half, 1 + half, 0.0, "",
                    confirmed=False,
                )  # fmt: skip


def _measured(case: Case, cells: Cells) -> Iterator[Metric]:
    """The goal, or what it is made of: a metric of each table, whose values add up over days."""
    tables: set[str] = set()
    for name in (case.goal.metric, *case.goal.tree.leaves):
        metric = case.metrics[name]
        counted = metric.per is None and name not in cells.refused
        if counted and metric.table in cells.days and metric.table not in tables:
            tables.add(metric.table)
            yield metric


def _closed(case: Case, days: Period) -> bool:
    country = case.holidays
    return country is not None and any(d in days_off(country, d.year) for d in days)


def _noise(cells: Cells, metric: Metric, days: Period) -> float:
    """Half the interval of what the days would have held, as a part of it."""
    rows = cells.days[metric.table]
    found = rows.groupby(pd.to_datetime(rows[BUCKET]))[f"{metric.name}:num"].sum()
    usual = found.to_numpy(float)
    weekday = pd.DatetimeIndex(found.index).dayofweek.to_numpy().astype(np.int64)
    each = [_again(usual, weekday, k) for k in range(len(usual))]
    off = usual - np.array(each)
    level = float(usual.mean())
    if level <= 0:
        return SHARPEST
    return max(SHARPEST, critical(LEVEL) * float(off.std()) / level / days.days**0.5)


def _again(usual: np.ndarray, weekday: np.ndarray, k: int) -> float:
    """What a day would be refilled with, had it been lost."""
    lost = np.arange(len(usual)) == k
    return float(refilled(usual, weekday, lost, np.zeros(len(usual), dtype=np.int64))[k])
