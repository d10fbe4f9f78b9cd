"""Drop-off: where did the users go who reached a step and not the next,
and what sets them apart?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Message, Where, fraction
from kpilab.engine.door.dimensions import aside
from kpilab.engine.events.dropoffs import (
    earlier_events,
    events_of,
    next_ways,
    properties,
    split,
    valued,
)
from kpilab.engine.events.funnels import check_events
from kpilab.engine.events.steps import Plan, Step, Steps, planned
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown
from kpilab.stats.events.odds import odds_ratios
from kpilab.stats.multiplicity import benjamini_hochberg

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.engine.door.tables import Tabular

WAYS = 20  # paths listed


@dataclass(frozen=True, slots=True, eq=False)
class DropoffResult(Result):
    """Answer of `dropoff`.

    Attributes:
        table: one row per mark; columns `kind` ("next": first event after the step; "path": the
            first events after it, the most frequent ways; "earlier": event done before it;
            "property": value of a dimension at it), `dimension` (str, "" for events), `what`
            (event, way or value; "path_end" when nothing followed in time), `stopped`, `went`
            (users with the mark among those that stopped and went on), `stopped_share`,
            `went_share` (0-1), `odds_ratio` (odds of the mark among those that went on, against
            those that stopped), `low`, `high`, `p` (Fisher), `q` (Benjamini-Hochberg over earlier
            events and properties; NaN for "next" and "path", which happen after the outcome).
        step, following: the step reached, and the one not reached.
        stopped, went: users of either kind.
        level: confidence level.
    """

    step: str
    following: str
    stopped: int
    went: int
    level: float
    kind: ClassVar[str] = "dropoff"

    @property
    def headline(self) -> Message:
        after = self.table[self.table["kind"] == "next"]
        if not self.stopped or after.empty:
            return Message("funnel.nobody_stopped", {"step": self.step})
        row = after.iloc[int(after["stopped"].argmax())]
        values = {
            "step": self.step,
            "following": self.following,
            "stopped": self.stopped,
            "share": row["stopped_share"],
        }
        if row["what"] == "path_end":
            return Message("funnel.stopped_silent", values)
        return Message(
            "funnel.stopped", values | {"what": row["what"], "other": float(row["went_share"])}
        )


def dropoff(
    log: EventLog | Tabular,
    steps: Sequence[str | Step] | Steps,
    *,
    after: int | str,
    by: Sequence[str] = (),
    length: int = 3,
    within: timedelta | str = "7d",
    where: Where = EVERYWHERE,
    level: float = 0.95,
) -> DropoffResult:
    """Where did the users go who reached a step and not the next?

    Users are taken from the funnel, ordered or strict. "Next" is their first event within the
    funnel's time after the step's moment in their longest pass; earlier events and properties are
    those known when they first met the step, of those who went on later as of those who stopped.

    Args:
        log, steps, within, where: as for `funnel`.
        after: the step reached, by name or number from 1; not the last.
        by: dimensions to look at. length: events of a path, 2 to 20.
        level: confidence level of the odds ratios.

    Returns:
        DropoffResult, one row per mark.

    Raises:
        BadInput: as `funnel`; a step that is not there, or the last one; unordered steps, or those
            of sessions.

    Note:
        Marks go with conversion; they need not cause it.
    """
    fraction(level, "dropoff(level=)")
    log = EventLog.of(log)
    asked = _of_users(Steps.of(steps))
    plan = planned(asked, within, log)
    labels = [s.label for s in plan.required]
    if isinstance(after, str) and after not in labels:
        raise unknown("step", after, labels, "dropoff, argument 'after'")
    place = labels.index(after) + 1 if isinstance(after, str) else after
    if not 1 <= place < len(labels):
        raise BadInput(
            f"no step follows step {after!r}",
            "dropoff, argument 'after'",
            f"use 1 to {len(labels) - 1}",
        )
    log, ours = aside(log, by)
    if not 2 <= length <= 20:
        raise BadInput(
            f"length {length!r} is outside 2..20",
            "dropoff, argument 'length'",
            "3 to 6 events read well",
        )
    upto = planned(_upto(asked, plan, place), within, log, least=1)
    users = split(log, plan, upto, where)
    rows = events_of(log, where, tuple(ours))
    totals = collect(users.group_by("went").agg(users=users.count()), "dropoff").set_index("went")[
        "users"
    ]
    stopped, went = int(totals.get(0, 0)), int(totals.get(1, 0))
    if not (stopped and went):
        check_events(log, plan, asked.missing)
    blocks = [
        _block(next_ways(rows, users), "next", ""),
        _block(next_ways(rows, users, length, WAYS), "path", ""),
    ]
    blocks.append(_block(earlier_events(rows, users), "earlier", ""))
    if ours:
        values = properties(rows, users, list(ours))
        blocks += [_block(valued(values, c), "property", name) for c, name in ours.items()]
    table = _rated(pd.concat(blocks, ignore_index=True), stopped, went, level)
    return DropoffResult(table, labels[place - 1], labels[place], stopped, went, level)


def _of_users(asked: Steps) -> Steps:
    """The steps, if a user stands at one of them at a moment."""
    where = "dropoff, argument 'steps'"
    if asked.mode == "unordered":
        what = "of unordered steps none is the next"
        raise BadInput(what, where, "use mode='ordered' or mode='strict'")
    if asked.unit != "user":
        raise BadInput(f"users drop off, not {asked.unit}s", where, "use unit='user'")
    return asked


def _upto(asked: Steps, plan: Plan, place: int) -> Steps:
    """The steps up to a required one, counted from 1, and the rules that bear on them: whoever
    comes so far by the whole funnel does by these."""
    required = [k for k, step in enumerate(plan.steps) if not step.optional]
    ends = zip(plan.exclusions, plan.chain.exclusions, strict=True)
    return replace(
        asked,
        steps=plan.steps[: required[place - 1] + 1],
        exclude=[replace(e, last=min(last, place)) for e, (k, last) in ends if k < place],
        strict_deduplication=asked.strict_deduplication and place > 2,
        strict_increase=asked.strict_increase and place > 1,
    )


def _block(query: ir.Table, kind: str, dimension: str) -> pd.DataFrame:
    wide = collect(query, "dropoff").pivot_table(
        index="event", columns="went", values="users", aggfunc="sum", fill_value=0
    )
    wide = (
        wide.reindex(columns=[0, 1], fill_value=0)
        .rename(columns={0: "stopped", 1: "went"})
        .reset_index()
    )
    wide = wide.rename(columns={"event": "what"}).assign(kind=kind, dimension=dimension)
    return wide.sort_values(["stopped", "what"], ascending=[False, True])


def _rated(table: pd.DataFrame, stopped: int, went: int, level: float) -> pd.DataFrame:
    table["stopped_share"] = table["stopped"] / stopped if stopped else float("nan")
    table["went_share"] = table["went"] / went if went else float("nan")
    table["odds_ratio"], table["low"], table["high"], table["p"] = odds_ratios(
        table["went"], [went] * len(table), table["stopped"], [stopped] * len(table), level
    )
    table["q"] = benjamini_hochberg(table["p"].where(~table["kind"].isin(["next", "path"])))
    order = [
        "kind",
        "dimension",
        "what",
        "stopped",
        "went",
        "stopped_share",
        "went_share",
        "odds_ratio",
        "low",
        "high",
        "p",
        "q",
    ]
    return table[order].reset_index(drop=True)
