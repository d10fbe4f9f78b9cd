"""Sessions: taken from the log's own column, or cut where a user pauses."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis

from kpilab.engine.chain import FOREVER
from kpilab.engine.column import column
from kpilab.engine.dialect import engine_name, microseconds

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
    """The log's usable rows with `unit` (user), `t` (microseconds) and `event` beside its own columns.

    Rows without a user or a time belong to nobody and are left out.
    """
    table = log.table
    moment = microseconds(table[log.time], engine_name(table))
    table = table.mutate(__unit=table[log.user], __t=moment, __event=table[log.event])
    return table.filter(table["__unit"].notnull(), table["__t"].notnull())


def with_session(log: EventLog, rows: ir.Table, gap: timedelta = GAP) -> ir.Table:
    """`rows` with column `__session`; without a session column, a pause longer than `gap` begins a new one."""
    if log.session:
        return rows.mutate(__session=rows[log.session])
    order = ibis.window(group_by="__unit", order_by="__t")
    pause = column(rows, "__t") - rows["__t"].lag().over(order)
    rows = rows.mutate(__new=(pause > whole(gap)).fill_null(True).cast("int64"))
    # Range, not rows: events of one moment stay in one session whatever their order.
    so_far = ibis.range_window(group_by="__unit", order_by="__t", preceding=None, following=0)
    return rows.mutate(__session=column(rows, "__new").sum().over(so_far)).drop("__new")
