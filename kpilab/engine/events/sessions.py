"""Sessions: taken from the log's own column, or cut where a user pauses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis

from kpilab.engine.column import column
from kpilab.engine.dialect import engine_name, microseconds, one
from kpilab.engine.events.chain import FOREVER
from kpilab.engine.run import collect
from kpilab.errors import BadInput, several, unknown_problem

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import EventLog

GAP = timedelta(minutes=30)


def whole(length: timedelta) -> int:
    """A length of time in whole microseconds; a very long one is as good as for ever."""
    return min(length // timedelta(microseconds=1), FOREVER)


def day_start(day: date, plus: int = 0) -> int:
    """Midnight (UTC) of a day, or of the day `plus` days later, in microseconds."""
    return ((day - date(1970, 1, 1)).days + plus) * 86_400_000_000


def readable(log: EventLog) -> ir.Table:
    """The log's usable rows with `unit` (user), `t` (microseconds) and `event` beside its own
    columns.

    Rows without a user or a time belong to nobody and are left out.
    """
    table = log.table
    moment = microseconds(table[log.time], engine_name(table))
    table = table.mutate(
        kpilab_unit=table[log.user], kpilab_t=moment, kpilab_event=table[log.event]
    )
    return table.filter(table["kpilab_unit"].notnull(), table["kpilab_t"].notnull())


def check_names(log: EventLog, names: Iterable[str]) -> None:
    """Whether all these events occur.

    Raises:
        BadInput: those that do not, each with the nearest names; a log without events.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return
    events = log.table.select(event=log.table[log.event].cast("string")).distinct()
    known = collect(events, "events of the log")["event"].dropna().tolist()
    place = f"table {log.name!r}, column {log.event!r}"
    if not known:
        raise BadInput("the log has no events", place, "check the file, the filter and the period")
    error = several(unknown_problem("event", n, known, place) for n in wanted if n not in known)
    if error:
        raise error


def check_users(log: EventLog) -> None:
    """Whether any row has a user and a time.

    Raises:
        BadInput: none has.
    """
    usable = log.table.filter(log.table[log.user].notnull(), log.table[log.time].notnull()).limit(1)
    if collect(usable.select(log.user), "rows of the log").empty:
        raise BadInput(
            f"no row has both a {log.user!r} and a {log.time!r}",
            f"table {log.name!r}",
            "name the right columns",
        )


def with_session(log: EventLog, rows: ir.Table, gap: timedelta = GAP) -> ir.Table:
    """`rows` with column `kpilab_session`; without a session column,
    a pause longer than `gap` begins a new one."""
    if log.session:
        return rows.mutate(kpilab_session=rows[log.session])
    order = ibis.window(group_by="kpilab_unit", order_by="kpilab_t")
    pause = column(rows, "kpilab_t") - rows["kpilab_t"].lag().over(order)
    rows = rows.mutate(kpilab_new=one((pause > whole(gap)).fill_null(True)))
    # Range, not rows: events of one moment stay in one session whatever their order.
    so_far = ibis.range_window(
        group_by="kpilab_unit", order_by="kpilab_t", preceding=None, following=0
    )
    return rows.mutate(kpilab_session=column(rows, "kpilab_new").sum().over(so_far)).drop(
        "kpilab_new"
    )
