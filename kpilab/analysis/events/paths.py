"""Paths: which ways users take from an event, or to it, and what follows what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Message, fraction
from kpilab.engine.column import column
from kpilab.engine.door.dimensions import aside, called
from kpilab.engine.events.clusters import SUMS, clustered
from kpilab.engine.events.patterns import WAYS, Ways
from kpilab.engine.events.trails import REST, Trails, compiled, counted
from kpilab.engine.events.walks import ARROW, END, START, checked, events_of, stretches, walk
from kpilab.errors import unknown
from kpilab.old import keywords
from kpilab.stats.events.clustered_shares import share_of_sums

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period, Where
    from kpilab.engine.door.tables import Tabular


WEIGHTS = (
    "count",
    "probability",
    "user_share",
    "per_path",
    "share",
    "mean_seconds",
    "median_seconds",
)


@dataclass(frozen=True, slots=True, eq=False)
class PathsResult(Result):
    """Answer of `paths`.

    Attributes:
        table: one row per way taken, most frequent first; columns `path` (events joined by " → "),
            `count` (paths that took it), `users`, `share` (of all paths that hold the start or end
            asked for, 0-1), `low`, `high` (its interval over users: several paths of one user are
            not several users). Ways beyond the most frequent are pooled in a last row "…".
        transitions: one row per pair of neighbours; columns `source`, `target`, `count`, `users`,
            `probability` (of leaving `source` to `target`), `low`, `high` (over users),
            `user_share` (users with this pair among all users), `mean_seconds` (NaN at the ends).
            "path_start" and "path_end" stand for entry and exit.
        count: paths that hold the start (or end) asked for; the sum of `table["count"]`.
        users: users that have such a path.
        events: number of events walked.
        level: confidence level.
    """

    transitions: pd.DataFrame
    values: pd.DataFrame
    count: int
    users: int
    events: int
    level: float
    kind: ClassVar[str] = "paths"

    @property
    def loops(self) -> pd.DataFrame:
        """Transitions of an event to itself."""
        return self.transitions[
            self.transitions["source"] == self.transitions["target"]
        ].reset_index(drop=True)

    def tree(self, backward: bool = False) -> pd.DataFrame:
        """The listed ways as a tree: where they part, or (`backward`) where they come together.

        Returns:
            One row per branch, each below the one it leaves; columns `depth` (from 0), `way` (all
            events up to here, in time), `event`, `count` (paths), `share` (of the branch it leaves,
            0-1). Pooled ways are left out.
        """
        branches: dict[tuple[str, ...], int] = {}
        for path, count in zip(self.table["path"], self.table["count"], strict=True):
            events = path.split(ARROW)[:: -1 if backward else 1]
            for k in range(1, len(events) + 1 if path != REST else 1):
                branches[tuple(events[:k])] = branches.get(tuple(events[:k]), 0) + int(count)
        whole = sum(n for b, n in branches.items() if len(b) == 1)
        rows = [
            (
                len(b) - 1,
                ARROW.join(b[:: -1 if backward else 1]),
                b[-1],
                n,
                n / branches.get(b[:-1], whole),
            )
            for b, n in _depth_first(branches)
        ]
        return pd.DataFrame(rows, columns=["depth", "way", "event", "count", "share"])

    def matrix(self, weight: str = "count") -> pd.DataFrame:
        """Transitions as a square: rows are sources, columns targets; seconds are NaN where there
        is no transition.

        Args:
            weight: "count", "probability", "user_share", "per_path", "share", "mean_seconds" or
                "median_seconds".
        """
        if weight not in WEIGHTS:
            raise unknown("weight", weight, WEIGHTS, "matrix, argument 'weight'")
        names = sorted({*self.transitions["source"], *self.transitions["target"]} - {START, END})
        wide = self.transitions.pivot(index="source", columns="target", values=weight)
        order = [START, *names, END]
        square = wide.reindex(index=order, columns=order).astype(float)
        return square if weight.endswith("seconds") else square.fillna(0.0)

    @property
    def headline(self) -> Message:
        if self.table.empty:
            return Message("paths.none")
        row = self.table.iloc[0]
        return Message(
            "paths.top",
            {
                "path": row["path"],
                "share": row["share"],
                "count": int(row["count"]),
                "of": self.count,
            },
        )


@keywords("paths")
def paths(
    log: EventLog | Tabular,
    *,
    start: str | None = None,
    end: str | None = None,
    ways: Ways = WAYS,
    breakdown: str | None = None,
    where: Where = EVERYWHERE,
    period: Period | None = None,
    level: float = 0.95,
) -> PathsResult:
    """Which ways do users take?

    A path is a user's events in time (of a session, or of all time). With `start` alone the way
    leads from the path's first such event forward; with `end` alone, to its last such event from
    behind; with both, from the first `start` to the first `end` after it, if reached within the
    length of a way; with neither, from the beginning. Events of one moment are ordered by name.

    Args:
        log: events; row order does not matter.
        start, end: event names.
        ways: how long they are, of whose paths, and which are listed; see `Ways`.
        breakdown: a dimension; a way has its value at the event it is read from.
        where, period: only events of this segment, of these days.
        level: confidence level of the intervals.

    Returns:
        PathsResult with one row per way.

    Raises:
        BadInput: an event or column that never occurs, a length outside 1..20, a bad duration.

    Note:
        Two ways that differ by one event count as different; shorten or collapse before reading
        much into shares.

    Example:
        >>> print(paths(log, start="add_to_cart", ways=Ways(length=3)).summary())
        The most frequent path is add_to_cart: 2,351 of 5,709 paths (41.2 %).
        Rows of the table: 5.
    """
    fraction(level, "paths(level=)")
    log = EventLog.of(log)
    log, ours = aside(log, (breakdown,) if breakdown else ())
    checked(log, [*(e for e in (start, end) if e is not None), *ways.events])
    some: dict[str, Any] = {"where": where, "period": period}
    found, values = None, pd.DataFrame()
    if ways.through is None and breakdown is None:
        found = compiled(log, events_of(log, ways.unit, **some), ways, start, end)
    if found is None:
        keep = tuple(ours)
        rows = ways.held(walk(log, ways, keep=keep, **some).cache())
        taken = stretches(rows, ways.length, start, end, keep).cache()
        found = counted(rows, taken, ways.listed)
        values = called(
            _values(taken, [w for w in found.ways["events"] if w != REST], keep, level), ours
        )
    table, links = _ways(found, level), _transitions(found, ways.minimum, level)
    return PathsResult(table, links, values, found.count, found.walkers, found.events, level)


def _depth_first(branches: dict[tuple[str, ...], int]) -> list[tuple[tuple[str, ...], int]]:
    """Branches each below the one they leave; of one branch's, the most frequent first."""

    def rank(branch: tuple[str, ...]) -> list[tuple[int, str]]:
        return [(-branches[branch[:k]], branch[k - 1]) for k in range(1, len(branch) + 1)]

    return sorted(branches.items(), key=lambda item: rank(item[0]))


def _ways(found: Trails, level: float) -> pd.DataFrame:
    table = found.ways.rename(columns={"events": "path"})
    users = table["users"].astype("Int64").mask(table["path"] == REST)
    return _shares(table.assign(users=users), level)


def _shares(table: pd.DataFrame, level: float) -> pd.DataFrame:
    """`share`, `low`, `high` over users in place of the sums over them."""
    sums = table[[*SUMS]]
    low, high = share_of_sums(table["count"], *(sums[c] for c in SUMS), level=level)
    share = table["count"] / table["trials"]
    return table.drop(columns=[*SUMS]).assign(share=share, low=low, high=high)


def _values(ways: ir.Table, listed: list[str], keep: tuple[str, ...], level: float) -> pd.DataFrame:
    """The listed ways by value; the others pooled."""
    if not keep:
        return pd.DataFrame()
    by = keep[0]
    named_way = column(ways, "events").isin(listed).ifelse(ways["events"], REST)
    ways = ways.mutate(path_taken=named_way)
    table = clustered(ways, ("path_taken",), (by,)).rename(columns={"path_taken": "path"})
    order = [by, "count", "path"]
    table = table.sort_values(order, ascending=[True, False, True], ignore_index=True)
    return _shares(table, level)


def _transitions(found: Trails, minimum: int, level: float) -> pd.DataFrame:
    links = _shares(found.links, level).rename(columns={"share": "probability"})
    links["user_share"] = links["users"] / max(found.users, 1)
    links["per_path"] = links["count"] / max(found.paths, 1)
    links["share"] = links["count"] / max(int(links["count"].sum()), 1)
    links = links[links["count"] >= minimum].sort_values(
        ["count", "source", "target"], ascending=[False, True, True]
    )
    first = [
        "source",
        "target",
        "count",
        "users",
        "probability",
        "low",
        "high",
        "user_share",
        "per_path",
        "share",
    ]
    return links[[*first, "mean_seconds", "median_seconds"]].reset_index(drop=True)
