"""The parts of a table below one another, by the names of their columns: what differs between the
files is said, and rows that stand in two of them count once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from kpilab.core.values import Message
from kpilab.engine.door import alike
from kpilab.engine.door.delimited import FILE, Part, asked
from kpilab.engine.door.doubled import doubled
from kpilab.engine.door.raw import Raw
from kpilab.engine.door.reading import Opened
from kpilab.engine.expression import quoted
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

BLANK = "NULL"  # type of a column without any value
SHARED = 0.5  # columns that files of one table have in common, at least
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE")
MOST_ROWS = 1 << 48  # of a piece: the numbers of the next begin there


@dataclass(frozen=True, slots=True)
class Piece:
    """A part as it is read.

    Attributes:
        part: the rows as in the files. relation: the table that holds them, numbered by `rowid`.
        columns: column -> the expression that reads it. rows: which of them count; "" for all.
        notes: what is said of it. marked: whether a number holds a point or comma.
    """

    part: Part
    relation: str
    columns: Mapping[str, str]
    rows: str
    notes: tuple[Message, ...]
    marked: bool = False

    @property
    def query(self) -> str:
        """The rows that count, in their columns."""
        return self._query({})

    @property
    def placed(self) -> str:
        """The same, with the file and the number of each row."""
        raw = self.part.raw
        return self._query({FILE: raw.origin, "rowid": "rowid"})

    def _query(self, more: Mapping[str, str]) -> str:
        chosen = ", ".join(
            sql if sql == quoted(c) else f"{sql} AS {quoted(c)}"
            for c, sql in {**self.columns, **more}.items()
        )
        where = f" WHERE {self.rows}" if self.rows else ""
        return f"SELECT {chosen} FROM {self.relation}{where}"


def united(con: BaseBackend, pieces: Sequence[Piece], name: str, time: frozenset[str]) -> Opened:
    """All pieces as one table of the engine.

    Args:
        con: the engine. pieces: the parts of the table. name: what it is called.
        time: columns of the time that puts a row into a period, if known.

    Raises:
        BadInput: the files are not one table.
    """
    notes = [note for piece in pieces for note in piece.notes]
    pieces = _alike(pieces)
    schemas = [
        {c: BLANK if piece.part.types.get(c) == BLANK else kind
         for c, kind in schema(con, piece.query).items()} for piece in pieces
    ]  # fmt: skip
    if len(pieces) > 1:
        notes += _differences(pieces, schemas, name)
    kinds = {c: _common([s[c] for s in schemas if c in s]) for s in schemas for c in s}
    daily: Mapping[date, int] = {}
    whole = _whole(con, pieces, schemas, kinds, name)
    if len(whole.files) > 1:
        texts = [c for c, kind in kinds.items() if kind == "VARCHAR"] if len(pieces) > 1 else []
        notes += alike.spelt_apart(whole, texts, [n for n in notes if n.key == "door.spellings"])
        found = doubled(whole, kinds, time)
        if found:
            pieces = [_without(piece, k, found.gone) for k, piece in enumerate(pieces)]
            notes, daily = [*notes, found.note], found.daily
    union = " UNION ALL BY NAME ".join(
        _cast(piece.query, own, kinds) for piece, own in zip(pieces, schemas, strict=True)
    )
    asked(con, f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {union}")
    return Opened(con.table(name), tuple(dict.fromkeys(notes)), daily)


def _alike(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with columns whose names differ in case alone called as in the first."""
    known: dict[str, str] = {}
    found = []
    for piece in pieces:
        called = {c: known.setdefault(c.lower(), c) for c in piece.columns}
        types = {called[c]: kind for c, kind in piece.part.types.items()}
        columns = {called[c]: sql for c, sql in piece.columns.items()}
        found.append(replace(piece, part=replace(piece.part, types=types), columns=columns))
    return found


def _whole(
    con: Any, pieces: Sequence[Piece], schemas: Sequence[Mapping[str, str]],
    kinds: Mapping[str, str], name: str,
) -> Raw:  # fmt: skip
    """The rows of all pieces, numbered through, with the file of each."""
    rows = " UNION ALL BY NAME ".join(
        f"SELECT * REPLACE (rowid + {k * MOST_ROWS} AS rowid)"
        f" FROM ({_cast(piece.placed, own, kinds, (FILE, 'rowid'))})"
        for k, (piece, own) in enumerate(zip(pieces, schemas, strict=True))
    )
    files: dict[str, str] = {}
    for raw in (piece.part.raw for piece in pieces):
        files |= raw.files or {raw.file: raw.file}

    def row(k: int) -> int | str:
        raw = pieces[k // MOST_ROWS].part.raw
        number = raw.row(k % MOST_ROWS)
        return number if raw.files else f"{raw.file}: {number}"

    said = " … ".join(dict.fromkeys((pieces[0].part.raw.file, pieces[-1].part.raw.file)))
    return Raw(con, f"({rows})", name, said, None, row, FILE, files)


def _without(piece: Piece, k: int, gone: str) -> Piece:
    """A piece without the rows that another holds."""
    if piece.part.stored:
        piece.part.raw.all(
            f"DELETE FROM {piece.relation} WHERE rowid IN"
            f" (SELECT nr - {k * MOST_ROWS} FROM {gone} WHERE nr // {MOST_ROWS} = {k})"
        )
        return piece
    apart = f"rowid + {k * MOST_ROWS} NOT IN (SELECT nr FROM {gone})"
    return replace(piece, rows=f"{piece.rows} AND {apart}" if piece.rows else apart)


def schema(con: Any, query: str) -> dict[str, str]:
    """Column -> type of what a query gives."""
    return {column: kind for column, kind, *_ in con.raw_sql(f"DESCRIBE {query}").fetchall()}


def _cast(
    query: str, own: Mapping[str, str], kinds: Mapping[str, str], more: Sequence[str] = ()
) -> str:
    """A piece with the types that all pieces can have."""
    chosen = [quoted(c) if kinds[c] == kind else f"CAST({quoted(c)} AS {kinds[c]}) AS {quoted(c)}"
              for c, kind in own.items()]  # fmt: skip
    return f"SELECT {', '.join([*chosen, *map(quoted, more)])} FROM ({query})"


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
    pieces: Sequence[Piece],
    schemas: Sequence[Mapping[str, str]],
    name: str,
) -> list[Message]:
    """Columns that only some files have, and columns that are of two kinds."""
    files = [piece.part.raw.file for piece in pieces]
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
