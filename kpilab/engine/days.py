"""Days: the calendar day of a row, and whether it lies in a period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import Executions
    from kpilab.core.values import Period


def day_of(table: ir.Table, column: str) -> ir.DateValue:
    """Calendar day of a date, timestamp or ISO text column."""
    return table[column].cast("date")


def inside(day: ir.Value, period: Period) -> ir.BooleanValue:
    """Whether a day lies in the period, both ends included."""
    return day.between(ibis.literal(period.first), ibis.literal(period.last))


def work(records: Executions, period: Period, action: str | None) -> ir.Table:
    """Records of a period, of one action or of all."""
    rows = records.table.filter(inside(day_of(records.table, records.time), period))
    return rows if action is None else rows.filter(rows[records.action] == action)
