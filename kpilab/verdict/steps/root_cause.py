"""Step 3, root cause: which driver fell, and was it one place, everywhere, or hidden by the mix?"""

from __future__ import annotations

from collections.abc import Sequence

from kpilab.analysis.drivers import DriversResult
from kpilab.analysis.spread import SpreadResult, spread
from kpilab.core.case import Case
from kpilab.core.finding import Finding, StepReport
from kpilab.core.values import EVERYWHERE, Effect, Message, Where
from kpilab.engine.cells import Cells
from kpilab.verdict.candidate import numbered, results

CLEAR_GAIN = 12.0
SURE = 0.01


def examine(case: Case, cells: Cells, reports: Sequence[StepReport]) -> StepReport:
    """One finding per driver: how it moved at constant mix, and in which place if in one."""
    split = next((r for _, r in results(reports, DriversResult)), None)
    if split is None:
        return StepReport("root_cause", (), (Message("root_cause.no_drivers"),))
    findings = []
    for row in split.table.to_dict("records"):
        metric = case.metrics[str(row["driver"])]
        dimensions = cells.dimensions.get(metric.table, ())
        searched = None
        if metric.is_ratio and metric.per is None and dimensions:
            cube = cells.by_segment(metric, dimensions)
            searched = spread(cube, driver=metric.name, dimensions=dimensions)
        findings.append(_finding(case, row, searched))
    return StepReport("root_cause", numbered("root_cause", findings))


def clearest(searched: SpreadResult | None) -> Where | None:
    """The place that stands out beyond doubt; None when none does."""
    if searched is None or searched.table.empty:
        return None
    row = searched.table.iloc[0].to_dict()
    return row["where"] if row["where"] and row["gain"] >= CLEAR_GAIN else None


def _finding(case: Case, row: dict, searched: SpreadResult | None) -> Finding:
    """What happened to one driver."""
    placed = clearest(searched)
    values = {k: row[k] for k in ("driver", "change", "low", "high", "contribution", "p")} | {"goal": case.goal.metric}
    moved = row["p"] < SURE
    key = "fell" if moved and row["change"] < 0 else "rose" if moved else "steady"
    said = Message(f"root_cause.{key}", values)
    if placed is not None and searched is not None:
        said = Message("root_cause.placed", {"said": said, "place": searched.headline})
    worse = (row["change"] < 0) == (case.metrics[row["driver"]].better == "up")
    return Finding(
        "",
        "root_cause",
        "trouble" if (moved and worse) or placed is not None else "fine",
        said,
        subject=row["driver"],
        where=EVERYWHERE if placed is None else placed,
        period=case.current,
        effect=Effect(row["contribution"], row["contribution_low"], row["contribution_high"], case.goal.metric),
        p=row["p"],
        strength="tested",
        evidence=(searched,) if searched is not None else (),
    )
