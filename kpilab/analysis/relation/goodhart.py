"""Goodhart: did the KPI stop meaning anything when it became a target?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Effect, Message, fraction
from kpilab.engine.door.frames import series
from kpilab.errors import BadInput
from kpilab.stats.relation.axis import axis
from kpilab.stats.relation.breaks import sup_f
from kpilab.stats.relation.slope_break import slope_break
from kpilab.stats.rounding import beyond_rounding, still

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Values

LEAST_EACH = 10


@dataclass(frozen=True, slots=True, eq=False)
class GoodhartResult(Result):
    """Answer of `goodhart`.

    Attributes:
        table: two rows, before and after `since`; columns `part`, `slope` (change of the goal per
            unit change of the KPI), `low`, `high`, `periods`.
        change: slope after minus before, with interval. p: of "no change".
        searched: the date at which the relation changed most, found by searching (exploratory).
        searched_p: p-value of a change at some date, corrected for the search.
        level: confidence level. since: first period as a target.
    """

    change: Effect
    p: float
    searched: date
    searched_p: float
    level: float
    since: date
    kind: ClassVar[str] = "goodhart"

    @property
    def headline(self) -> Message:
        before, after = (float(s) for s in self.table["slope"])
        values = {
            "before": before, "after": after, "p": self.p, "since": self.since,
            "searched": self.searched,
            "searched_p": self.searched_p, "low": self.change.low, "high": self.change.high,
        }  # fmt: skip
        if self.p >= 1 - self.level:
            return Message("goodhart.none", values)
        return Message(
            "goodhart.weaker" if abs(after) < abs(before) else "goodhart.changed", values
        )


def goodhart(
    kpi: Values, goal: Values, *, since: date | str, level: float = 0.95, seed: int = 1
) -> GoodhartResult:
    """Test whether the goal still follows the KPI since the KPI became a target.

    Slope of the goal's changes on the KPI's changes, before and after `since`, whatever way the
    rest of the goal wanders. Beside it the date is searched for, with a p-value corrected for the
    search: a hint, not a proof.

    Args:
        kpi, goal: one value per period, indexed by date, regular, without gaps.
        since: first day on which the KPI was a target, a date or its text; at least 10 periods lie
            on each side.
        level: confidence level. seed: of the series drawn for p-values and intervals.

    Returns:
        GoodhartResult with one row before and one after.

    Raises:
        BadInput: no dates, gaps, a period twice, a `since` that is no day, fewer than 10 periods on
            one side, or a series that never changes.
    """
    fraction(level, "goodhart(level=)")
    both = {"kpi": series(kpi, "goodhart(kpi)"), "goal": series(goal, "goodhart(goal)")}
    frame = pd.concat(both, axis=1, join="inner").dropna().sort_index()
    axis(frame.index.to_numpy(), "goodhart(kpi, goal)")
    since = _day(since)
    first = int((frame.index < pd.Timestamp(since)).sum())
    if min(first, len(frame) - first) < LEAST_EACH:
        raise BadInput(
            (f"{first} periods lie before {since} and {len(frame) - first} "
            "after"), "goodhart(since=)",
            f"give at least {LEAST_EACH} on each side",
        )  # fmt: skip
    x, y = frame["kpi"].to_numpy(), frame["goal"].to_numpy()
    if any(still(x[0] + np.diff(side)) for side in (x[:first], x[first - 1 :])):
        raise BadInput(
            "the KPI always changes alike on one side", "goodhart(kpi)", "give a KPI that varies"
        )
    if still(y):
        raise BadInput("the goal never changes", "goodhart(goal)", "give a goal that varies")
    found = slope_break(x, y, first, level=level, seed=seed)
    search = sup_f(
        beyond_rounding(np.diff(y), y),
        np.column_stack([np.ones(len(x) - 1), np.diff(x)]),
        seed=seed,
    )
    table = pd.DataFrame(
        [("before", *found.before, first), ("after", *found.after, len(x) - first)],
        columns=["part", "slope", "low", "high", "periods"],
    )
    change = Effect(*found.change)
    day = pd.DatetimeIndex(frame.index)[search.last + 2].date()
    return GoodhartResult(table, change, found.p, day, search.p, level, since)


def _day(since: date | str) -> date:
    found = pd.to_datetime(str(since), errors="coerce")
    if pd.isna(found):
        raise BadInput(f"{since!r} is no day", "goodhart(since=)", "give a date, e.g. 2026-04-01")
    return found.date()
