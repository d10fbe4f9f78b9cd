"""Paths counted: how many, what follows what, and the ways taken; compiled for large logs,
portable for all."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kpilab.engine.column import column
from kpilab.engine.dialect import engine_name
from kpilab.engine.events.chain import FOREVER
from kpilab.engine.events.clusters import clustered, sums_of
from kpilab.engine.events.gather import Part, Units, by_part
from kpilab.engine.events.native import ready
from kpilab.engine.events.patterns import Ways
from kpilab.engine.events.sessions import whole
from kpilab.engine.events.walks import ARROW, END, START, edges, transitions
from kpilab.engine.run import collect

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from kpilab.core.table import EventLog

MOST_EVENTS = 200  # different events; the compiled form has a square of them
MOST_KEY = 2**62
REST = "…"


@dataclass(frozen=True, slots=True)
class Trails:
    """Paths counted.

    Attributes:
        users, paths, events: in all.
        links: one row per pair of neighbours; `source`, `target`, `count`, `users`, `mean_seconds`,
            `median_seconds`, and the sums over users (`clusters.SUMS`).
        count, walkers: paths, and users, that hold the start or end asked for.
        ways: the most frequent ways, and in a last row "…" the others, if any; `events` (text),
            `count`, `users`, and the sums over users.
    """

    users: int
    paths: int
    events: int
    links: pd.DataFrame
    count: int
    walkers: int
    ways: pd.DataFrame


def counted(rows: ir.Table, ways: ir.Table, most: int) -> Trails:
    """The portable form: from the rows of a walk and its stretches, on any engine."""
    size = rows.aggregate(
        users=rows["unit"].nunique(),
        events=rows.count(),
        paths=(column(rows, "place") == 0).sum().fill_null(0),
    )
    everyone = collect(size, "paths").iloc[0]
    total = collect(ways.aggregate(count=ways.count(), users=ways["unit"].nunique()), "paths").iloc[
        0
    ]
    grouped = ways.group_by("events").agg(count=ways.count())
    top = collect(grouped.order_by([grouped["count"].desc(), "events"]).limit(most), "paths")
    listed = column(ways, "events").isin(top["events"].tolist())
    table = clustered(ways.mutate(events=listed.ifelse(ways["events"], REST)), ("events",))
    links = collect(transitions(rows), "paths: transitions").merge(
        clustered(edges(rows), ("target",), ("source",)), on=["source", "target"]
    )
    users, paths, events = (int(everyone[c]) for c in ("users", "paths", "events"))
    return Trails(
        users, paths, events, links, int(total["count"]), int(total["users"]), ranked(table)
    )


def ranked(ways: pd.DataFrame) -> pd.DataFrame:
    """The most frequent first, of equal ones the first by name, and the others last."""
    ways = ways.assign(kpilab_rest=ways["events"] == REST)
    order = ["kpilab_rest", "count", "events"]
    ways = ways.sort_values(order, ascending=[True, False, True], ignore_index=True)
    return ways.drop(columns="kpilab_rest")


def compiled(
    log: EventLog, rows: ir.Table, asked: Ways, start: str | None, end: str | None
) -> Trails | None:
    """The same from `events_of` by the kernel; None where the kernel does not serve (see
    `fits`)."""
    sessions = asked.unit == "session"
    if engine_name(rows) != "duckdb" or (sessions and log.session) or not ready(rows):
        return None
    from kpilab.engine.events import kernel_walks

    names = sorted(collect(rows.select("event").distinct(), "events of the log")["event"])
    if not 0 < len(names) <= MOST_EVENTS:
        return None
    first, last = (_code(e, names, kernel_walks.NOWHERE) for e in (start, end))
    pause = whole(asked.pause) if sessions else FOREVER
    how = (asked.collapse, first, last, asked.length)
    coded = rows.select(
        unit="unit", t="t", code=column(rows, "event").cases(*[(n, k) for k, n in enumerate(names)])
    )
    side, lock = len(names) + 2, Lock()
    sums = np.zeros((4, side, side + 1), np.int64)

    def work(_: Units, part: Part) -> tuple[Any, ...]:
        found = kernel_walks.walk(*part.grouped(), len(names), pause, *how)
        with lock:
            sums[:] += found[0]
        return (
            part.first + found[3].astype(np.int64),
            *found[1:3],
            found[4].astype(np.int16),
            *found[5:],
        )

    done = list(zip(*by_part(coded, "code", ("unit",), work), strict=True))
    owner, pair, wait, codes = (np.concatenate(a) for a in done[:4])
    mean, median = kernel_walks.waits(pair, wait, side * side)
    links = _links(sums, mean, median, [*names, START, END])
    users, paths, events = (int(sum(n)) for n in done[4:])
    return Trails(
        users,
        paths,
        events,
        links,
        len(owner),
        len(np.unique(owner)),
        _ways(owner, codes, names, asked.listed),
    )


def _code(event: str | None, names: list[str], nowhere: int) -> int:
    """An event's code; of one that is not among these rows, a code that never comes."""
    return nowhere if event is None else names.index(event) if event in names else nowhere - 1


def _links(
    sums: NDArray[np.int64],
    mean: NDArray[np.float64],
    median: NDArray[np.float64],
    names: list[str],
) -> pd.DataFrame:
    count, users, squares, products = sums[:, :, :-1].reshape(4, -1)
    there = np.flatnonzero(count)
    said = np.array(names, dtype=object)
    source = there // len(names)
    columns = {"source": said[source], "target": said[there % len(names)]}
    numbers = {"count": count[there], "users": users[there]}
    numbers |= {"squares": squares[there], "products": products[there]}
    whole = {"trials": sums[0].sum(axis=1), "trial_squares": sums[2, :, -1]}
    whole |= {"clusters": sums[1, :, -1]}
    numbers |= {name: of[source] for name, of in whole.items()}
    seconds = {"mean_seconds": mean[there] / 1e6, "median_seconds": median[there] / 1e6}
    return pd.DataFrame(columns | numbers | seconds).astype({"source": "str", "target": "str"})


def _ways(
    owner: NDArray[np.int64], codes: NDArray[np.int16], names: list[str], most: int
) -> pd.DataFrame:
    """The most frequent ways, and the others in a last row, with their paths and users."""
    key, bound = np.zeros(len(codes), np.int64), 1
    for k in range(codes.shape[1]):
        if bound * (len(names) + 1) >= MOST_KEY:
            key = np.unique(key, return_inverse=True)[1]
            bound = len(codes) + 1
        key, bound = key * (len(names) + 1) + codes[:, k] + 1, bound * (len(names) + 1)
    _, first, way, count = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    often = np.flatnonzero(count >= np.sort(count)[-min(most, len(count))]) if len(count) else first
    texts = [ARROW.join(names[c] for c in codes[f] if c >= 0) for f in first[often]]
    table = pd.DataFrame({"events": pd.Series(texts, dtype="str"), "count": count[often]})
    table["way"] = often
    table = ranked(table).head(most)
    # The listed ways by their rank, all others after them.
    rank = np.full(len(first), len(table))
    rank[table["way"]] = np.arange(len(table))
    if len(table) < len(first):
        rest = {"events": REST, "count": len(owner) - int(table["count"].sum())}
        table = pd.concat([table, pd.DataFrame([rest])], ignore_index=True)
    sums, users = sums_of(owner, rank[way], len(table))
    return pd.concat([table.drop(columns="way").assign(users=users), sums], axis=1)
