"""Paths change: which ways and transitions do two groups, or two periods, take differently?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import TYPE_CHECKING, Any, ClassVar

import ibis
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Message, Period, Where, fraction
from kpilab.engine.column import column
from kpilab.engine.events.patterns import WAYS, Ways
from kpilab.engine.events.walks import END, START, Path, checked, edges, stretches, walk
from kpilab.engine.run import collect
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.events.clustered_shares import Sums, differences_of_sums
from kpilab.stats.multiplicity import benjamini_hochberg

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.engine.door.tables import Tabular

TRIED = ("n1", "n0", "n1n1", "n0n0", "n1n0")
MET = ("y1", "y0", "y1y1", "y0y0", "y1y0", "y1n1", "y0n0", "y1n0", "y0n1")


@dataclass(frozen=True, slots=True, eq=False)
class PathsChangeResult(Result):
    """Answer of `paths_change`.

    Attributes:
        table: one row per way, the most frequent first; columns `path`, `current_count`,
            `baseline_count`, `current`, `baseline` (shares of the paths that hold the start or end
            asked for, 0-1), `difference` (current − baseline), `low`, `high` (interval clustered by
            user), `p`, `q` (Benjamini-Hochberg).
        transitions: one row per pair of neighbours; columns `source`, `target` and those of
            `table`; shares are of what leaves `source`. A `q` of its own.
        level: confidence level.
    """

    transitions: pd.DataFrame
    level: float
    kind: ClassVar[str] = "paths_change"

    def matrix(self, weight: str = "difference") -> pd.DataFrame:
        """Transitions as a square: rows are sources, columns targets; `weight` is a column,
        or "count" (difference)."""
        links = self.transitions.assign(
            count=self.transitions["current_count"] - self.transitions["baseline_count"]
        )
        names = sorted({*links["source"], *links["target"]} - {START, END})
        order = [START, *names, END]
        wide = links.pivot(index="source", columns="target", values=weight)
        return wide.reindex(index=order, columns=order).astype(float).fillna(0.0)

    @property
    def headline(self) -> Message:
        sure = self.table[self.table["q"] < 1 - self.level]
        if sure.empty:
            return Message("paths_change.same", {"ways": len(self.table)})
        row = sure.iloc[int(sure["difference"].abs().argmax())]
        return Message(
            "paths_change.differs", {c: row[c] for c in ("path", "current", "baseline", "q")}
        )


@keywords("paths_change")
def paths_change(
    log: EventLog | Tabular,
    *,
    current: Period | Where,
    baseline: Period | Where,
    start: str | None = None,
    end: str | None = None,
    ways: Ways = WAYS,
    where: Where = EVERYWHERE,
    level: float = 0.95,
) -> PathsChangeResult:
    """Which ways, and which next events, are taken more often by one group, or in one period, than
    in the other?

    Ways and transitions are those of `paths`, on each side's own events. Paths of one user may
    depend on each other and a user may stand on both sides.

    Args:
        log, start, end, where: as for `paths`.
        ways: as for `paths`; those compared are the most frequent of both sides together.
        current, baseline: two `Period`s, or two segments (`Where`).
        level: confidence level.

    Returns:
        PathsChangeResult; differences are current − baseline.

    Raises:
        BadInput: as `paths`; one period and one segment; no path on either side.

    Example:
        >>> ios, web = Where({"platform": "ios"}), Where({"platform": "web"})
        >>> print(paths_change(log, current=ios, baseline=web).summary())
        Visit → view_item → add_to_cart is taken by 9.8 % of paths against 6.6 % (q < 0.001).
        Rows of the table: 13.
    """
    fraction(level, "paths_change(level=)")
    log = EventLog.of(log)
    if isinstance(current, Period) != isinstance(baseline, Period):
        raise BadInput(
            "a period is compared with a segment",
            "paths_change, argument 'baseline'",
            "give two of a kind",
        )
    checked(log, [*(e for e in (start, end) if e is not None), *ways.events])
    rows = [ways.held(_side(log, side, where, ways)) for side in (current, baseline)]
    taken = _both([stretches(r, ways.length, start, end) for r in rows])
    listed = taken.group_by("events").agg(n=taken.count())
    listed = listed.order_by([listed["n"].desc(), "events"]).limit(ways.listed).drop("n")
    compared = collect(listed, "paths_change").merge(
        _differences(taken, (), ("events",), level), on="events"
    )
    table = compared.rename(columns={"events": "path"})
    if table.empty:
        raise BadInput(
            "no path on either side",
            "paths_change",
            "check the periods, the segments and the start",
        )
    table["q"] = benjamini_hochberg(table["p"])
    links = _differences(_both([edges(r) for r in rows]), ("source",), ("target",), level)
    often = links["current_count"] + links["baseline_count"] >= ways.minimum
    links = links[often].reset_index(drop=True)
    links["q"] = benjamini_hochberg(links["p"])
    return PathsChangeResult(table, links, level)


def _side(log: EventLog, side: Period | Where, where: Where, path: Path) -> ir.Table:
    if isinstance(side, Period):
        return walk(log, path, where=where, period=side)
    joined = Where(dict(where.values) | dict(side.values), dict(where.without) | dict(side.without))
    return walk(log, path, where=joined)


def _both(sides: list[ir.Table]) -> ir.Table:
    marked = [s.mutate(now=ibis.literal(k, "int64")) for s, k in zip(sides, (1, 0), strict=True)]
    return marked[0].union(marked[1]).cache()


def _differences(
    rows: ir.Table, group: tuple[str, ...], item: tuple[str, ...], level: float
) -> pd.DataFrame:
    """Per group and item: its share of the group's rows on each side,
    and the difference clustered by user."""
    now, then = column(rows, "now"), 1 - column(rows, "now")
    trials = rows.group_by(["unit", *group]).agg(n1=now.sum(), n0=then.sum())
    measures: dict[str, Any] = _sums(trials, TRIED) | {"clusters": trials.count()}
    tried = trials.group_by(list(group)).agg(**measures) if group else trials.aggregate(**measures)
    hits = rows.group_by(["unit", *group, *item]).agg(y1=now.sum(), y0=then.sum())
    on = [hits[c].identical_to(trials[c]) for c in ("unit", *group)]
    joined = hits.inner_join(trials, on).select(hits, trials["n1"], trials["n0"])
    frame = collect(joined.group_by([*group, *item]).agg(**_sums(joined, MET)), "paths_change")
    total = collect(tried, "paths_change")
    frame = frame.merge(total, on=list(group)) if group else frame.merge(total, how="cross")
    sums = Sums(**{c: frame[c].to_numpy() for c in Sums.__slots__})
    found = frame[[*group, *item]].assign(current_count=frame["y1"], baseline_count=frame["y0"])
    found = found.assign(**differences_of_sums(sums, level))
    found = found.sort_values([*group, *item], ignore_index=True)
    counts = found["current_count"] + found["baseline_count"]
    order = counts.sort_values(ascending=False, kind="stable").index
    return (
        found.loc[order]
        .astype({"current_count": "int64", "baseline_count": "int64"})
        .reset_index(drop=True)
    )


def _sums(users: ir.Table, names: tuple[str, ...]) -> dict[str, ir.Value]:
    """Sums over users of columns ("n1") and of products of two ("y1n0")."""
    factors = {
        n: [column(users, n[k : k + 2]).cast("float64") for k in range(0, len(n), 2)] for n in names
    }
    return {n: reduce(mul, columns).sum() for n, columns in factors.items()}
