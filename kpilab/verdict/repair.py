"""What only the log lost is put back before the steps read the numbers."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from kpilab.core.case import Case, Metric
from kpilab.core.values import Period, Where
from kpilab.engine.cells import Cells
from kpilab.engine.metrics import BUCKET, PERIOD, Cut, measure
from kpilab.questions.periods import span
from kpilab.stats.core.pattern import factors
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.faults import place

# A table that shows less than half of the log's own shortfall is not fed by that log.
FED_BY_THE_LOG = 0.5


def repaired(case: Case, cells: Cells, evidence: Evidence) -> Cells:
    """Cells whose totals and days carry what the confirmed gaps took from additive leaves of the tree."""
    leaves = [case.metrics[leaf] for leaf in case.goal.tree.leaves]
    adding = [m for m in leaves if not m.is_ratio and m.per is None]
    for noted in evidence.gaps:
        for row in noted.result.table.to_dict("records"):
            if row["confirmed"]:
                cells = _goal_put_back(case, cells, row["goal_share"])
                for metric in adding:
                    cells = _put_back(case, cells, metric, place(row), Period(row["first"], row["last"]), row["share"])
    return cells


def _goal_put_back(case: Case, cells: Cells, share: float) -> Cells:
    """The goal's current value without the loss, which the gap states as a share of it."""
    if not 0 < share < 1:
        return cells
    totals = cells.totals.copy()
    totals.loc["current", [case.goal.metric, f"{case.goal.metric}:num"]] *= 1 / (1 - share)
    return replace(cells, totals=totals, as_logged=cells.totals if cells.as_logged is None else cells.as_logged)


def _put_back(case: Case, cells: Cells, metric: Metric, where: Where, days: Period, share: float) -> Cells:
    table = case.tables[metric.table]
    if any(d not in table.dimensions_named for d in where.values):
        return cells
    series = measure(table, [metric], {"all": span(case)}, Cut("day", where=where))
    rows = pd.DataFrame({"day": pd.to_datetime(series[BUCKET]), "value": series[metric.name].fillna(0.0)})
    weekday = rows["day"].dt.dayofweek.to_numpy()
    inside = rows["day"].between(pd.Timestamp(days.first), pd.Timestamp(days.last))
    outside = rows["value"].where(~inside)
    usual = factors(outside, weekday, least=0)[weekday]
    expected = outside.sum() / usual[~inside].sum() * usual[inside]
    missing = expected - rows.loc[inside, "value"]
    if expected.sum() <= 0 or missing.sum() / expected.sum() < FED_BY_THE_LOG * share:
        return cells
    return _added(case, cells, metric, pd.Series(missing.to_numpy(), index=rows.loc[inside, "day"]))


def _added(case: Case, cells: Cells, metric: Metric, lost: pd.Series) -> Cells:
    totals, frame = cells.totals.copy(), cells.days[metric.table].copy()
    columns = [metric.name, f"{metric.name}:num"]
    for name in ("baseline", "current"):
        period = case.periods[name]
        part = lost[(lost.index >= pd.Timestamp(period.first)) & (lost.index <= pd.Timestamp(period.last))]
        totals.loc[name, columns] += float(part.sum())
        rows = frame[PERIOD] == name
        add = pd.to_datetime(frame.loc[rows, BUCKET]).map(part).fillna(0.0).astype(float)
        for column in columns:
            frame.loc[rows, column] = frame.loc[rows, column] + add
    return replace(
        cells,
        totals=totals,
        days={**cells.days, metric.table: frame},
        as_logged=cells.totals if cells.as_logged is None else cells.as_logged,
    )
