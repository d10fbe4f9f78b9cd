"""Paths: which ways users take from an event, or to it, and what follows what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Message, duration
from kpilab.engine.run import collect
from kpilab.engine.walks import END, START, stretches, transitions, walk
from kpilab.errors import BadInput, several, unknown_problem
from kpilab.stats.proportion import wilson

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import EventLog
    from kpilab.core.values import Period, Where

MOST = 100


@dataclass(frozen=True, slots=True, eq=False)
class PathsResult(Result):
    """Answer of `paths`.

    Attributes:
        table: one row per way taken, most frequent first; columns `path` (events joined by " → "), `count` (paths
            that took it), `users`, `share` (of all paths that hold the start or end asked for, 0-1), `low`, `high`
            (Wilson interval of `share`). Ways beyond the most frequent are pooled in a last row "…".
        transitions: one row per pair of neighbours; columns `source`, `target`, `count`, `users`, `probability`
            (of leaving `source` to `target`), `low`, `high` (Wilson), `user_share` (users with this pair among all
            users), `mean_seconds` (NaN at the ends). "path_start" and "path_end" stand for entry and exit.
        count: paths that hold the start (or end) asked for; the sum of `table["count"]`.
        users: users that have such a path.
        events: number of events walked.
        level: confidence level.
    """

    transitions: pd.DataFrame
    count: int
    users: int
    events: int
    level: float
    kind: ClassVar[str] = "paths"

    @property
    def loops(self) -> pd.DataFrame:
        """Transitions of an event to itself."""
        return self.transitions[self.transitions["source"] == self.transitions["target"]].reset_index(drop=True)

    def matrix(self, weight: str = "count") -> pd.DataFrame:
        """Transitions as a square: rows are sources, columns targets."""
        names = sorted({*self.transitions["source"], *self.transitions["target"]} - {START, END})
        wide = self.transitions.pivot(index="source", columns="target", values=weight)
        order = [START, *names, END]
        return wide.reindex(index=order, columns=order).fillna(0.0).astype(float)

    @property
    def headline(self) -> Message:
        if self.table.empty:
            return Message("paths.none")
        row = self.table.iloc[0]
        return Message(
            "paths.top", {"path": row["path"], "share": row["share"], "count": int(row["count"]), "of": self.count}
        )


def paths(
    log: EventLog,
    *,
    start: str | None = None,
    end: str | None = None,
    length: int = 5,
    by: str = "session",
    gap: timedelta | str = "30m",
    collapse: bool = False,
    minimum: int = 1,
    most: int = 20,
    where: Where = EVERYWHERE,
    period: Period | None = None,
    level: float = 0.95,
) -> PathsResult:
    """Which ways do users take?

    A path is a user's events in time (of a session, or of all time). With `start` alone the way leads from the
    path's first such event forward; with `end` alone, to its last such event from behind; with both, from the
    first `start` to the first `end` after it, if reached within `length` events; with neither, from the beginning.
    Events of one moment are ordered by name.

    Args:
        log: events; row order does not matter.
        start, end: event names. length: most events of a way, 1 to 20.
        by: "session" or "user". gap: pause that begins a session where the log has none.
        collapse: draw immediate repeats together.
        minimum: leave out transitions seen less often.
        most: ways listed; the rest is pooled, so that counts add up.
        where, period: only events of this segment, of these days.
        level: confidence level of the intervals.

    Returns:
        PathsResult with one row per way.

    Raises:
        BadInput: an event that never occurs, a length outside 1..20, a bad duration.

    Note:
        Two ways that differ by one event count as different; shorten or collapse before reading much into shares.

    Example:
        >>> paths(log, start="cart", length=4).table  # doctest: +SKIP
    """
    if not 1 <= length <= 20:
        raise BadInput(f"length {length!r} is outside 1..20", "paths, argument 'length'", "3 to 6 events read well")
    rows = walk(log, by=by, gap=duration(gap, "gap"), where=where, period=period, collapse=collapse).cache()
    _check(log, [e for e in (start, end) if e is not None])
    whole = collect(rows.aggregate(users=rows["unit"].nunique(), events=rows.count()), "paths").iloc[0]
    ways = stretches(rows, length, start, end).cache()
    total = collect(ways.aggregate(count=ways.count(), users=ways["unit"].nunique()), "paths").iloc[0]
    links = _transitions(rows, int(whole["users"]), minimum, level)
    table = _ways(ways, int(total["count"]), min(most, MOST), level)
    return PathsResult(table, links, int(total["count"]), int(total["users"]), int(whole["events"]), level)


def _ways(ways: ir.Table, total: int, most: int, level: float) -> pd.DataFrame:
    grouped = ways.group_by("events").agg(count=ways.count(), users=ways["unit"].nunique())
    top = collect(grouped.order_by([grouped["count"].desc(), "events"]).limit(most), "paths")
    rest = total - int(top["count"].sum())
    table = top.rename(columns={"events": "path"})
    if rest:
        table = pd.concat([table, pd.DataFrame({"path": ["…"], "count": [rest], "users": [pd.NA]})], ignore_index=True)
    table["users"] = table["users"].astype("Int64")
    table["share"] = table["count"] / max(total, 1)
    table["low"], table["high"] = wilson(table["count"], total, level)
    return table


def _transitions(rows: ir.Table, users: int, minimum: int, level: float) -> pd.DataFrame:
    links = collect(transitions(rows), "paths: transitions")
    leaving = links.groupby("source")["count"].transform("sum")
    links["probability"] = links["count"] / leaving
    links["low"], links["high"] = wilson(links["count"], leaving, level)
    links["user_share"] = links["users"] / max(users, 1)
    links = links[links["count"] >= minimum].sort_values(["count", "source", "target"], ascending=[False, True, True])
    order = ["source", "target", "count", "users", "probability", "low", "high", "user_share", "mean_seconds"]
    return links[order].reset_index(drop=True)


def _check(log: EventLog, names: list[str]) -> None:
    if not names:
        return
    known = (
        collect(log.table.select(event=log.table[log.event].cast("string")).distinct(), "paths")["event"]
        .dropna()
        .tolist()
    )
    error = several(
        unknown_problem("event", n, known, f"table {log.name!r}, column {log.event!r}") for n in names if n not in known
    )
    if error:
        raise error
