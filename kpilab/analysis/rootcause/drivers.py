"""Drivers: which factors of the goal moved beyond their day-to-day noise,
and what did that do to the goal?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.rootcause.like import like_change, of_units
from kpilab.core.result import Result
from kpilab.core.values import Message, fraction
from kpilab.engine.column import DEN0, DEN1, NUM0, NUM1, SIDES
from kpilab.stats.core.change import Change, period_change
from kpilab.stats.core.contrast import standardised
from kpilab.stats.core.level import Window, unit_variance
from kpilab.stats.rootcause.shapley import shapley

if TYPE_CHECKING:
    from kpilab.core.case import Case, Metric
    from kpilab.engine.rootcause.cells import Cells


@dataclass(frozen=True, slots=True, eq=False)
class DriversResult(Result):
    """Answer of `drivers`.

    Attributes:
        table: one row per leaf of the metric tree; columns `driver` (str), `watched` (bool, on a
            dashboard or a KPI), `ratio` (bool), `baseline`, `current` (values; the baseline like
            with like, where the periods differ in length), `change` (relative, 0.1 = +10 %), `low`,
            `high` (its interval, noise clustered by day), `p`, and the share of the goal's change
            that the driver makes, in goal units: `contribution`, `contribution_low`,
            `contribution_high`.
        mix: one row per ratio driver × dimension: `driver`, `dimension`, `change` (relative, at
            constant mix of the dimension), `low`, `high`, `p`, `falling` (share of the current
            weight whose own rate fell).
        goal: name of the goal.
        scale: goal in the baseline / formula in the baseline (1 when the formula is an identity).
        unexplained: goal's change that the scaled formula does not reproduce, in goal units.
    """

    mix: pd.DataFrame
    goal: str
    scale: float
    unexplained: float
    level: float
    kind: ClassVar[str] = "drivers"

    @property
    def largest(self) -> str | None:
        """The driver with the largest contribution; None when there is none."""
        if self.table.empty:
            return None
        return str(self.table["driver"].iloc[int(self.table["contribution"].abs().argmax())])

    @property
    def headline(self) -> Message:
        if self.table.empty:
            return Message("drivers.none", {"goal": self.goal})
        row = self.table[self.table["driver"] == self.largest].iloc[0].to_dict()
        values = {
            k: row[k]
            for k in ("driver", "contribution", "contribution_low", "contribution_high", "change")
        }
        return Message("drivers.largest", {"goal": self.goal, **values})


def drivers(case: Case, cells: Cells, *, level: float = 0.95) -> DriversResult:
    """Split the goal's change over the leaves of its formula and test each leaf against its own
    noise.

    A leaf's noise is that between days (full weeks or months where it does not add up over days).
    Contributions are Shapley values of the formula, so they sum to the formula's change exactly;
    their ends are those of a leaf that moved by either end of its own interval, so that the one
    leaves out zero where the other does.

    Args:
        case: goal, tree and metrics.
        cells: aggregates of both periods.
        level: confidence level.

    Returns:
        DriversResult with one row per leaf.
    """
    fraction(level, "drivers(level=)")
    leaves = case.goal.tree.leaves
    changes = {leaf: leaf_change(case, cells, case.metrics[leaf]) for leaf in leaves}
    sides = {leaf: _sides(case, cells, leaf, changes[leaf]) for leaf in leaves}
    before, after = ({leaf: sides[leaf][k] for leaf in leaves} for k in (0, 1))
    # What the formula leaves is a matter of the totals as they are.
    raw = [{leaf: cells.sides(leaf)[k] for leaf in leaves} for k in (0, 1)]
    formula = [float(case.goal.tree.evaluate(side)) for side in raw]
    goal = [cells.value(case.goal.metric, period) for period in ("baseline", "current")]
    scale = goal[0] / formula[0] if formula[0] else 1.0
    shares = scale * contributions(case, before, after)
    ends = [_ends(case, before, after, changes[leaf], leaf, level) for leaf in leaves]
    rows = [
        {
            "driver": leaf,
            "watched": leaf in case.watched,
            "ratio": case.metrics[leaf].is_ratio,
            "baseline": before[leaf],
            "current": after[leaf],
            **_relative(changes[leaf], level),
            "contribution": shares[k],
            "contribution_low": min(scale * e for e in ends[k]),
            "contribution_high": max(scale * e for e in ends[k]),
        }
        for k, leaf in enumerate(leaves)
    ]
    unexplained = goal[1] - goal[0] - scale * (formula[1] - formula[0])
    mix = _mix(case, cells, level)
    return DriversResult(
        pd.DataFrame(rows),
        mix=mix,
        goal=case.goal.metric,
        scale=scale,
        unexplained=unexplained,
        notes=(Message("drivers.parts"),),
        level=level,
    )


def leaf_change(case: Case, cells: Cells, metric: Metric) -> Change:
    """Change of one metric between the periods, with its noise between days (weeks, months); like
    with like, where the periods differ in length."""
    if cells.undefined(metric.name):
        return Change(*cells.sides(metric.name), (0.0, 0.0), 1.0)
    if case.baseline.days != case.current.days:
        return like_change(case, cells, metric)
    before, after = (
        Window.of(*cells.day_arrays(metric, period)) for period in ("baseline", "current")
    )
    values = cells.sides(metric.name)
    adds, grain = not metric.is_ratio and metric.per is None, metric.per or "day"
    found = period_change(before, after, values, per_day=adds, grain=grain)
    return of_units(cells, metric, found)


def _sides(case: Case, cells: Cells, name: str, moved: Change) -> tuple[float, float]:
    """A metric's two values, like with like where the periods differ in length."""
    alike = case.baseline.days == case.current.days
    return cells.sides(name) if alike else (moved.before, moved.after)


def contributions(
    case: Case, before: Mapping[str, float], after: Mapping[str, float]
) -> np.ndarray:
    """Shapley value of each leaf in the formula's change."""
    leaves = case.goal.tree.leaves

    def worth(moved: frozenset[int]) -> float:
        values = {leaf: (after if k in moved else before)[leaf] for k, leaf in enumerate(leaves)}
        return float(case.goal.tree.evaluate(values))

    return shapley(worth, len(leaves))


def _ends(
    case: Case,
    before: Mapping[str, float],
    after: Mapping[str, float],
    moved: Change,
    leaf: str,
    level: float,
) -> tuple[float, ...]:
    """Contributions of one leaf, had it moved by either end of its interval; its own one where no
    noise can be told."""
    k = case.goal.tree.leaves.index(leaf)
    ends = [before[leaf] + abs(before[leaf]) * e for e in moved.relative_ends(level)]
    known = [end for end in ends if np.isfinite(end)] or [after[leaf]]
    return tuple(float(contributions(case, before, {**after, leaf: e})[k]) for e in known)


def _mix(case: Case, cells: Cells, level: float) -> pd.DataFrame:
    rows = []
    for leaf in case.goal.tree.leaves:
        metric = case.metrics[leaf]
        if not metric.is_ratio or metric.per is not None:
            continue
        before, after = (Window.of(*cells.day_arrays(metric, p)) for p in ("baseline", "current"))
        variance = max(unit_variance(before, after), *cells.units.get(leaf, {}).values(), 0.0)
        df = max(before.days + after.days - 2, 1)
        for dimension in cells.dimensions.get(metric.table, ()):
            wide = cells.by_segment(metric, (dimension,))
            if len(wide) < 2:
                continue
            num0, den0, num1, den1 = (wide[side].to_numpy(float) for side in SIDES)
            change = standardised((num0, den0), (num1, den1), variance, df)
            both = wide[(wide[DEN0] > 0) & (wide[DEN1] > 0)]
            fell = both[NUM1] / both[DEN1] < both[NUM0] / both[DEN0]
            falling = float(both.loc[fell, DEN1].sum() / max(both[DEN1].sum(), 1e-300))
            rows.append(
                {
                    "driver": leaf,
                    "dimension": dimension,
                    **_relative(change, level),
                    "falling": falling,
                }
            )
    return pd.DataFrame(
        rows, columns=["driver", "dimension", "change", "low", "high", "p", "falling"]
    )


def _relative(change: Change, level: float) -> dict[str, float]:
    low, high = change.relative_ends(level)
    return {"change": change.relative, "low": low, "high": high, "p": change.p}
