"""Blind spots: which steps does nobody watch, and how much of the goal is lost there?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Message, Where
from kpilab.engine.funnels import check_events, counts, reached
from kpilab.engine.steps import Step, planned
from kpilab.errors import several, unknown_problem

if TYPE_CHECKING:
    from kpilab.core.table import EventLog
    from kpilab.core.values import Period

DRAWS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class BlindspotsResult(Result):
    """Answer of `blindspots`.

    Attributes:
        table: one row per step from the second, most goal lost first; columns `step`, `watched` (bool), `users`
            (reached the step), `rate` (of the step before), `lost` (users), `goal_lost` (goals those users would
            have brought had they gone on like the others), `low`, `high` (interval of `goal_lost`, parametric
            bootstrap), `share` (of all goals lost, over steps, 0-1).
        goal: users that reached the last step. seed: of the bootstrap. level: confidence level.
    """

    goal: int
    seed: int
    level: float
    kind: ClassVar[str] = "blindspots"

    @property
    def headline(self) -> Message:
        blind = self.table[~self.table["watched"]]
        if blind.empty:
            return Message("funnel.all_watched", {"steps": len(self.table)})
        row = blind.iloc[0]
        values = {"step": row["step"], "lost": int(row["lost"]), "goal_lost": row["goal_lost"], "share": row["share"]}
        return Message("funnel.blind", values | {"low": row["low"], "high": row["high"]})


def blindspots(
    log: EventLog,
    steps: Sequence[str | Step],
    *,
    watched: Sequence[str],
    within: timedelta | str = "7d",
    where: Where = EVERYWHERE,
    period: Period | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> BlindspotsResult:
    """Which steps of the way to the goal does no KPI or dashboard cover, and what do they cost?

    The goal is the last step. What a step costs: the users it loses times the rate at which those that pass it
    reach the goal.

    Args:
        log, steps, within, where, period: as for `funnel`.
        watched: names of the steps that a KPI or dashboard covers.
        level: confidence level. seed: of the bootstrap.

    Returns:
        BlindspotsResult, one row per step.

    Raises:
        BadInput: as `funnel`; a watched step that is not among the steps.
    """
    plan = planned(steps, within)
    labels = [s.label for s in plan.required]
    _check(watched, labels)
    row = counts(reached(log, plan, by="user", where=where, period=period), plan).iloc[0]
    users = pd.Series([row[f"n{k}"] for k in range(1, len(labels) + 1)], labels)
    if 0 in users.to_numpy():
        check_events(log, plan)
    return unwatched(users, watched=watched, level=level, seed=seed)


def unwatched(users: pd.Series, *, watched: Sequence[str], level: float = 0.95, seed: int = 0) -> BlindspotsResult:
    """`blindspots` of a funnel that is counted already.

    Args:
        users: users (or sessions) that reached each step, the step's name as index, first step first.
        watched, level, seed: as for `blindspots`.
    """
    labels, reach = [str(label) for label in users.index], users.to_numpy(dtype=float)
    _check(watched, labels)
    low, high = _interval(reach, level, seed)
    cost = _cost(reach)
    table = pd.DataFrame(
        {"step": labels[1:], "watched": [label in watched for label in labels[1:]], "users": reach[1:].astype(int)}
    )
    table["rate"] = reach[1:] / np.where(reach[:-1] > 0, reach[:-1], np.nan)
    table["lost"] = (reach[:-1] - reach[1:]).astype(int)
    table["goal_lost"], table["low"], table["high"] = cost, low, high
    table["share"] = cost / np.nansum(cost) if np.nansum(cost) else np.nan
    table = table.sort_values("goal_lost", ascending=False, kind="stable").reset_index(drop=True)
    return BlindspotsResult(table, int(reach[-1]), seed, level)


def _check(watched: Sequence[str], labels: Sequence[str]) -> None:
    error = several(
        unknown_problem("step", w, labels, "blindspots, argument 'watched'") for w in watched if w not in labels
    )
    if error:
        raise error


def _cost(users: np.ndarray) -> np.ndarray:
    """Goals lost at each step from the second; NaN where nobody passes, so that no rate is known."""
    passed = np.where(users[..., 1:] > 0, users[..., 1:], np.nan)
    return (users[..., :-1] - users[..., 1:]) * users[..., -1:] / passed


def _interval(users: np.ndarray, level: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bootstrap over users: how many end at each step is a multinomial draw."""
    ends = users - np.append(users[1:], 0)
    if users[0] == 0:
        nothing = np.full(len(users) - 1, np.nan)
        return nothing, nothing
    drawn = np.random.default_rng(seed).multinomial(int(users[0]), ends / users[0], size=DRAWS)
    reach = drawn[:, ::-1].cumsum(axis=1)[:, ::-1].astype(float)
    cost = np.ma.masked_invalid(_cost(reach))
    tail = (1 - level) / 2
    ends = np.nanquantile(cost.filled(np.nan), [tail, 1 - tail], axis=0)
    return ends[0], ends[1]
