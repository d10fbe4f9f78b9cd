"""Events of each user or session side by side: what comes next, what came before.

Events of one moment have no order of their own; they are put in the order of their names, so that
an answer does not depend on how rows are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import ibis

from kpilab.core.values import EVERYWHERE, Where, duration
from kpilab.engine.column import column
from kpilab.engine.events.sessions import (
    GAP,
    check_names,
    check_users,
    day_start,
    readable,
    with_session,
)
from kpilab.engine.metrics import segment
from kpilab.errors import unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.expr.builders import LegacyWindowBuilder

    from kpilab.core.table import EventLog
    from kpilab.core.values import Period

START, END = "path_start", "path_end"
ARROW = " → "


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """What one path is.

    Attributes:
        unit: "session" ends a path with the session, "user" goes on.
        timeout: pause that begins a new session where the log names none.
        collapse: draw immediate repeats of an event together (the first stays).
    """

    unit: str = "session"
    timeout: timedelta | str = GAP
    collapse: bool = False

    @property
    def pause(self) -> timedelta:
        return duration(self.timeout, "timeout")


SESSION = Path()


def walk(
    log: EventLog, path: Path = SESSION, *, where: Where = EVERYWHERE,
    period: Period | None = None, keep: tuple[str, ...] = (),
) -> ir.Table:  # fmt: skip
    """One row per event: `unit` (user), `path` (session, or 0), `t`, `event`, `place` (from 0),
    kept columns.

    Raises:
        BadInput: a unit that is neither session nor user.
    """
    table = _usable(log, path.unit, where, period)
    sessions = path.unit == "session"
    table = with_session(log, table, path.pause) if sessions else table
    columns = {
        "unit": table["kpilab_unit"],
        "t": table["kpilab_t"],
        "event": table["kpilab_event"].cast("string"),
    }
    paths = table["kpilab_session"] if sessions else ibis.literal(0, "int64")
    rows = table.select(**columns, path=paths, **{c: table[c] for c in keep})
    if path.collapse:
        repeat = column(rows, "event") == rows["event"].lag().over(ordered())
        rows = (
            rows.mutate(kpilab_repeat=repeat.fill_null(False))
            .filter(~ibis._["kpilab_repeat"])
            .drop("kpilab_repeat")
        )
    return rows.mutate(place=ibis.row_number().over(ordered()))


def events_of(
    log: EventLog, unit: str, *, where: Where = EVERYWHERE, period: Period | None = None
) -> ir.Table:
    """One row per event, not yet put in order: `unit` (user), `t`, `event`."""
    table = _usable(log, unit, where, period)
    return table.select(
        unit="kpilab_unit", t="kpilab_t", event=table["kpilab_event"].cast("string")
    )


def _usable(log: EventLog, by: str, where: Where, period: Period | None) -> ir.Table:
    if by not in ("user", "session"):
        raise unknown("unit", by, ("user", "session"), "a path, argument 'unit'")
    table = readable(replace(log, table=segment(log, where)))
    table = table.filter(table["kpilab_event"].notnull())
    if period is None:
        return table
    t = column(table, "kpilab_t")
    return table.filter(t >= day_start(period.first), t < day_start(period.last, 1))


def checked(log: EventLog, names: Sequence[str]) -> None:
    """Whether all these events occur, and rows that belong to somebody.

    Raises:
        BadInput: events that do not occur, each with the nearest names; a log without usable rows.
    """
    check_names(log, names)
    check_users(log)


def ordered() -> LegacyWindowBuilder:
    """The window of a path in time."""
    return ibis.window(group_by=["unit", "path"], order_by=["t", "event"])


def placed() -> LegacyWindowBuilder:
    """The window of a path by place, which also tells equal events of one moment apart."""
    return ibis.window(group_by=["unit", "path"], order_by="place")


def edges(rows: ir.Table) -> ir.Table:
    """One row per pair of neighbours, with the entry to and the exit from each path: `source`,
    `target`, `wait`."""
    order = placed()
    pairs = rows.select(
        "unit", "path",
        source=rows["event"], target=column(rows, "event").lead().over(order).fill_null(END),
        wait=column(rows, "t").lead().over(order) - rows["t"],
    )  # fmt: skip
    first = rows.filter(rows["place"] == 0)
    entries = first.select(
        "unit", "path", source=ibis.literal(START), target=first["event"], wait=ibis.null("int64")
    )  # fmt: skip
    return pairs.union(entries)


def transitions(rows: ir.Table) -> ir.Table:
    """Edges drawn together: `source`, `target`, `mean_seconds`, `median_seconds`."""
    pairs = edges(rows)
    seconds = column(pairs, "wait").cast("float64") / 1e6
    return pairs.group_by(["source", "target"]).agg(
        mean_seconds=seconds.mean(),
        median_seconds=seconds.quantile(0.5),
    )


def stretches(
    rows: ir.Table, length: int, start: str | None, end: str | None, keep: tuple[str, ...] = ()
) -> ir.Table:
    """One row per unit and path: `unit`, `path`, `events` (text of up to `length` events), the
    columns to keep.

    From the first `start` forward; or up to the last `end`, backward; or, with neither, from the
    path's beginning.
    """
    backward = start is None and end is not None
    rows = rows.mutate(**{f"e{k}": _neighbour(rows, k, backward) for k in range(1, length)})
    anchor = end if backward else start
    if anchor is not None:
        rows = rows.filter(rows["event"] == anchor)
    place = rows["place"].max() if backward else rows["place"].min()
    rows = rows.mutate(kpilab_edge=place.over(ibis.window(group_by=["unit", "path"])))
    rows = rows.filter(rows["place"] == rows["kpilab_edge"])
    columns = [column(rows, name) for name in ("event", *(f"e{k}" for k in range(1, length)))]
    if not backward and end is not None:
        rows, columns = _cut_at(rows, columns, end)
    parts = [columns[0], *[(ARROW + c).fill_null("") for c in columns[1:]]]
    if backward:
        parts = [*[(c + ARROW).fill_null("") for c in columns[:0:-1]], columns[0]]
    return rows.select("unit", "path", *keep, events=reduce(add, parts))


def _neighbour(rows: ir.Table, k: int, backward: bool) -> ir.Value:
    return (rows["event"].lag(k) if backward else rows["event"].lead(k)).over(placed())


def _cut_at(rows: ir.Table, columns: list[Any], end: str) -> tuple[ir.Table, list[Any]]:
    """Paths that reach `end` after their first event, within the length, cut there."""
    reached: Any = ibis.literal(False)
    kept = columns[:1]
    for event in columns[1:]:
        kept.append(reached.ifelse(ibis.null("string"), event))
        reached = reached | (event == end).fill_null(False)
    rows = rows.mutate(kpilab_reached=reached, **{f"k{k}": c for k, c in enumerate(kept)})
    rows = rows.filter(column(rows, "kpilab_reached"))
    return rows, [column(rows, f"k{k}") for k in range(len(columns))]
