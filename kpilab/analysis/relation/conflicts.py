"""Conflicts: does pushing a KPI push the goal the wrong way?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.tree import MetricTree
from kpilab.core.values import Message
from kpilab.engine.door.frames import numbers
from kpilab.errors import BadInput, unknown

DIRECTIONS = ("up", "down")
COLUMNS = ["kpi", "lever", "kpi_slope", "goal_slope", "cost"]


@dataclass(frozen=True, slots=True, eq=False)
class ConflictsResult(Result):
    """Answer of `conflicts`.

    Attributes:
        table: one row per KPI and lever (leaf) that improves the KPI and hurts the goal; columns
            `kpi`, `lever`, `kpi_slope`, `goal_slope` (relative change per relative change of the
            lever), `cost` (relative loss of the goal for a 1 % better KPI by this lever, as a
            share, 0.01 = 1 %).
    """

    goal: str
    kind: ClassVar[str] = "conflicts"

    @property
    def headline(self) -> Message:
        if self.table.empty:
            return Message("conflicts.none", {"goal": self.goal})
        row = self.table.iloc[0]
        values = {
            "goal": self.goal,
            "kpi": row["kpi"],
            "lever": row["lever"],
            "cost": float(row["cost"]),
        }
        return Message("conflicts.found", values)


def conflicts(
    tree: MetricTree,
    values: Mapping[str, float],
    better: Mapping[str, str],
    *,
    goal_better: str = "up",
) -> ConflictsResult:
    """Find KPIs of the tree that a lever improves at the goal's expense.

    Args:
        tree: the goal's formula; a KPI is any node of it.
        values: leaf -> present value.
        better: KPI -> "up" or "down".
        goal_better: the goal's own good direction.

    Raises:
        BadInput: a KPI that is not in the tree, a leaf without a value, a zero denominator, a goal
            or KPI that is 0, or a direction that is neither "up" nor "down".
    """
    for kpi in better:
        if kpi not in tree.nodes:
            raise unknown("metric", kpi, tree.nodes, "conflicts(better=)")
    for direction in (*better.values(), goal_better):
        if direction not in DIRECTIONS:
            raise unknown("direction", direction, DIRECTIONS, "conflicts(better=, goal_better=)")
    values = numbers(values, "conflicts(values)", tree.leaves)
    for node in (tree.goal, *better):
        if float(np.asarray(tree.evaluate(values, node))) == 0:
            mend = "a relative change of 0 is nothing: give values of another period"
            raise BadInput(f"{node!r} is 0", "conflicts(values)", mend)
    sign = 1 if goal_better == "up" else -1
    rows = []
    for kpi, good in better.items():
        for lever in tree.leaves:
            own = _elasticity(tree, values, lever, kpi) * (1 if good == "up" else -1)
            goal = _elasticity(tree, values, lever, tree.goal) * sign
            if own * goal < 0 and abs(own) > 1e-9 and abs(goal) > 1e-9:
                rows.append((kpi, lever, own, goal, abs(goal / own) / 100))
    table = pd.DataFrame(rows, columns=COLUMNS).sort_values(
        "cost", ascending=False, ignore_index=True
    )
    return ConflictsResult(table, tree.goal)


def _elasticity(tree: MetricTree, values: Mapping[str, float], lever: str, node: str) -> float:
    """Relative change of a node per relative change of a leaf."""
    at, step = values[lever], 1e-5
    size = abs(at) if at else 1.0
    low, high, here = (
        float(np.asarray(tree.evaluate({**values, lever: at + s * size}, node)))
        for s in (-step, step, 0.0)
    )
    return (high - low) / (2 * step) / abs(here)
