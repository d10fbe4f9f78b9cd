"""Blind spots: which steps does nobody watch, and how much of the goal is lost there?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Message, Where, fraction
from kpilab.engine.events.funnels import check_events, counts, reached
from kpilab.engine.events.steps import Step, Steps, planned
from kpilab.errors import several, unknown_problem
from kpilab.stats.distributions import norm

if TYPE_CHECKING:
    from kpilab.core.values import Period
    from kpilab.engine.door.tables import Tabular


@dataclass(frozen=True, slots=True, eq=False)
class BlindspotsResult(Result):
    """Answer of `blindspots`.

    Attributes:
        table: one row per step from the second, most goal lost first; columns `step`, `watched`
            (bool), `users` (reached the step), `rate` (of the step before), `lost` (users),
            `goal_lost` (goals those users would have brought had they gone on like the others),
            `low`, `high` (interval of `goal_lost`), `share` (of all goals lost, over steps, 0-1).
        goal: users that reached the last step. level: confidence level.
    """

    goal: int
    level: float
    kind: ClassVar[str] = "blindspots"

    @property
    def headline(self) -> Message:
        blind = self.table[~self.table["watched"]]
        if blind.empty:
            return Message("funnel.all_watched", {"steps": len(self.table)})
        row = blind.iloc[0]
        values = {
            "step": row["step"],
            "lost": int(row["lost"]),
            "goal_lost": row["goal_lost"],
            "share": row["share"],
        }
        return Message("funnel.blind", values | {"low": row["low"], "high": row["high"]})


def blindspots(
    log: EventLog | Tabular,
    steps: Sequence[str | Step] | Steps,
    *,
    watched: Sequence[str],
    within: timedelta | str = "7d",
    where: Where = EVERYWHERE,
    period: Period | None = None,
    level: float = 0.95,
) -> BlindspotsResult:
    """Which steps of the way to the goal does no KPI or dashboard cover, and what do they cost?

    The goal is the last step. What a step costs: the users it loses times the rate at which those
    that pass it reach the goal.

    Args:
        log, steps, within, where, period: as for `funnel`.
        watched: names of the steps that a KPI or dashboard covers.
        level: confidence level.

    Returns:
        BlindspotsResult, one row per step.

    Raises:
        BadInput: as `funnel`; a watched step that is not among the steps.
    """
    fraction(level, "blindspots(level=)")
    log = EventLog.of(log)
    asked = Steps.of(steps)
    plan = planned(asked, within, log)
    labels = [s.label for s in plan.required]
    _check(watched, labels)
    row = counts(reached(log, plan, by=asked.unit, where=where, period=period), plan).iloc[0]
    users = pd.Series([row[f"n{k}"] for k in range(1, len(labels) + 1)], labels)
    if 0 in users.to_numpy():
        check_events(log, plan, Steps.of(steps).missing)
    return unwatched(users, watched=watched, level=level)


def unwatched(users: pd.Series, *, watched: Sequence[str], level: float = 0.95) -> BlindspotsResult:
    """`blindspots` of a funnel that is counted already.

    Args:
        users: users (or sessions) that reached each step, the step's name as index, first step
            first.
        watched, level: as for `blindspots`.
    """
    fraction(level, "unwatched(level=)")
    labels, reach = [str(label) for label in users.index], users.to_numpy(dtype=float)
    _check(watched, labels)
    low, high = _interval(reach, level)
    cost = _cost(reach)
    table = pd.DataFrame(
        {
            "step": labels[1:],
            "watched": [label in watched for label in labels[1:]],
            "users": reach[1:].astype(int),
        }
    )
    table["rate"] = reach[1:] / np.where(reach[:-1] > 0, reach[:-1], np.nan)
    table["lost"] = (reach[:-1] - reach[1:]).astype(int)
    table["goal_lost"], table["low"], table["high"] = cost, low, high
    table["share"] = cost / np.nansum(cost) if np.nansum(cost) else np.nan
    table = table.sort_values("goal_lost", ascending=False, kind="stable").reset_index(drop=True)
    return BlindspotsResult(table, int(reach[-1]), level)


def _check(watched: Sequence[str], labels: Sequence[str]) -> None:
    error = several(
        unknown_problem("step", w, labels, "blindspots, argument 'watched'")
        for w in watched
        if w not in labels
    )
    if error:
        raise error


def _cost(users: np.ndarray) -> np.ndarray:
    """Goals lost at each step from the second; NaN where nobody passes,
    so that no rate is known."""
    passed = np.where(users[..., 1:] > 0, users[..., 1:], np.nan)
    return (users[..., :-1] - users[..., 1:]) * users[..., -1:] / passed


def _interval(users: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Interval of the cost, users being drawn at random; delta method on its logarithm.

    The logarithm of lost x goal / passed has variance 1/lost + 1/goal - 1/passed - 1/all. Where
    nobody was lost, or nobody reached the goal, the upper end is that of as many as could be missed
    by chance.
    """
    lost, passed = users[:-1] - users[1:], users[1:]
    tail = (1 - level) / 2
    if users[0] == 0:
        nothing = np.full(len(lost), np.nan)
        return nothing, nothing
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = 1 / lost + 1 / users[-1] - 1 / passed - 1 / users[0]
        spread = np.exp(float(norm.isf(tail)) * np.sqrt(np.maximum(variance, 0.0)))
        unseen = -np.log(tail)  # most events a Poisson count of none stands for
        most = np.maximum(lost, unseen) * max(users[-1], unseen) / np.maximum(passed, 1.0)
        cost, none = _cost(users), (lost == 0) | (users[-1] == 0)
        known = passed > 0
        low = np.where(known, np.where(none, 0.0, cost / spread), np.nan)
        high = np.where(known, np.where(none, most, cost * spread), np.nan)
    return low, high
