"""Step 1, goal review: not the KPI, the business goal. What did we want, get, and what does the tree say?"""

from __future__ import annotations

from collections.abc import Sequence

from kpilab.analysis.attainment import attainment
from kpilab.analysis.drivers import drivers
from kpilab.core.case import Case
from kpilab.core.finding import Finding, StepReport
from kpilab.core.values import Effect, Message
from kpilab.engine.cells import Cells
from kpilab.verdict.candidate import numbered

FORMULA_DEPARTS = 0.02


def examine(case: Case, cells: Cells, reports: Sequence[StepReport]) -> StepReport:
    """Goal and KPIs against target and baseline; the goal's change split over the leaves of its tree."""
    reached = attainment(case, cells)
    goal = reached.table.iloc[0].to_dict()
    base = goal["baseline"]
    findings = [
        Finding(
            "",
            "goal",
            "info" if goal["p"] > 0.05 else ("fine" if goal["change"] > 0 else "trouble"),
            reached.headline,
            subject=case.goal.metric,
            period=case.current,
            effect=Effect(goal["current"] - base, goal["low"] * abs(base), goal["high"] * abs(base), case.goal.metric),
            p=goal["p"],
            strength="tested",
            evidence=(reached,),
        )
    ]
    if len(case.goal.tree.leaves) > 1:
        split = drivers(case, cells)
        findings.append(
            Finding("", "goal", "info", split.headline, subject=case.goal.metric, strength="tested", evidence=(split,))
        )
        if base and abs(split.unexplained) > FORMULA_DEPARTS * abs(base):
            values = {"goal": case.goal.metric, "share": split.unexplained / abs(base)}
            findings.append(
                Finding("", "goal", "info", Message("goal.formula_departs", values), effect=Effect(split.unexplained))
            )
    silent = () if len(case.goal.tree.leaves) > 1 else (Message("goal.no_formula", {"goal": case.goal.metric}),)
    return StepReport("goal", numbered("goal", findings), silent)
