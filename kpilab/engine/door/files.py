"""Files beside a case become one lazy table of the engine: each read by what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from glob import glob
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import ibis

from kpilab.core.values import Message
from kpilab.engine.door import alike, columns, delimited, nested, workbook
from kpilab.engine.door.delimited import Part, matching
from kpilab.engine.door.encoding import raw as opened_bytes
from kpilab.engine.door.expand import expanded
from kpilab.engine.door.reading import Opened, Reading, Unpivot, wanted
from kpilab.engine.expression import quoted
from kpilab.errors import BadInput, nearest

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

TEXT, JSON, PARQUET, BOOK = "text", "json", "parquet", "workbook"
ENDINGS = {
    ".csv": TEXT, ".tsv": TEXT, ".txt": TEXT, ".csv.gz": TEXT, ".tsv.gz": TEXT, ".txt.gz": TEXT,
    ".json": JSON, ".jsonl": JSON, ".ndjson": JSON, ".json.gz": JSON, ".jsonl.gz": JSON,
    ".ndjson.gz": JSON, ".parquet": PARQUET, ".xlsx": BOOK, ".xlsm": BOOK, ".xls": BOOK,
}  # fmt: skip
# Which keys say something about which kind of file.
SAYS = {"sheet": (BOOK,), "header": (TEXT, BOOK), "encoding": (TEXT,)}
OLD_BOOK, ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
ROW = "kpilab row"
BLANK = "NULL"  # type of a column without any value
SHARED = 0.5  # columns that files of one table have in common, at least
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE")


def ending(source: str | Path) -> str:
    """The ending of a file we can read, in small letters; "" for any other."""
    name = Path(source).name.lower()
    return next((e for e in sorted(ENDINGS, key=len, reverse=True) if name.endswith(e)), "")


def opened(con: BaseBackend, source: str | Path, name: str, reading: Reading) -> Opened:
    """A file or pattern as a lazy table of the engine, and what is to be said of how it was read.

    Args:
        con: the engine; what is no embedded one gets the rows of text files handed over.
        source: the path; `*` stands for any signs.
        name: what the table is called, there and in errors.
        reading: what the case says of the file.

    Raises:
        BadInput: no such file, or one that cannot be read: with file, row, column and mend.
    """
    paths = found(source, name)
    kinds = {path: _kind(path, name) for path in paths}
    _said_in_vain(reading, set(kinds.values()), name)
    if con.name != "duckdb":
        return _handed_over(con, source, paths, kinds, name, reading)
    pieces = [
        piece
        for part in _parts(con, paths, kinds, name, reading)
        for piece in [_typed(part, name, reading)]
    ]
    if reading.decimal and not any(marked for *_, marked in pieces):
        what = "`decimal` changes nothing: no text holds a number with a point or comma"
        raise wanted(name, "decimal", what, "take it out")
    read = _united(con, [(part, query, notes) for part, query, notes, _ in pieces], name)
    if reading.expand is None:
        return read
    return replace(read, table=expanded(read.table, reading.expand, name))


def found(source: str | Path, name: str) -> list[Path]:
    """The files of a source, by name.

    Raises:
        BadInput: there is none.
    """
    path, where = Path(source), f"table {name!r}, key 'source'"
    if path.exists():
        return [path]
    if "*" not in str(source):
        raise BadInput(
            f"no file {str(source)!r}", where, "check the path; it is relative to case.yml"
        )
    files = sorted(
        Path(file) for file in glob(re.sub(r"([\[?])", r"[\1]", str(source)), recursive=True)
    )
    if not files:
        raise BadInput(f"no file matches {str(source)!r}", where, "check the pattern")
    return files


def _kind(path: Path, name: str) -> str:
    """What a file is, by its first bytes where its ending says something else."""
    where = f"table {name!r}, key 'source'"
    end = ending(path)
    if not end:
        what = f"cannot read files that end in {path.suffix!r}"
        raise BadInput(what, where, f"use one of {sorted(ENDINGS)}")
    try:
        with opened_bytes(path) as file:
            first = file.read(8)
    except OSError as error:
        raise BadInput(
            f"{path.name!r} cannot be read: {error.strerror or error}", where, "check the file"
        ) from None
    if first.startswith(OLD_BOOK):
        raise BadInput(
            f"{path.name!r} is a workbook of the old kind (.xls)",
            where,
            "open it and save it as xlsx or CSV",
        )
    if first.startswith(ZIP):
        return BOOK
    text = (
        not first
        or all(byte >= 32 or byte in b"\t\r\n" for byte in first)
        or first[:2] in (b"\xff\xfe", b"\xfe\xff")
    )
    return TEXT if ENDINGS[end] == BOOK and text and first else ENDINGS[end]


def _said_in_vain(reading: Reading, kinds: Iterable[str], name: str) -> None:
    """Refuse keys that change nothing for files of these kinds."""
    for key, able in SAYS.items():
        if getattr(reading, key) is not None and not set(able) & set(kinds):
            what = f"`{key}` changes nothing for {' and '.join(sorted(kinds))} files"
            raise wanted(name, key, what, "take it out")


def _parts(
    con: BaseBackend, paths: Sequence[Path], kinds: Mapping[Path, str], name: str, reading: Reading
) -> Iterable[Part]:
    """The rows of all files, those of one kind after the other."""
    texts = [path for path in paths if kinds[path] == TEXT]
    if texts:
        yield from delimited.parts(con, texts, name, reading, _workspace(con))
    for path in paths:
        if kinds[path] == BOOK:
            yield from workbook.parts(con, path, name, reading)
    for kind, reader in ((JSON, nested.from_json), (PARQUET, nested.from_parquet)):
        files = [path for path in paths if kinds[path] == kind]
        if files:
            yield reader(con, files, name, reading)


def _workspace(con: BaseBackend) -> Path:
    """The engine's own folder for what it puts aside."""
    ((place,),) = delimited.asked(con, "SELECT current_setting('temp_directory')")
    return Path(place or gettempdir())


def _typed(part: Part, name: str, reading: Reading) -> tuple[Part, str, tuple[Message, ...], bool]:
    """A part with every column as what it holds: the query for it, and what is said of it."""
    part = _unpivoted(part, name, reading.unpivot) if reading.unpivot else part
    _known(part, name, reading)
    read = columns.read(part.raw, part.open, reading)
    texts = [c for c in (*part.texts, *part.open) if c not in read.expressions]
    clean, trimmed = columns.trimmed(part.raw, texts)
    changed = {**clean, **read.expressions}
    chosen = ", ".join(
        f"{changed[c]} AS {quoted(c)}" if c in changed else quoted(c) for c in part.types
    )
    query, typed = f"SELECT {chosen} FROM {part.raw.relation}", None
    if changed and part.stored:
        typed = f"kpilab_{uuid4().hex[:12]}"
        part.raw.all(f"CREATE TEMP TABLE {typed} AS {query}")
        query = f"SELECT * FROM {typed}"
    names = _names(part.raw, typed or part.raw.relation, query, reading)
    lost = columns.unread(part.raw, read, typed)
    lost += columns.timeless(part.raw, reading.time, part.types)
    notes = (*part.notes, *read.notes, *lost, *trimmed, *names.notes)
    if names.sums:
        query = f"SELECT * FROM ({query}) WHERE NOT COALESCE({names.sums}, false)"
    if typed:
        part.raw.all(f"DROP TABLE {part.raw.relation}")
    types = {c: BLANK if c in read.blank else kind for c, kind in part.types.items()}
    return replace(part, types=types), query, notes, read.marked


def _names(raw: columns.Raw, relation: str, query: str, reading: Reading) -> alike.Found:
    """What is to be said of the names in the columns that tables are broken down by."""
    kinds = _schema(raw.con, query)
    texts = [c for c, kind in kinds.items() if kind == "VARCHAR"]
    texts = [c for c in texts if not reading.texts or c in reading.texts]
    stored = _schema(raw.con, f"SELECT * FROM {relation}")
    return alike.examined(raw, relation, [c for c in texts if c in stored], kinds)


def _known(part: Part, name: str, reading: Reading) -> None:
    """Refuse formats for columns that are not there, or that are times already."""
    for column in reading.format:
        if column not in part.types:
            raise wanted(
                name,
                "format",
                f"no column named {column!r} in {part.raw.file}",
                nearest(column, part.types),
            )


def _unpivoted(part: Part, name: str, unpivot: Unpivot) -> Part:
    """Columns that are values of one, below one another."""
    across = matching(list(part.types), unpivot.columns)
    sums = [c for c in part.types if c not in across and alike.TOTAL.fullmatch(c.strip().lower())]
    if not across:
        what = f"no column of {part.raw.file} is called {' or '.join(unpivot.columns)}"
        raise wanted(name, "unpivot.columns", what, nearest(unpivot.columns[0], part.types))
    rest = [c for c in part.types if c not in (*across, *sums)]
    said = {"table": name, "file": part.raw.file, "columns": tuple(sums)}
    notes = (*part.notes, *([Message("door.sums_across", said)] if sums else []))
    for key, column in (("name", unpivot.name), ("value", unpivot.value)):
        if column in rest:
            raise wanted(
                name,
                f"unpivot.{key}",
                f"there is a column {column!r} already",
                "choose another name",
            )
    text = ", ".join(f"CAST({quoted(c)} AS VARCHAR) AS {quoted(c)}" for c in across)
    chosen = ", ".join([f"rowid AS {quoted(ROW)}", *map(quoted, rest), text])
    relation = f"kpilab_{uuid4().hex[:12]}"
    part.raw.all(
        f"CREATE TEMP TABLE {relation} AS SELECT * FROM"
        f" (UNPIVOT (SELECT {chosen} FROM {part.raw.relation}) ON {', '.join(map(quoted, across))}"
        f" INTO NAME {quoted(unpivot.name)} VALUE {quoted(unpivot.value)})"
    )
    origin = part.raw.row

    def row(k: int) -> int | str:
        return origin(part.raw.all(f"SELECT {quoted(ROW)} FROM {relation} WHERE rowid = {k}")[0][0])

    types = {c: part.types[c] for c in rest} | {unpivot.name: "?", unpivot.value: "?"}
    return replace(
        part, raw=replace(part.raw, relation=relation, row=row), types=types, stored=True,
        notes=notes,
    )  # fmt: skip


def _united(
    con: BaseBackend, pieces: Sequence[tuple[Part, str, tuple[Message, ...]]], name: str
) -> Opened:
    """All parts below one another, by the names of their columns; what differs is said."""
    notes = [note for _, _, said in pieces for note in said]
    pieces = _alike(pieces)
    schemas = [
        {c: part.types[c] if part.types.get(c) == BLANK else kind
         for c, kind in _schema(con, query).items()} for part, query, _ in pieces
    ]  # fmt: skip
    if len(pieces) > 1:
        notes += _differences(pieces, schemas, name)
    union = " UNION ALL BY NAME ".join(
        _cast(query, schema, schemas) for (_, query, _), schema in zip(pieces, schemas, strict=True)
    )
    delimited.asked(con, f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {union}")
    return Opened(con.table(name), tuple(dict.fromkeys(notes)))


def _alike(
    pieces: Sequence[tuple[Part, str, tuple[Message, ...]]],
) -> list[tuple[Part, str, tuple[Message, ...]]]:
    """The parts with columns whose names differ in case alone called as in the first."""
    known: dict[str, str] = {}
    found = []
    for part, query, notes in pieces:
        called = {c: known.setdefault(c.lower(), c) for c in part.types}
        if any(c != name for c, name in called.items()):
            chosen = ", ".join(f"{quoted(c)} AS {quoted(name)}" for c, name in called.items())
            query = f"SELECT {chosen} FROM ({query})"  # the same rows
            part = replace(part, types={called[c]: k for c, k in part.types.items()})
        found.append((part, query, notes))
    return found


def _schema(con: Any, query: str) -> dict[str, str]:
    return {column: kind for column, kind, *_ in con.raw_sql(f"DESCRIBE {query}").fetchall()}


def _cast(query: str, schema: Mapping[str, str], schemas: Sequence[Mapping[str, str]]) -> str:
    """A part with the types that all parts can have."""
    chosen = [f"CAST({quoted(c)} AS {_common([s[c] for s in schemas if c in s])}) AS {quoted(c)}"
              if _common([s[c] for s in schemas if c in s]) != kind else quoted(c)
              for c, kind in schema.items()]  # fmt: skip
    return f"SELECT {', '.join(chosen)} FROM ({query})"


def _common(kinds: Sequence[str]) -> str:
    """The type that values of all these types can have; what holds none can have any."""
    kinds = [kind for kind in kinds if kind != BLANK] or ["DOUBLE"]
    if len(set(kinds)) == 1:
        return kinds[0]
    if all(kind in NUMBERS or kind.startswith("DECIMAL") for kind in kinds):
        return max(kinds, key=lambda kind: NUMBERS.index(kind) if kind in NUMBERS else len(NUMBERS))
    return (
        "TIMESTAMP" if all(kind.startswith(("DATE", "TIMESTAMP")) for kind in kinds) else "VARCHAR"
    )


def _differences(
    pieces: Sequence[tuple[Part, str, tuple[Message, ...]]],
    schemas: Sequence[Mapping[str, str]],
    name: str,
) -> list[Message]:
    """Columns that only some files have, and columns that are of two kinds."""
    files = [part.raw.file for part, _, _ in pieces]
    every = list(dict.fromkeys(c for schema in schemas for c in schema))
    partly = {c: [k for k, schema in enumerate(schemas) if c not in schema] for c in every}
    partly = {c: gone for c, gone in partly.items() if gone}
    shared = len(every) - len(partly)
    if shared < SHARED * min(len(schema) for schema in schemas):
        lists = "; ".join(
            f"{file}: {', '.join(schema)}"[:160]
            for file, schema in zip(files[:3], schemas, strict=False)
        )
        what = f"the files are not one table: they share {shared} of {len(every)} columns ({lists})"
        raise BadInput(
            what,
            f"table {name!r}, key 'source'",
            "name files of one table, or give the others tables of their own",
        )
    notes = []
    for column, gone in partly.items():
        other = _instead(column, partly, len(pieces))
        values = {
            "table": name,
            "column": column,
            "files": tuple(files[k] for k in gone[:3]),
            "missing": len(gone),
        }
        notes.append(Message("door.absent", values | ({"other": other} if other else {})))
    for column in every:
        kinds = [s[column] for s in schemas if s.get(column, BLANK) != BLANK]
        if len(set(kinds)) > 1 and _common(kinds) == "VARCHAR":
            same = (kinds[0], BLANK)
            odd = next(k for k, s in enumerate(schemas) if s.get(column, BLANK) not in same)
            notes.append(
                Message("door.kinds", {"table": name, "column": column, "file": files[odd]})
            )
    return notes


def _instead(column: str, partly: Mapping[str, Sequence[int]], files: int) -> str | None:
    """The column that just those files have in which one is missing: it may have been renamed."""
    gone = set(partly[column])
    fits = (c for c, a in partly.items() if not gone & set(a) and len(gone | set(a)) == files)
    return next(fits, None)


def _handed_over(
    con: BaseBackend,
    source: str | Path,
    paths: Sequence[Path],
    kinds: Mapping[Path, str],
    name: str,
    reading: Reading,
) -> Opened:
    """The table in another engine, which reads parquet itself; all else is handed over, and goes
    with the session."""
    if set(kinds.values()) == {PARQUET}:
        return Opened(con.read_parquet(str(source), table_name=name))
    read = opened(ibis.duckdb.connect(), source, name, reading)
    rows = read.table.to_pyarrow()
    if con.name == "pyspark":
        frame = con._session.createDataFrame(rows)  # type: ignore[attr-defined]  # Spark's own
        frame.createOrReplaceTempView(name)
        return Opened(con.table(name), read.notes)
    return Opened(con.create_table(name, rows, temp=True, overwrite=True), read.notes)
