"""Step 1, goal review: not the KPI, the business goal. What did we want, get, and what does the tree say?"""

from __future__ import annotations

from dataclasses import replace

from kpilab.analysis.attainment import AttainmentResult, attainment
from kpilab.analysis.drivers import DriversResult, drivers, leaf_change
from kpilab.core.case import Case
from kpilab.core.finding import Finding, StepReport
from kpilab.core.values import Effect, Message
from kpilab.engine.cells import Cells
from kpilab.verdict.evidence import Evidence, Noted, numbering

FORMULA_DEPARTS = 0.02


def examine(case: Case, cells: Cells, evidence: Evidence) -> tuple[StepReport, Evidence]:
    """Goal and KPIs against target and baseline; the goal's change split over the leaves of its tree."""
    number = numbering("goal")
    reached = attainment(case, cells)
    goal = Noted(number(_attained(case, reached)), reached)
    leaves = [case.metrics[leaf] for leaf in case.goal.tree.leaves]
    evidence = replace(
        evidence,
        attainment=goal,
        now={m.name: cells.value(m.name, "current") for m in leaves},
        volumes={m.name: leaf_change(cells, m) for m in leaves if not m.is_ratio and m.per is None},
    )
    if len(leaves) < 2:
        silent = Message("goal.no_formula", {"goal": case.goal.metric})
        return StepReport("goal", (goal.finding,), (silent,)), evidence
    split = drivers(case, cells)
    said = Finding("", "goal", "info", split.headline, subject=case.goal.metric, strength="tested", evidence=(split,))
    noted = Noted(number(said), split)
    departs = [number(finding) for finding in _departs(case, reached, split)]
    return StepReport("goal", (goal.finding, noted.finding, *departs)), replace(evidence, drivers=noted)


def _attained(case: Case, reached: AttainmentResult) -> Finding:
    """The goal's own change."""
    goal = reached.table.iloc[0].to_dict()
    size = abs(goal["baseline"])
    return Finding(
        "",
        "goal",
        "info" if goal["p"] > 0.05 else ("fine" if goal["change"] > 0 else "trouble"),
        reached.headline,
        subject=case.goal.metric,
        period=case.current,
        effect=Effect.known(goal["change"] * size, goal["low"] * size, goal["high"] * size, case.goal.metric),
        p=goal["p"],
        strength="tested",
        evidence=(reached,),
    )


def _departs(case: Case, reached: AttainmentResult, split: DriversResult) -> list[Finding]:
    """What the formula does not reproduce, where that is much."""
    base = reached.table.iloc[0].to_dict()["baseline"]
    if not base or abs(split.unexplained) <= FORMULA_DEPARTS * abs(base):
        return []
    values = {"goal": case.goal.metric, "share": split.unexplained / abs(base)}
    said = Message("goal.formula_departs", values)
    return [Finding("", "goal", "info", said, effect=Effect(split.unexplained))]
