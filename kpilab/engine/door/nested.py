"""Files that carry types: json, with what is nested unfolded, and parquet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from kpilab.core.values import Message
from kpilab.engine.dialect import session_zone
from kpilab.engine.door.delimited import FILE, Part, escaped
from kpilab.engine.door.raw import Raw
from kpilab.engine.door.reading import Reading
from kpilab.engine.expression import literal, quoted
from kpilab.errors import BadInput

DEEPEST = 3
DATED = re.compile(r'("(?:[^"]|"")*")|\b(?:DATE|TIMESTAMP(?: WITH TIME ZONE)?)\b')  # unless a name
MOST_ROWS = 1 << 32  # of a file: the numbers of the next begin there


def from_json(con: Any, files: Sequence[Path], name: str, reading: Reading) -> Part:
    """Rows of json: a list of objects, one object a line, or an object that holds the list.

    Raises:
        BadInput: no json, or no rows in it.
    """
    relation = f"kpilab_{uuid4().hex[:12]}"
    options = "union_by_name = true, sample_size = -1, map_inference_threshold = -1"
    options += f", filename = {literal(FILE)}" if len(files) > 1 else ""
    source = f"SELECT * FROM read_json([{_listed(files)}], {options}"
    where = f"table {name!r}, file {files[0].name!r}"
    try:
        query = _rows(con, f"{source}{_undated(con, f'{source})')})")
        for _ in range(DEEPEST):
            flat = _flat(con, query)
            if flat == query:
                break
            query = flat
        own = next((c for c in _kinds(con, query) if c.lower() == "rowid"), None)
        called = f"RENAME ({quoted(own)} AS rowid_1)" if own else ""  # the engine's own is `rowid`
        con.raw_sql(f"CREATE TEMP TABLE {relation} AS SELECT * {called} FROM ({query})")
    except Exception as error:  # whatever the engine calls it
        raise BadInput(
            f"cannot be read: {str(error).partition(chr(10))[0][:200]}",
            where,
            "save it as a list of objects",
        ) from error
    kinds = _kinds(con, f"SELECT * FROM {relation}")
    source = FILE if kinds.pop(FILE, None) else None  # a list inside of an object has lost it
    types = {column: "?" if kind == "VARCHAR" else kind for column, kind in kinds.items()}
    starts = dict(con.raw_sql(f"SELECT {quoted(FILE)}, min(rowid) FROM {relation} GROUP BY 1")
                  .fetchall()) if source else {}  # fmt: skip

    def row(k: int) -> int | str:
        file, first = max(((f, s) for f, s in starts.items() if s <= k), key=lambda p: p[1])
        return f"{Path(file).name}: {k - first + 1}"

    names = {file: Path(file).name for file in starts}
    place = row if source else lambda k: k + 1
    return Part(Raw(con, relation, name, _said(files), None, place, source, names), types, ())


def _undated(con: Any, query: str) -> str:
    """The option that leaves times as the texts they are: how they are written, all of their values
    tell; the engine would take 11-01-25 for a day of the year 11."""
    kinds = {c: kind for c, kind in _kinds(con, query).items() if c != FILE}
    plain = {c: DATED.sub(lambda m: m[1] or "VARCHAR", kind) for c, kind in kinds.items()}
    if plain == kinds:
        return ""
    return f", columns = {{{', '.join(f'{literal(c)}: {literal(k)}' for c, k in plain.items())}}}"


def _kinds(con: Any, query: str) -> dict[str, str]:
    return {column: kind for column, kind, *_ in con.raw_sql(f"DESCRIBE {query}").fetchall()}


def _rows(con: Any, query: str, deep: int = DEEPEST) -> str:
    """The list of objects that a single object holds, at once or in objects of it; or the rows as
    they are."""
    kinds = _kinds(con, query)
    lists = [c for c, kind in kinds.items() if kind.startswith("STRUCT") and kind.endswith("[]")]
    (count,) = con.raw_sql(f"SELECT count(*) FROM ({query})").fetchone()
    if count == 1 and not lists and deep:
        inner = [c for c, kind in kinds.items() if kind.startswith("STRUCT") and ")[]" in kind]
        chosen = ", ".join(f"unnest({quoted(c)})" for c in inner)
        return _rows(con, f"SELECT {chosen} FROM ({query})", deep - 1) if inner else query
    if count != 1 or not lists:
        return query
    longest = max(
        lists,
        key=lambda c: con.raw_sql(
            f"SELECT coalesce(len({quoted(c)}), 0) FROM ({query})"
        ).fetchone()[0],
    )
    listed = f"SELECT unnest({quoted(longest)}) AS list_row FROM ({query})"
    return f"SELECT unnest(list_row, max_depth := 1) FROM ({listed})"


def _flat(con: Any, query: str) -> str:
    """Objects inside a row as columns of it, under both names: `properties_amount`."""
    kinds = _kinds(con, query)
    taken = {c.lower() for c, kind in kinds.items() if not kind.startswith("STRUCT")}
    chosen = []
    for column, kind in kinds.items():
        if kind == "JSON":  # values of several kinds
            chosen.append(f"json_extract_string({quoted(column)}, '$') AS {quoted(column)}")
            continue
        if not (kind.startswith("STRUCT") and kind.endswith(")")):
            chosen.append(quoted(column))
            continue
        for inner in _kinds(con, f"SELECT unnest({quoted(column)}) FROM ({query})"):
            # What a database says of a value's type is no name: {"$numberDecimal": "1.5"}.
            own = column if inner.startswith("$") else f"{column}_{inner}"
            while own.lower() in taken:
                own += "_"
            taken.add(own.lower())
            chosen.append(f"struct_extract({quoted(column)}, {literal(inner)}) AS {quoted(own)}")
    nested = any(
        kind == "JSON" or (kind.startswith("STRUCT") and kind.endswith(")"))
        for kind in kinds.values()
    )
    return f"SELECT {', '.join(chosen)} FROM ({query})" if nested else query


def from_parquet(con: Any, files: Sequence[Path], name: str, reading: Reading) -> Part:
    """Rows of parquet, which stay in the files; times in the zone they carry, or the case names.

    Raises:
        BadInput: no parquet, or columns of kinds that do not go together.
    """
    options = f"union_by_name = true, file_row_number = true, filename = {literal(FILE)}"
    source = f"read_parquet([{_listed(files)}], {options})"
    try:
        kinds = _kinds(con, f"SELECT * EXCLUDE (file_row_number, {quoted(FILE)}) FROM {source}")
        con.raw_sql(f"SELECT * FROM {source} LIMIT 0")
    except Exception as error:  # whatever the engine calls it
        what = f"cannot be read: {str(error).partition(chr(10))[0][:200]}"
        raise BadInput(
            what, f"table {name!r}, file {_said(files)!r}", "write the files with the same types"
        ) from error
    notes, zone = [], None if reading.zone else _zone(files[0])
    names = {str(file): file.name for file in files} if len(files) > 1 else {}
    listed = ", ".join(map(literal, names))
    at = f"(list_position([{listed}], {quoted(FILE)}) - 1) * {MOST_ROWS} + " if names else ""
    chosen = [f"{at}file_row_number AS rowid", *([quoted(FILE)] if names else [])]
    called = {c: "rowid_1" if c.lower() == "rowid" else c for c in kinds}
    for column, kind in kinds.items():
        if kind == "TIMESTAMP WITH TIME ZONE" and zone and zone != session_zone(con):
            chosen.append(f"timezone({literal(zone)}, {quoted(column)}) AS {quoted(column)}")
            notes.append(Message("door.zone", {"table": name, "column": column, "zone": zone}))
        else:
            chosen.append(f"{quoted(column)} AS {quoted(called[column])}")
    relation = f"(SELECT {', '.join(chosen)} FROM {source})"
    types = {called[c]: "?" if kind == "VARCHAR" else kind for c, kind in kinds.items()}
    row = lambda k: (  # noqa: E731  # the number in its own file
        f"{files[k // MOST_ROWS].name}: {k % MOST_ROWS + 1}" if names else k + 1
    )
    raw = Raw(con, relation, name, _said(files), None, row, FILE if names else None, names)
    return Part(raw, types, tuple(_missing(files, name)) + tuple(notes), stored=False)


def _missing(files: Sequence[Path], name: str) -> list[Message]:
    """Columns that some of the files do not have."""
    if len(files) < 2:
        return []
    schemas = {file.name: set(pq.read_schema(file).names) for file in files}
    every = dict.fromkeys(c for held in schemas.values() for c in sorted(held))
    notes = []
    for column in every:
        gone = [file for file, held in schemas.items() if column not in held]
        if gone:
            values = {
                "table": name,
                "column": column,
                "files": tuple(gone[:3]),
                "missing": len(gone),
            }
            notes.append(Message("door.absent", values))
    return notes


def _zone(file: Path) -> str | None:
    """The zone that all times of a parquet file are said to be in."""
    kinds = pq.read_schema(file).types
    zones = {kind.tz for kind in kinds if pa.types.is_timestamp(kind) and kind.tz}
    return zones.pop() if len(zones) == 1 else None


def _listed(files: Sequence[Path]) -> str:
    return ", ".join(literal(escaped(file)) for file in files)


def _said(files: Sequence[Path]) -> str:
    return files[0].name if len(files) == 1 else f"{files[0].name} … {files[-1].name}"
