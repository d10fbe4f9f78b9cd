"""History: how did the goal and the KPIs run, day by day?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message
from kpilab.engine.daily import those_measured
from kpilab.engine.metrics import BUCKET, PERIOD, Cut, measure

if TYPE_CHECKING:
    from kpilab.core.case import Case, Grain, Metric

COLUMNS = ["metric", "role", "date", "period", "value"]


@dataclass(frozen=True, slots=True, eq=False)
class HistoryResult(Result):
    """Answer of `history`.

    Attributes:
        table: one row per metric × day (week, month for a metric with that grain) that has rows;
            columns `metric`, `role` ("goal" or "kpi"), `date` (first day of the bucket), `period`
            ("baseline" or "current"), `value` (NaN where undefined). The goal comes first.
    """

    kind: ClassVar[str] = "history"

    @property
    def headline(self) -> Message:
        names = list(dict.fromkeys(self.table["metric"]))
        if not names:
            return Message("history.none")
        return Message("history.shown", {"metric": names[0], "kpis": names[1:]})


def history(case: Case) -> HistoryResult:
    """Measure the goal and every KPI per day in the baseline and the current period.

    A metric that does not add up over days is measured at its own grain.

    Args:
        case: goal, KPIs, metrics and periods.

    Returns:
        HistoryResult.
    """
    names = list(dict.fromkeys([case.goal.metric, *(kpi.metric for kpi in case.kpis)]))
    frames, notes = those_measured(
        [case.metrics[name] for name in names], lambda here: _measured(case, here)
    )
    return HistoryResult(pd.concat(frames, ignore_index=True), notes=notes)


def _measured(case: Case, metrics: Sequence[Metric]) -> pd.DataFrame:
    return pd.concat(
        [_of_metric(case, m, "goal" if m.name == case.goal.metric else "kpi") for m in metrics]
    )


def _of_metric(case: Case, metric: Metric, role: str) -> pd.DataFrame:
    periods = {name: case.periods[name] for name in ("baseline", "current")}
    grain: Grain = metric.per or "day"
    frame = measure(case.tables[metric.table], [metric], periods, Cut(grain))
    frame = frame.rename(columns={BUCKET: "date", PERIOD: "period", metric.name: "value"})
    frame = frame.assign(metric=metric.name, role=role, date=pd.to_datetime(frame["date"]))
    return frame[COLUMNS].sort_values("date", ignore_index=True)
