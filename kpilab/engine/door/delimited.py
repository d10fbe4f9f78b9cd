"""Text files of rows and separators: looked at by their beginning, read as a whole by the engine.

Files that look alike are read in one go. Where the engine meets a value that the beginning did not
promise, all columns are read as text and decided by all of their values; rows with too many or too
few cells are left out, counted and named.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from kpilab.core.values import Message
from kpilab.engine.door import encoding, layout
from kpilab.engine.door.anew import GUARDED, unguarded, written
from kpilab.engine.door.digits import plain
from kpilab.engine.door.raw import Raw
from kpilab.engine.door.reading import FIRST_ROWS, NOTHING, Reading
from kpilab.engine.expression import literal, quoted
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

FILE = "kpilab file"
ANEW = "utf-8-sig"  # text of line ends the engine does not take is written anew
MOST_LOST = 0.01  # share of rows with too many or too few cells above which more is wrong
WHOLE, FLOAT = re.compile(r"-?(?:0|[1-9]\d{0,17})"), re.compile(r"-?\d+\.\d+(?:[eE][+-]?\d+)?")
DAY, MOMENT = (
    re.compile(r"\d{4}-\d\d-\d\d"),
    re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?"),
)
DIRECT = (
    (DAY, "DATE"),
    (MOMENT, "TIMESTAMP"),
    (re.compile("true|false", re.IGNORECASE), "BOOLEAN"),
    (WHOLE, "BIGINT"),
)
FROM_TO = {"TOO MANY COLUMNS": "more", "MISSING COLUMNS": "fewer"}


@dataclass(frozen=True, slots=True)
class Look:
    """What the beginning of a file shows; files of which all this is alike are read together.

    Attributes:
        encoding, separator: of the text. names: of the columns. skip: lines before the data.
        types: of the columns, by all values of the beginning; "?" for what must be examined.
        named: whether a row of the file names the columns. guarded: whether it has cells
            that a work sheet is to take as text (`="007"`).
    """

    encoding: str
    separator: str
    names: tuple[str, ...]
    skip: int
    types: tuple[str, ...]
    notes: tuple[Message, ...] = ()
    named: bool = True
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Rows as in the files: kinds of columns, what is said of them, whether they are stored."""

    raw: Raw
    types: Mapping[str, str]
    notes: tuple[Message, ...]
    stored: bool = True

    @property
    def open(self) -> list[str]:
        """Columns that may hold anything."""
        return [c for c, kind in self.types.items() if kind == "?"]

    @property
    def texts(self) -> list[str]:
        return [c for c, kind in self.types.items() if kind == "VARCHAR"]


def parts(
    con: BaseBackend, paths: Sequence[Path], name: str, reading: Reading, workspace: Path
) -> Iterator[Part]:
    """The rows of the files, those that look alike together.

    Raises:
        BadInput: what cannot be read, with file, row and mend.
    """
    groups: dict[Look, list[Path]] = {}
    looks = {path: looked(path, name, reading) for path in paths}
    for path, look in looks.items():
        groups.setdefault(_named(look, looks.values(), path, name), []).append(path)
    for look, files in groups.items():
        yield _loaded(con, files, name, look, reading, workspace)


def _named(look: Look, looks: Iterable[Look], path: Path, name: str) -> Look:
    """A file that names no columns with the names of one that does, where they are as many of the
    same kinds."""
    fits = (k for k in looks if k.named and not look.named and _as_wide(k, look))
    other = next(fits, None)
    if other is None:
        return look
    said = {"table": name, "file": path.name, "columns": other.names[:6]}
    kept = tuple(n for n in look.notes if n.key != "door.no_header")
    return replace(look, names=other.names, notes=(*kept, Message("door.no_header", said)))


def _as_wide(one: Look, other: Look) -> bool:
    pairs = list(zip(one.types, other.types, strict=False))
    texts = [(a == "VARCHAR") == (b == "VARCHAR") for a, b in pairs]
    return len(one.types) == len(other.types) and all(texts)


def looked(path: Path, name: str, reading: Reading, *, doubted: bool = False) -> Look:
    """What the beginning of a file shows.

    Raises:
        BadInput: no text, an unknown encoding, or no row at all.
    """
    code = encoding.sniffed(path, reading.encoding, name, doubted=doubted)
    text = encoding.head(path, code)
    _check(text, path, name)
    guarded = bool(GUARDED.search(text))
    text = unguarded(text) if guarded else text
    try:
        sign, told = layout.separator(text)
        body = text.partition("\n")[2] if told else text
        rows = layout.parsed(body, sign)
    except csv.Error as error:
        where = f"table {name!r}, file {path.name!r}"
        raise BadInput(f"cannot be read: {error}", where, "save it again as CSV (UTF-8)") from None
    found = layout.layout(rows, None if reading.header is None else max(0, reading.header - told))
    names, twice = layout.unique(found.names)
    notes = []
    if twice:
        notes.append(Message("door.twice", {"table": name, "file": path.name, "columns": twice}))
    if not found.named and reading.header is None:
        notes.append(
            Message("door.no_header", {"table": name, "file": path.name, "columns": names[:6]})
        )
    cells = [
        [plain(row[k].strip()) for row in rows[found.start :] if k < len(row)]
        for k in range(len(names))
    ]
    forced = {*reading.format, *_unpivoted(names, reading)}
    types = tuple(
        "?" if n in forced else _type(c, sign, reading) for n, c in zip(names, cells, strict=True)
    )
    if code in ("utf-8", "utf-8-sig"):
        ends = text.count("\r\n"), text.count("\n"), text.count("\r")
        anew = guarded or sign == " " or (len(set(ends)) > 1 and ends != (0, ends[1], 0))
        code = ANEW if anew else "utf-8"
    named = found.named or reading.header is not None
    skip = told + _lines(body, sign, found.start)
    return Look(code, sign, names, skip, types, tuple(notes), named, guarded)


def _check(text: str, path: Path, name: str) -> None:
    where, start = f"table {name!r}, file {path.name!r}", text.lstrip()[:200].lower()
    if not start:
        raise BadInput("the file is empty", where, "export the table again")
    if start.startswith(("<html", "<!doctype", "<?xml", "<table", "<body")):
        raise BadInput(
            "the file is a web page, no table of text",
            where,
            "open it, and save it as xlsx or CSV (UTF-8)",
        )


def _lines(text: str, sign: str, rows: int) -> int:
    """How many lines the first rows take: a name may go over several."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = plain.split("\n")
    for count in range(rows, min(len(lines), rows + 100) + 1):
        if len(layout.parsed("\n".join([*lines[:count], "x"]), sign)) == rows:
            return count
    return rows


def _unpivoted(names: Sequence[str], reading: Reading) -> list[str]:
    return matching(names, reading.unpivot.columns) if reading.unpivot else []


def matching(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The names that meet one of the patterns (`*`, `?`)."""
    tests = [
        re.compile(re.escape(p).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
        for p in patterns
    ]
    return [n for n in names if any(t.fullmatch(n) for t in tests)]


def _type(cells: Sequence[str], sign: str, reading: Reading) -> str:
    """The type that a column's first cells have; "?" where all of its values are needed to tell."""
    held = [cell for cell in cells if cell]
    for pattern, kind in DIRECT:
        if held and all(pattern.fullmatch(cell) for cell in held):
            return kind
    if (
        held
        and reading.decimal is None
        and all(WHOLE.fullmatch(c) or FLOAT.fullmatch(c) for c in held)
    ):
        ends = [c.partition(".") for c in held if "." in c]
        if any(
            len(behind) != 3 or ahead.lstrip("-").startswith("0") or len(ahead) > 4
            for ahead, _, behind in ends
        ):
            return "DOUBLE"
    kinds = [layout.kind(cell) for cell in held if cell.lower() not in NOTHING]
    told = sum(k != "text" for k in kinds)
    return "?" if not kinds or told >= 0.5 * len(kinds) else "VARCHAR"


def _loaded(
    con: BaseBackend,
    files: Sequence[Path],
    name: str,
    look: Look,
    reading: Reading,
    workspace: Path,
) -> Part:
    """The rows of files that look alike: with the types of the beginning, or else as text."""
    sources = [_plain(path, look, name, workspace) for path in files]
    try:
        relation = _created(con, sources, look, len(files) > 1, rejects=None)
        return Part(_raw(con, relation, files, sources, name, look, ()), _kinds(look), look.notes)
    except Exception as error:  # whatever the engine calls it
        if "memory" in str(error).lower():
            raise
    as_text = replace(look, types=tuple("?" if t != "VARCHAR" else t for t in look.types))
    rejects = f"kpilab_{uuid4().hex[:12]}"
    try:
        relation = _created(con, sources, as_text, len(files) > 1, rejects)
    except Exception as error:
        if look.encoding == "utf-8":  # line ends of several kinds, far down
            return _loaded(con, files, name, replace(look, encoding=ANEW), reading, workspace)
        what = f"{files[0].name!r} cannot be read: {str(error).partition(chr(10))[0][:200]}"
        raise BadInput(
            what,
            f"table {name!r}, key 'source'",
            "save it again as CSV (UTF-8) with a row of names",
        ) from error
    lost = asked(
        con,
        f"SELECT s.file_path, r.line, r.error_type, r.csv_line FROM {rejects} r"
        f" JOIN {rejects}s s USING (scan_id, file_id) ORDER BY 1, 2",
    )
    for table in (rejects, f"{rejects}s"):
        asked(con, f"DROP TABLE {table}")
    if any(kind == "INVALID ENCODING" for _, _, kind, _ in lost) and reading.encoding is None:
        asked(con, f"DROP TABLE {relation}")
        code = encoding.sniffed(files[0], None, name, doubted=True)
        return _loaded(
            con,
            files,
            name,
            replace(look, encoding=code),
            replace(reading, encoding=code),
            workspace,
        )
    named = {str(source): path for source, path in zip(sources, files, strict=True)}
    once = {(file, line): (kind, text) for file, line, kind, text in reversed(lost)}
    gone = [(named.get(f, Path(f)), int(n), *once[f, n]) for f, n in sorted(once)]
    notes = _ragged(con, relation, gone, name, look)
    return Part(
        _raw(con, relation, files, sources, name, look, gone),
        _kinds(as_text),
        (*look.notes, *notes),
    )


def _kinds(look: Look) -> dict[str, str]:
    return dict(zip(look.names, look.types, strict=True))


def asked(con: BaseBackend, query: str) -> list[tuple[Any, ...]]:
    """What a statement gives."""
    return cast("Any", con).raw_sql(query).fetchall()


def _plain(path: Path, look: Look, name: str, workspace: Path) -> Path:
    """The file itself, or its text written anew as UTF-8, which every engine reads."""
    if look.encoding == "utf-8":
        return path
    blanks = look.separator == " "
    return written(path, look.encoding, name, workspace, guarded=look.guarded, blanks=blanks)


def _created(
    con: BaseBackend, sources: Sequence[Path], look: Look, many: bool, rejects: str | None
) -> str:
    """Read files into a passing table of the engine; its name."""
    relation = f"kpilab_{uuid4().hex[:12]}"
    columns = ", ".join(
        f"{literal(n)}: '{t.replace('?', 'VARCHAR')}'" for n, t in _kinds(look).items()
    )
    options = [
        f"columns = {{{columns}}}",
        f"delim = {literal(look.separator)}, quote = '\"', escape = '\"'",
        f"header = false, skip = {look.skip}",
        "auto_detect = false",
        *(
            [f"store_rejects = true, rejects_table = '{rejects}', rejects_scan = '{rejects}s'"]
            if rejects
            else []
        ),
        *(["filename = " + literal(FILE)] if many else []),
    ]
    files = ", ".join(literal(escaped(path)) for path in sources)
    asked(
        con,
        f"CREATE TEMP TABLE {relation} AS SELECT * FROM read_csv([{files}], {', '.join(options)})",
    )
    return relation


def escaped(path: Path | str) -> str:
    """A path as the engine's patterns take it: no sign in it stands for others."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _raw(
    con: BaseBackend,
    relation: str,
    files: Sequence[Path],
    sources: Sequence[Path],
    name: str,
    look: Look,
    lost: Sequence[tuple[Path, int, str, str]],
) -> Raw:
    """The rows with their numbers in the files."""
    starts, order = [0], [files[0]]
    if len(files) > 1:
        own = {str(source): path for source, path in zip(sources, files, strict=True)}
        found = asked(
            con, f"SELECT {quoted(FILE)}, min(rowid) FROM {relation} GROUP BY 1 ORDER BY 2"
        )
        starts = [int(first) for _, first in found] or [0]
        order = [own.get(file, Path(file)) for file, _ in found] or [files[0]]

    def row(k: int) -> int | str:
        at = bisect_right(starts, k) - 1
        number = k - starts[at] + look.skip + 1
        for line in sorted(line for file, line, *_ in lost if file == order[at]):
            number += line <= number
        return f"{order[at].name}: {number}" if len(files) > 1 else number

    said = files[0].name if len(files) == 1 else f"{files[0].name} … {files[-1].name}"
    if len(files) == 1:
        return Raw(con, relation, name, said, look.separator, row)
    names = {str(source): path.name for source, path in zip(sources, files, strict=True)}
    return Raw(con, relation, name, said, look.separator, row, FILE, names)


def _ragged(
    con: BaseBackend,
    relation: str,
    lost: Sequence[tuple[Path, int, str, str]],
    name: str,
    look: Look,
) -> Iterator[Message]:
    """What is said of rows that do not fit.

    Raises:
        BadInput: there are too many of them.
    """
    for kind in dict.fromkeys(kind for _, _, kind, _ in lost):
        rows = [(file, line, text) for file, line, k, text in lost if k == kind]
        kept = asked(con, f"SELECT count(*) FROM {relation}")[0][0]
        file, line, text = rows[0]
        if len(rows) > max(FIRST_ROWS, MOST_LOST * kept):
            what = f"{len(rows):,} rows of {file.name} do not have {len(look.names)} cells"
            what += f"; row {line}: {text[:80]!r}"
            mend = "write as many cells in every row, texts that hold the separator in quotes"
            raise BadInput(what, f"table {name!r}, key 'source'", mend)
        values = {
            "table": name,
            "file": file.name,
            "rows": len(rows),
            "first": tuple(n for _, n, _ in rows[:FIRST_ROWS]),
        }
        values |= {
            "cells": len(look.names),
            "text": text[:80],
            "reason": FROM_TO.get(kind, "broken"),
        }
        yield Message("door.ragged", values)
