"""Activity: how many users are active, how often, and who is new, returning,
back again or gone quiet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Message, fraction
from kpilab.engine.door.dimensions import aside, called
from kpilab.engine.events.activity import active, bucket_start, counted, lifecycle
from kpilab.engine.run import collect
from kpilab.errors import BadInput
from kpilab.stats.proportion import wilson

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period, Where
    from kpilab.engine.door.tables import Tabular


@dataclass(frozen=True, slots=True, eq=False)
class ActivityResult(Result):
    """Answer of `activity`.

    Attributes:
        table: one row per day (and value of the dimensions); columns `day` (date), the dimensions,
            `dau` (users active that day), `wau`, `mau` (users active in the 7 or 28 days that end
            with it), `stickiness` (dau / mau, 0-1), `low`, `high` (Wilson interval of stickiness).
            The first 27 days of a log look back on less than 28 days; their wau, mau and stickiness
            are NaN until the window is full.
        everyone: the same without the dimensions: whoever used several values counts once.
        lifecycle: one row per bucket of `grain` (and value of the dimensions); columns `bucket`
            (date), the dimensions, `new` (in the log for the first time, under any value),
            `returning` (active in the bucket before as well), `resurrected` (active before, not in
            the last bucket), `dormant` (active in the bucket before and not in this one, counted
            positive). new + returning + resurrected = active users.
        grain: of the lifecycle. level: confidence level.
    """

    everyone: pd.DataFrame
    lifecycle: pd.DataFrame
    grain: str
    level: float
    kind: ClassVar[str] = "activity"

    @property
    def headline(self) -> Message:
        last = self.everyone.iloc[-1]
        full = bool(pd.notna(last["mau"]))
        values = {
            "day": last["day"],
            "dau": int(last["dau"]),
            "mau": int(last["mau"]) if full else None,
        }
        return Message(
            "activity.last",
            values | {"stickiness": float(last["dau"] / last["mau"]) if full else None},
        )


def activity(
    log: EventLog | Tabular,
    *,
    by: tuple[str, ...] | str = (),
    grain: str = "week",
    where: Where = EVERYWHERE,
    period: Period | None = None,
    level: float = 0.95,
) -> ActivityResult:
    """How many users are active each day, week and month, and how do they come and go?

    A user is active on a day (UTC) with at least one event. With dimensions (product, channel, user
    type …) a user counts under every value used, and once in `everyone`. Who is new, the whole log
    says, whatever segment and days are looked at.

    Args:
        log: events. by: dimensions. grain: "day", "week" (from Monday), "week_sunday" or "month" of
            the lifecycle.
        where, period: only events of this segment, of these days. level: confidence level.

    Returns:
        ActivityResult, one row per day.

    Raises:
        BadInput: an unknown column or grain, or no events.

    Example:
        >>> print(activity(log, by=("platform",)).summary())
        454 users were active on 28 Jun 2026, 3,810 in the 28 days before; 11.9 % of a month's
        users come on a given day.
        Rows of the table: 168.
    """
    fraction(level, "activity(level=)")
    log = EventLog.of(log)
    log, ours = aside(log, (by,) if isinstance(by, str) else by)
    columns = tuple(ours)
    some: dict[str, Any] = {"where": where, "period": period}
    days = active(log, grain="day", keep=columns, **some)
    table = _by_day(days, columns, level)
    if table.empty:
        raise BadInput("no events to count", "activity", "check the filter and the period")
    everyone = _by_day(active(log, grain="day", **some), (), level) if columns else table
    buckets = days if grain == "day" else active(log, grain=grain, keep=columns, **some)
    part = bool(columns) or period is not None or bool(where)
    known = active(log, grain=grain) if part else None
    life = collect(lifecycle(buckets, columns, known), "activity")
    life = life.sort_values(["bucket", *columns], kind="stable")
    life = life[life["bucket"] <= _last_active(life)].reset_index(drop=True)
    life["bucket"] = [bucket_start(int(b), grain) for b in life["bucket"]]
    return ActivityResult(called(table, ours), everyone, called(life, ours), grain, level)


def _by_day(days: ir.Table, columns: tuple[str, ...], level: float) -> pd.DataFrame:
    """Users of each day (and value), with the share of a month's that it brings."""
    table = collect(counted(days, columns), "activity")
    early = table["day"] - table["day"].min()
    table["wau"] = table["wau"].astype(float).where(early >= 6)
    table["mau"] = table["mau"].astype(float).where(early >= 27)
    table["stickiness"] = table["dau"] / table["mau"]
    table["low"], table["high"] = wilson(table["dau"], table["mau"], level)
    table["day"] = [bucket_start(int(d), "day") for d in table["day"]]
    order = ["day", *columns, "dau", "wau", "mau", "stickiness", "low", "high"]
    return table.sort_values(["day", *columns], kind="stable")[order].reset_index(drop=True)


def _last_active(life: pd.DataFrame) -> int:
    """Last bucket with an active user; the one after holds dormant users only because the log
    ends."""
    seen = life[life[["new", "returning", "resurrected"]].sum(axis=1) > 0]
    return int(seen["bucket"].max())
