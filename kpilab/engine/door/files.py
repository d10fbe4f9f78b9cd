"""Files beside a case become one lazy table of the engine: each read by what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from glob import glob
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING
from uuid import uuid4

import ibis

from kpilab.core.values import Message
from kpilab.engine.door import alike, columns, delimited, nested, workbook
from kpilab.engine.door.delimited import Part, matching
from kpilab.engine.door.digits import evened
from kpilab.engine.door.encoding import raw as opened_bytes
from kpilab.engine.door.expand import expanded
from kpilab.engine.door.order import Elsewhere, Orders
from kpilab.engine.door.raw import Raw
from kpilab.engine.door.reading import Opened, Reading, Unpivot, wanted
from kpilab.engine.door.united import BLANK, Piece, schema, united
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
ANY_ENDING = ".*"


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
    parts = [
        replace(part, raw=evened(part.raw, part.open, stored=part.stored))
        for part in _parts(con, paths, kinds, name, reading)
    ]
    told: dict[str, Orders] = {}
    pieces = [
        _typed(part, name, reading, _elsewhere(parts, k, reading, told))
        for k, part in enumerate(parts)
    ]
    if reading.decimal and not any(piece.marked for piece in pieces):
        what = "`decimal` changes nothing: no text holds a number with a point or comma"
        raise wanted(name, "decimal", what, "take it out")
    read = united(con, pieces, name, reading.time)
    if reading.expand is None:
        return read
    return replace(read, table=expanded(read.table, reading.expand, name))


def is_file(source: str) -> bool:
    """Whether a source is a file, or a pattern of files, that can be read."""
    return bool(ending(source)) or source.endswith(ANY_ENDING)


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
    if str(source).endswith(ANY_ENDING):
        files = [f for f in files if ending(f) and not f.name.startswith((".", "~"))]
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


def _typed(part: Part, name: str, reading: Reading, elsewhere: Elsewhere | None) -> Piece:
    """A part with every column as what it holds, and what is said of it."""
    part = _unpivoted(part, name, reading.unpivot) if reading.unpivot else part
    _known(part, name, reading)
    read = columns.read(part.raw, part.open, reading, elsewhere)
    known = {*read.expressions, *read.unpadded}
    texts = [c for c in (*part.texts, *part.open) if c not in known]
    clean, trimmed = columns.trimmed(part.raw, texts)
    changed = {**clean, **read.expressions}
    chosen = {c: changed.get(c, quoted(c)) for c in part.types}
    relation, typed = part.raw.relation, None
    if changed and part.stored:
        relation = typed = f"kpilab_{uuid4().hex[:12]}"
        kept = [f"{sql} AS {quoted(c)}" for c, sql in chosen.items()]
        kept += [quoted(part.raw.source)] if part.raw.source else []
        part.raw.all(
            f"CREATE TEMP TABLE {typed} AS SELECT {', '.join(kept)} FROM {part.raw.relation}"
        )
        chosen = {c: quoted(c) for c in chosen}
    piece = Piece(part, relation, chosen, "", ())
    names = _names(part.raw, piece, reading)
    lost = columns.unread(part.raw, read, typed)
    lost += columns.timeless(part.raw, reading.time, part.types)
    notes = (*part.notes, *read.notes, *lost, *trimmed, *names.notes)
    if typed:
        part.raw.all(f"DROP TABLE {part.raw.relation}")
    types = {c: BLANK if c in read.blank else kind for c, kind in part.types.items()}
    rows = f"NOT COALESCE({names.sums}, false)" if names.sums else ""
    return Piece(replace(part, types=types), relation, chosen, rows, notes, read.marked)


def _names(raw: Raw, piece: Piece, reading: Reading) -> alike.Found:
    """What is to be said of the names in the columns that tables are broken down by."""
    kinds = schema(raw.con, piece.query)
    texts = [c for c, kind in kinds.items() if kind == "VARCHAR"]
    texts = [c for c in texts if not reading.texts or c in reading.texts]
    stored = schema(raw.con, f"SELECT * FROM {piece.relation}")
    return alike.examined(raw, piece.relation, [c for c in texts if c in stored], kinds)


def _elsewhere(
    parts: Sequence[Part], at: int, reading: Reading, told: dict[str, Orders]
) -> Elsewhere:
    """What the other files of a table show of the order of a column's days; parts before `at` hold
    no days that could be read in two ways, or have been asked."""

    def asked(column: str) -> Orders:
        if column.lower() not in told:
            told[column.lower()] = {
                file: first
                for part in parts[at:]
                for own in part.open
                if own.lower() == column.lower() and own not in reading.format
                for file, first in columns.orders(part.raw, own, reading).items()
            }
        return told[column.lower()]

    return asked


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
