"""Records: the rows behind a number, as far as they may be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Message, Period, Where
from kpilab.engine.metrics import segment
from kpilab.engine.run import collect, collect_one
from kpilab.errors import unknown
from kpilab.workbench.during import during
from kpilab.workbench.small_cells import refused


@dataclass(frozen=True, slots=True, eq=False)
class RecordsResult(Result):
    """Answer of `records`.

    Attributes:
        table: the first rows by time, columns as in the table; names that must not be shown are
            pseudonyms already.
        rows: how many there are in all. name: of the table. where, event: as asked.
    """

    rows: int
    name: str
    where: Where
    event: str | None
    kind: ClassVar[str] = "records"

    @property
    def headline(self) -> Message:
        values = {
            "rows": self.rows,
            "table": self.name,
            "event": self.event,
            "where": self.where or None,
        }
        return Message("workbench.records_shown", values | {"shown": len(self.table)})


def records(
    case: Case,
    table: str,
    *,
    where: Where = EVERYWHERE,
    period: Period,
    event: str | None = None,
    most: int = 100,
) -> RecordsResult:
    """The first rows of a table in a segment and a period, oldest first.

    Args:
        case: tables and what its privacy rules say.
        table: name of the table. where: segment. period: days.
        event: only rows of this event (tables of events).
        most: rows to fetch.

    Raises:
        BadInput: an unknown table, or fewer users in the segment than the case allows to look at.
    """
    if table not in case.tables:
        raise unknown("table", table, case.tables, "records, argument 'table'")
    found = during(case.tables[table], period)
    rows = segment(found, where)
    if event is not None and isinstance(found, EventLog):
        rows = rows.filter(rows[found.event] == event)
    person = found.roles().get("user") or found.roles().get("actor")
    counted = [
        rows.count().name("rows"),
        *([rows[person].nunique().name("people")] if person else []),
    ]
    size = collect_one(rows.agg(counted), "records")
    if person and 0 < size["people"] < case.privacy.min_group:
        raise refused(int(size["people"]), case.privacy.min_group)
    order = [rows[c] for c in (found.roles()["time"], *([person] if person else []))]
    frame = collect(rows.order_by(order).limit(most), "records")
    return RecordsResult(frame, int(size["rows"]), table, where, event)
