"""Tables: a frame, a file or a table of an engine becomes one lazy table in which every value means
one thing.

- A number that is none (NaN, infinite) is missing. Whole numbers have 64 bits, so that no sum runs
  over.
- A time has no zone: one that carries a zone becomes the local time of the table's zone, one
  without is local already. Of the hour that comes twice in autumn the order within a unit is lost.
- Names are kept. Of names that differ in case alone, which few engines can tell apart, the one that
  a role names stays and the others get their number, `Date [2]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pandas as pd

from kpilab.core.values import Message
from kpilab.engine.column import OWN
from kpilab.engine.connect import connect
from kpilab.engine.dialect import engine_name, finite
from kpilab.engine.door import memory, zones
from kpilab.engine.door.files import opened
from kpilab.engine.door.reading import Reading
from kpilab.errors import BadInput

LOSES = ("door.unread_numbers", "door.unread_times", "door.ragged")


class Arrow(Protocol):
    """Anything that hands out Arrow columns: Arrow tables, Polars frames, relations of DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


Tabular = ir.Table | pd.DataFrame | Arrow | str | Path


def table(data: Tabular, name: str = "table", timezone: str | None = None) -> ir.Table:
    """One canonical table from whatever holds one: pandas, Polars or Arrow frame, file or glob,
    Ibis table.

    Args:
        data: the table; nothing is computed on it yet.
        name: what it is called, also in errors.
        timezone: as for `entered`.

    Raises:
        BadInput: as for `entered`.
    """
    return entered(data, name, timezone, {})[0]


def entered(
    data: Tabular, name: str, timezone: str | None, roles: Mapping[str, str]
) -> tuple[ir.Table, str | None]:
    """The canonical table, and the zone whose local times it holds (None: no column says).

    Args:
        timezone: zone whose local times are meant where a time carries a zone. By default the one
            the columns of a frame or of a parquet file carry, else that of the engine's session
            (UTC, or the case's).
        roles: role -> column, as far as they are known.

    Raises:
        BadInput: no table, names that cannot be told apart or are ours, times in several zones or
            in no form.
    """
    if isinstance(data, ir.Table):
        # A query written as text would not find what only Ibis holds in memory.
        rows = _typed(data).cache() if data.op().find(ops.InMemoryTable) else data
        zone = timezone or zones.of_engine(rows)
    elif isinstance(data, str | Path):
        zone = timezone or zones.of_file(data)
        read = opened(connect(timezone=zone or "UTC"), data, name, Reading(zone=zone))
        for note in read.notes:
            _lost(note, name)
        rows = read.table
    else:
        frame = memory.parsed(memory.in_memory(data, name), name, roles)
        zone = timezone or zones.of_frame(frame, name)
        rows = connect().create_table(name, memory.columns(memory.localised(frame, zone), name))
    ours = [c for c in rows.columns if c.lower().startswith(OWN)]
    if ours:
        raise BadInput(
            f"column {ours[0]!r} begins with {OWN!r}",
            f"table {name!r}",
            "rename it: the mark is ours",
        )
    return _settled(rows, zone), zone


def _lost(note: Message, name: str) -> None:
    """Refuse a file whose rows would be left out: here is no report to say so."""
    if note.key in LOSES:
        said = {"first": (), "values": (), "text": "", **note.values}
        shown = ", ".join(map(repr, said["values"])) or repr(said["text"])
        what = f"{said['rows']} rows of {said['file']} cannot be read: {shown}"
        rows = ", ".join(map(str, said["first"]))
        place = f", column {said['column']!r}" if "column" in said else ""
        hint = "mend them, or name the file in a case.yml, whose review leaves them out and says so"
        raise BadInput(what, f"table {name!r}{place}, row {rows}", hint)


def _typed(data: ir.Table) -> ir.Table:
    """A column that holds nothing at all is text: no engine stores a column without a type."""
    empty = {c: data[c].cast("string") for c, kind in data.schema().items() if kind.is_null()}
    return data.mutate(**empty) if empty else data


def is_lazy(data: object) -> bool:
    """Whether something is a table of an engine."""
    return isinstance(data, ir.Table)


def _settled(rows: ir.Table, zone: str | None) -> ir.Table:
    """The table with one meaning per value, as an expression;
    as it is where nothing has to change."""
    one = partial(_one, engine=engine_name(rows), zone=zone, session=zones.of_engine(rows))
    changed = {c: v for c, kind in rows.schema().items() if (v := one(rows[c], kind)) is not None}
    return rows.mutate(**changed) if changed else rows


def _one(column: Any, kind: dt.DataType, engine: str, zone: str | None, session: str | None) -> Any:
    """The column in its one form; None where it has it."""
    if isinstance(kind, dt.Timestamp):
        return zones.local(column, zone, session) if kind.timezone is not None else None
    if kind.is_floating():
        value = column if isinstance(kind, dt.Float64) else column.cast("float64")
        return finite(value, engine).ifelse(value, ibis.null("float64"))
    return (
        column.cast("int64")
        if kind.is_integer() and not isinstance(kind, dt.Int64 | dt.UInt64)
        else None
    )
