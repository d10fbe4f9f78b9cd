"""Sheets of workbooks: where the table stands in the grid, and its cells as columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa

from kpilab.core.values import Message
from kpilab.engine.door import moments
from kpilab.engine.door.delimited import Part, matching
from kpilab.engine.door.layout import ROWS, layout, unique
from kpilab.engine.door.raw import Raw
from kpilab.engine.door.reading import Reading, wanted
from kpilab.engine.sheet import grids
from kpilab.errors import BadInput, nearest

Grid = Sequence[Sequence[Any]]
# What a whole number may be before a float cannot hold all of its digits.
EXACT = 2**53
SHEET = "sheet"  # which of several sheets a row is from


def parts(con: Any, path: Path, name: str, reading: Reading) -> list[Part]:
    """The rows of the sheet asked for (all that fit a pattern), by default the first with a table.

    Raises:
        BadInput: no workbook, or no such sheet.
    """
    sheets = grids(path, f"table {name!r}, key 'source'")
    if reading.sheet is not None:
        asked = [
            title
            for title in sheets
            if fnmatchcase(title.strip().lower(), reading.sheet.strip().lower())
        ]
        if not asked:
            what = f"{path.name!r} has no sheet {reading.sheet!r}"
            raise wanted(name, "sheet", what, nearest(reading.sheet, sheets))
        told = [title for title in asked if is_table(sheets[title])] or asked
        named = len(told) > 1 and not any(is_time(title) for title in told)
        return [
            _part(con, path, name, title, sheets[title], reading, named=named) for title in told
        ]
    full = [title for title, grid in sheets.items() if is_table(grid)]
    chosen = full[0] if full else next(iter(sheets))
    part = _part(con, path, name, chosen, sheets[chosen], reading)
    others = tuple(title for title in full if title != chosen)
    if not others:
        return [part]
    said = {"table": name, "file": path.name, "sheet": chosen, "others": others}
    return [Part(part.raw, part.types, (*part.notes, Message("door.sheets", said)))]


def is_table(grid: Grid) -> bool:
    """Whether a grid has two rows of two cells or more."""
    return sum(sum(cell is not None for cell in row) > 1 for row in grid[:ROWS]) > 1


def is_time(title: str) -> bool:
    """Whether a sheet is called by a time, which its rows hold themselves."""
    return any(c.isdigit() for c in title) or moments.is_month(title)


def _part(
    con: Any, path: Path, name: str, title: str, grid: Grid, reading: Reading, *,
    named: bool = False,
) -> Part:  # fmt: skip
    """The table of one sheet; `named`: with the sheet's name on each row."""
    width = max(
        (k + 1 for row in grid for k, cell in enumerate(row) if cell is not None), default=0
    )
    cells = [
        [text(cell) for cell in (*row[:width], *[None] * (width - len(row)))] for row in grid[:ROWS]
    ]
    found = layout(cells, reading.header)
    notes = []
    names, twice = unique(found.names)
    if twice:
        notes.append(Message("door.twice", {"table": name, "file": path.name, "columns": twice}))
    if not found.named and reading.header is None:
        notes.append(
            Message("door.no_header", {"table": name, "file": path.name, "columns": names[:6]})
        )
    rows = [k for k in range(found.start, len(grid)) if any(cell is not None for cell in grid[k])]
    forced = {
        *reading.format,
        *(matching(names, reading.unpivot.columns) if reading.unpivot else ()),
    }
    columns: dict[str, pa.Array] = {}
    types: dict[str, str] = {}
    for k, column in enumerate(names):
        values = [grid[row][k] if k < len(grid[row]) else None for row in rows]
        if found.names[k] or any(value is not None for value in values):
            columns[column], types[column] = _column(values, column in forced)
    if named and SHEET not in columns:
        columns[SHEET], types[SHEET] = pa.array([title] * len(rows), pa.string()), "VARCHAR"
    if not columns:
        what, where = f"sheet {title!r} is empty", f"table {name!r}, file {path.name!r}"
        raise BadInput(what, where, "export the table again, or name another sheet in `sheet`")
    relation = f"kpilab_{uuid4().hex[:12]}"
    con.create_table(relation, pa.table(columns), temp=True)
    said = path.name if reading.sheet is None else f"{path.name}, {title}"
    place = lambda k: rows[k] + 1 if k < len(rows) else k  # noqa: E731  # the rows stay with it
    return Part(Raw(con, relation, name, said, None, place), types, tuple(notes))


def _column(values: Sequence[Any], as_text: bool) -> tuple[pa.Array, str]:
    """Cells of one kind as they are, all others as text to be examined."""
    kinds = {_kind(value) for value in values if value is not None}
    if as_text or len(kinds) != 1 or kinds & {"text", "clock"}:
        held = [
            None if value is None or not text(value).strip() else text(value) for value in values
        ]
        return pa.array(held, pa.string()), "VARCHAR" if kinds == {"clock"} else "?"
    (kind,) = kinds
    if kind == "truth":
        return pa.array(values, pa.bool_()), "BOOLEAN"
    if kind == "time":
        moments = [
            None
            if v is None
            else v
            if isinstance(v, datetime)
            else datetime(v.year, v.month, v.day)
            for v in values
        ]
        days = all(m is None or m.time() == time() for m in moments)
        return pa.array(moments, pa.timestamp("us")).cast(
            pa.date32() if days else pa.timestamp("us")
        ), "TIMESTAMP"
    whole = all(v is None or (float(v).is_integer() and abs(v) < EXACT) for v in values)
    if whole:
        return pa.array([None if v is None else int(v) for v in values], pa.int64()), "BIGINT"
    return pa.array([None if v is None else float(v) for v in values], pa.float64()), "DOUBLE"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, date):
        return "time"
    return "clock" if isinstance(value, time | timedelta) else "text"


def text(value: Any) -> str:
    """A cell as a person would have typed it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    if isinstance(value, datetime):
        return str(value.date() if value.time() == time() else value)
    return str(value)
