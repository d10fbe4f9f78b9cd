"""Funnel: how many users reach each step, in order and in time, and how long they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import ibis
import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Message, duration, fraction
from kpilab.engine.column import column
from kpilab.engine.door.dimensions import aside, called
from kpilab.engine.events.funnels import (
    OTHER,
    Breakdown,
    bucketed,
    check_events,
    counts,
    reached,
    waits,
)
from kpilab.engine.events.steps import Exclusion, Plan, Step, Steps, planned
from kpilab.engine.run import collect
from kpilab.old import keywords
from kpilab.stats.proportion import wilson

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period, Where
    from kpilab.engine.door.tables import Tabular

__all__ = ["Breakdown", "Exclusion", "FunnelResult", "Step", "Steps", "funnel"]
QUANTILES = (0.5, 0.9)
TIMES = {"mean_seconds": "mean", "median_seconds": "q0", "p90_seconds": "q1"}
COLUMNS = [
    "step",
    "optional",
    "users",
    "rate",
    "low",
    "high",
    "overall",
    "overall_low",
    "overall_high",
    "lost",
    *TIMES,
]


@dataclass(frozen=True, slots=True, eq=False)
class FunnelResult(Result):
    """Answer of `funnel`.

    Attributes:
        table: one row per step; columns `step` (str), `optional` (bool), `users` (int, units that
            reached the step; of an optional step, that took it), `rate` (share of the last required
            step before, 0-1; NaN for the first step and after an empty one), `low`, `high` (Wilson
            interval of `rate`), `overall`, `overall_low`, `overall_high` (the same against the
            first step), `lost` (int, reached the step before and not this one; 0 for the first and
            for optional steps), `mean_seconds`, `median_seconds`, `p90_seconds` (time since the
            required step before, over units; NaN for the first and for optional steps).
        values: the same columns, for each value of the breakdown (columns of its dimensions come
            first); empty without one. Missing values are "", pooled ones "…".
        trend: the same columns by `bucket` (first day of the day, week or month in which the pass
            began); empty without a grain.
        within: longest time from the first step to the last.
        mode, by: as asked.
        level: confidence level of the intervals.
    """

    values: pd.DataFrame
    trend: pd.DataFrame
    within: timedelta
    mode: str
    by: str
    level: float
    kind: ClassVar[str] = "funnel"

    @property
    def weakest(self) -> str | None:
        """Required step that loses most users; None when nobody began."""
        required = self.table[~self.table["optional"]].iloc[1:]
        return (
            None
            if required["rate"].isna().all()
            else str(required["step"].iat[int(required["lost"].argmax())])
        )

    @property
    def headline(self) -> Message:
        if len(self.table) == 1:
            row = self.table.iloc[0]
            return Message("funnel.one", {"step": row["step"], "users": int(row["users"])})
        if self.weakest is None:
            return Message("funnel.empty", {"step": self.table["step"].iat[0]})
        required = self.table[~self.table["optional"]].reset_index(drop=True)
        place = int(required["lost"].argmax())
        row = required.iloc[place]
        values = {
            "step": row["step"],
            "before": required["step"].iat[place - 1],
            "lost": int(row["lost"]),
        }
        values |= {
            "rate": row["rate"],
            "low": row["low"],
            "high": row["high"],
            "overall": required["overall"].iat[-1],
        }
        return Message("funnel.weakest", values)


@keywords("funnel")
def funnel(
    log: EventLog | Tabular,
    steps: Sequence[str | Step] | Steps,
    *,
    within: timedelta | str = "7d",
    breakdown: str | Breakdown | None = None,
    grain: str | None = None,
    where: Where = EVERYWHERE,
    period: Period | None = None,
    level: float = 0.95,
) -> FunnelResult:
    """Count the users that take `steps` in order within a time limit.

    Every event of the first step begins a pass at t1. Step k is met by the earliest event of its
    own at or after step k - 1; the pass reaches the last step with t_k <= t1 + `within` (limit
    included). Events of equal time count as ordered; other events may stand between, except in mode
    "strict". In mode "unordered" any step begins and step k is the k-th different one. A user
    counts by the longest pass. `Steps` says the mode, sessions instead of users, and what stops or
    spoils a pass.

    Args:
        log: events, one row per action; the order of rows does not matter.
        steps: event names, SQL conditions or `Step`s; or `Steps(…, mode=…, unit=…)`. An event that
            never occurs is refused, unless `Steps(…, missing="zero")` asks for it as 0.
        within: time from the first step to the last, e.g. "7d", "30m" or a timedelta.
        breakdown: a dimension, or `Breakdown(dimension, attribution=…)`.
        grain: "day", "week" (from Monday), "week_sunday" or "month" for a trend.
        where: only events of this segment.
        period: only events of these days.
        level: confidence level, 0 < level < 1.

    Returns:
        FunnelResult with one row per step.

    Raises:
        BadInput: no step, an event that never occurs, an unknown column, mode or
            grain, a duration that is not above zero, a time column that is no time, a log without
            users.

    Note:
        Passes that begin near the end of the log have had less time than `within`; their rate is
        still rising.

    Example:
        >>> funnel(log, ["visit", "add_to_cart", "pay"], within="7d").table[["step", "users"]]
                  step  users
        0        visit   4311
        1  add_to_cart   2664
        2          pay   1421
    """
    fraction(level, "funnel(level=)")
    log = EventLog.of(log)
    asked = Steps.of(steps)
    plan = planned(asked, within, log, least=1)
    cut = Breakdown(breakdown) if isinstance(breakdown, str) else breakdown
    log, ours = aside(log, cut.columns if cut else ())
    cut = cut and replace(cut, dimension=tuple(ours))
    best = reached(log, plan, by=asked.unit, where=where, period=period, breakdown=cut)
    # "all" counts a user under several values, so the whole must be counted by itself.
    whole = (
        reached(log, plan, by=asked.unit, where=where, period=period)
        if cut and cut.attribution in ("all", "step")
        else best
    )
    table = _table(whole, plan, (), level)
    if 0 in table["users"].to_numpy():
        check_events(log, plan, asked.missing)
    values = called(_values(best, plan, cut, level), ours) if cut else table.head(0)
    trend = _table(bucketed(whole, grain), plan, ("bucket",), level) if grain else table.head(0)
    return FunnelResult(
        table,
        values,
        trend,
        duration(within),
        asked.mode,
        asked.unit,
        level,
        notes=_notes(table),
    )


def _table(best: ir.Table, plan: Plan, by: tuple[str, ...], level: float) -> pd.DataFrame:
    """One row per step (and value of `by`) with rates, intervals and times."""
    reach = counts(best, plan, by)
    merged = reach
    if plan.chain.steps > 1:
        time = waits(best, plan, by, QUANTILES)
        merged = reach.merge(time, on=list(by), how="left") if by else reach.join(time)
    if by:
        merged = merged.sort_values(list(by), kind="stable")
    blocks = [
        _rates(row, plan, level).assign(**{c: row[c] for c in by}) for _, row in merged.iterrows()
    ]
    columns = [*by, *_rates(pd.Series(dtype=float), plan, level).columns]
    return (
        pd.concat(blocks, ignore_index=True)[columns] if blocks else pd.DataFrame(columns=columns)
    )


def _rates(row: pd.Series, plan: Plan, level: float) -> pd.DataFrame:
    """Rates of one funnel from its counts n1.., m1.. and times."""
    found, required, taken = [], 0, 0
    for step in plan.steps:
        required, taken = required + (not step.optional), taken + step.optional
        before = required if step.optional else required - 1
        users = int(row.get(f"m{taken}" if step.optional else f"n{required}", 0))
        trials = int(row.get(f"n{before}", 0)) if before else None
        times = (
            {}
            if step.optional or required < 2
            else {name: row.get(f"{c}_{required}") for name, c in TIMES.items()}
        )
        lost = 0 if step.optional or trials is None else trials - users
        found.append(
            {
                "step": step.label,
                "optional": step.optional,
                "users": users,
                "trials": trials,
                "lost": lost,
            }
            | times
        )
    table = pd.DataFrame(found).reindex(
        columns=["step", "optional", "users", "trials", "lost", *TIMES]
    )
    trials = table["trials"].astype(float).where(table["trials"] > 0)
    first = pd.Series(
        np.where(np.arange(len(table)) > 0, float(row.get("n1", 0)) or np.nan, np.nan)
    )
    table["rate"], table["overall"] = table["users"] / trials, table["users"] / first
    table["low"], table["high"] = wilson(table["users"], trials, level)
    table["overall_low"], table["overall_high"] = wilson(table["users"], first, level)
    table = table.astype(dict.fromkeys(TIMES, float))
    return table[COLUMNS]


def _values(best: ir.Table, plan: Plan, cut: Breakdown, level: float) -> pd.DataFrame:
    """The funnel of each value; beyond the limit they are pooled."""
    columns = cut.columns
    if cut.limit is not None:
        sizes = collect(best.group_by(list(columns)).agg(n=best.count()), "funnel breakdown")
        kept = sizes.sort_values(["n", *columns], ascending=[False, *[True] * len(columns)]).head(
            cut.limit
        )
        rows = kept[list(columns)].itertuples(index=False, name=None)
        inside = [
            ibis.and_(*[column(best, c) == v for c, v in zip(columns, row, strict=True)])
            for row in rows
        ]
        listed: Any = ibis.or_(*inside)
        best = best.mutate(**{c: listed.ifelse(best[c], OTHER) for c in columns})
    return _table(best, plan, columns, level)


def _notes(table: pd.DataFrame) -> tuple[Message, ...]:
    few = int(table["users"].to_numpy()[~table["optional"].to_numpy(bool)][0])
    return (Message("funnel.few", {"users": few}),) if 0 < few < 30 else ()
