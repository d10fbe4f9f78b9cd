"""Attainment: the goal and the KPIs against target and baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from kpilab.analysis.rootcause.like import like_change
from kpilab.core.result import Result
from kpilab.core.values import Message, fraction
from kpilab.questions.series import asked_of

if TYPE_CHECKING:
    from kpilab.core.case import Case
    from kpilab.engine.rootcause.cells import Cells


@dataclass(frozen=True, slots=True, eq=False)
class AttainmentResult(Result):
    """Answer of `attainment`.

    Attributes:
        table: one row for the goal and for each KPI; columns `metric`, `role` ("goal" or "kpi"),
            `owner`, `baseline`, `current`, `like` (the baseline brought to the length and the
            weekdays of the current period where the periods differ in length), `change` (relative
            to `like`, 0.1 = +10 %), `low`, `high` (its interval; NaN where no noise can be told),
            `p`, `target` (NaN for none), `reached` (True, False; None without a target).
    """

    level: float
    kind: ClassVar[str] = "attainment"

    @property
    def headline(self) -> Message:
        goal, kpis = self.table.iloc[0].to_dict(), self.table.iloc[1:]
        with_target = kpis[kpis["target"].notna()]
        values = {k: goal[k] for k in ("metric", "current", "change", "low", "high")}
        values["baseline"] = goal["like"]  # what the change is of
        values |= {"reached": int((with_target["reached"] == True).sum()), "kpis": len(with_target)}  # noqa: E712 - may be None
        if not len(with_target):
            return Message("attainment.goal", values)
        return Message("attainment.goal_and_kpis", values)


def attainment(case: Case, cells: Cells, *, level: float = 0.95) -> AttainmentResult:
    """How did the goal and the KPIs do against target and baseline, beyond their noise?

    Noise is that between days; for metrics that do not add up over days, that between their full
    weeks or months; for what returning customers make up, that between customers.

    Args:
        case: goal, KPIs and metrics.
        cells: aggregates of both periods.
        level: confidence level.

    Returns:
        AttainmentResult, the goal first.
    """
    fraction(level, "attainment(level=)")
    rows = [
        _row(case, cells, *asked, level)
        for asked in asked_of(case)
        if asked[0] not in cells.refused
    ]
    return AttainmentResult(pd.DataFrame(rows), level=level)


def _row(
    case: Case,
    cells: Cells,
    name: str,
    role: str,
    owner: str | None,
    target: float | None,
    level: float,
) -> dict[str, object]:
    metric = case.metrics[name]
    moved = like_change(case, cells, metric)
    before, after = (cells.value(name, period) for period in ("baseline", "current"))
    low, high = moved.relative_ends(level)
    better = after >= target if target is not None and metric.better == "up" else None
    reached = better if metric.better == "up" or target is None else after <= target
    return {
        "metric": name,
        "role": role,
        "owner": owner or metric.owner,
        "baseline": before,
        "current": after,
        "like": moved.before,
        "change": moved.relative,
        "low": low,
        "high": high,
        "p": moved.p,
        "target": float("nan") if target is None else target,
        "reached": reached,
    }
