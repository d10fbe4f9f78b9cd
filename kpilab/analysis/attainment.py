"""Attainment: the goal and the KPIs against target and baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message
from kpilab.engine.metrics import BUCKET, PERIOD, Cut, measure
from kpilab.stats.rates import Change, period_change

if TYPE_CHECKING:
    from kpilab.core.case import Case, Metric
    from kpilab.engine.cells import Cells


@dataclass(frozen=True, slots=True, eq=False)
class AttainmentResult(Result):
    """Answer of `attainment`.

    Attributes:
        table: one row for the goal and for each KPI; columns `metric`, `role` ("goal" or "kpi"), `owner`,
            `baseline`, `current`, `change` (relative, 0.1 = +10 %), `low`, `high` (its interval), `p`,
            `target` (NaN for none), `reached` (True, False; None without a target).
    """

    level: float
    kind: ClassVar[str] = "attainment"

    @property
    def headline(self) -> Message:
        goal, kpis = self.table.iloc[0].to_dict(), self.table.iloc[1:]
        with_target = kpis[kpis["target"].notna()]
        values = {k: goal[k] for k in ("metric", "baseline", "current", "change", "low", "high")}
        values |= {"reached": int((with_target["reached"] == True).sum()), "kpis": len(with_target)}  # noqa: E712 - may be None
        if not len(with_target):
            return Message("attainment.goal", values)
        return Message("attainment.goal_and_kpis", values)


def attainment(case: Case, cells: Cells, *, level: float = 0.95) -> AttainmentResult:
    """How did the goal and the KPIs do against target and baseline, beyond their noise?

    Noise is that between days; for metrics that do not add up over days, that between their full weeks or months.

    Args:
        case: goal, KPIs and metrics.
        cells: aggregates of both periods.
        level: confidence level.

    Returns:
        AttainmentResult, the goal first.
    """
    rows = [_row(case, cells, case.goal.metric, "goal", None, case.goal.target, level)]
    known = [k for k in case.kpis if k.metric not in cells.refused]
    rows += [_row(case, cells, k.metric, "kpi", k.owner, k.target, level) for k in known]
    return AttainmentResult(pd.DataFrame(rows), level=level)


def metric_change(case: Case, cells: Cells, metric: Metric) -> Change:
    """Change of a metric's period value with its noise."""
    values = [cells.value(metric.name, period) for period in ("baseline", "current")]
    if metric.per is not None:
        return _of_buckets(case, metric, values)
    before, after = (cells.day_arrays(metric, period) for period in ("baseline", "current"))
    return period_change(before, after, (values[0], values[1]), ratio=metric.is_ratio)


def _of_buckets(case: Case, metric: Metric, values: list[float]) -> Change:
    """Noise between the weeks (or months) of a metric that does not add up."""
    periods = {name: case.periods[name] for name in ("baseline", "current")}
    frame = measure(case.tables[metric.table], [metric], periods, Cut(metric.per))
    variance, counts = 0.0, []
    for name, period in periods.items():
        full = frame[(frame[PERIOD] == name) & (pd.to_datetime(frame[BUCKET]).dt.date >= period.first)]
        series = full[metric.name].to_numpy(float)
        series = series[: max(period.days // 7, 1)] if metric.per == "week" else series
        counts.append(len(series))
        variance += float(np.var(series, ddof=1)) / len(series) if len(series) > 1 else 0.0
    return Change(values[0], values[1], float(np.sqrt(variance)), max(sum(counts) - 2, 1))


def _row(
    case: Case, cells: Cells, name: str, role: str, owner: str | None, target: float | None, level: float
) -> dict[str, object]:
    metric = case.metrics[name]
    change = metric_change(case, cells, metric)
    low, high = change.ends(level)
    base = abs(change.before) or float("nan")
    better = change.after >= target if target is not None and metric.better == "up" else None
    reached = better if metric.better == "up" or target is None else change.after <= target
    return {
        "metric": name,
        "role": role,
        "owner": owner or metric.owner,
        "baseline": change.before,
        "current": change.after,
        "change": change.value / base,
        "low": low / base,
        "high": high / base,
        "p": change.p,
        "target": float("nan") if target is None else target,
        "reached": reached,
    }
