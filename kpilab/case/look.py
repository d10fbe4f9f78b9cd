"""What is in a folder of tables: columns, their types, how many values, from when to when."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from kpilab.case.words import BIRTH, MEASURES, WHEN, named
from kpilab.core.values import Message
from kpilab.engine.connect import connect
from kpilab.engine.dialect import one
from kpilab.engine.door.files import ANY_ENDING, ENDINGS, ending, opened
from kpilab.engine.door.layout import months, wide
from kpilab.engine.door.moments import is_month
from kpilab.engine.door.numbered import numbered
from kpilab.engine.door.reading import Opened, Reading, Unpivot
from kpilab.engine.expression import identifier
from kpilab.engine.run import collect_one
from kpilab.errors import BadInput, Problem

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

LEAST_MONTHS, LEAST_PARTS = 3, 3
# Short names of months that are no other word of a file's name.
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
SHORT = 3
ZONES = ("door.offset", "door.zone")  # what is said of times with a zone
Type = Literal["time", "number", "text", "flag", "other"]
# What numbers are: amounts that add up; else why they do not (`kpilab.case.numbers`).
Nature = Literal["adds", "mean", "level", "name", "calendar", "place", "repeated"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, rows with a value, different values; for times, first and last day."""

    name: str
    type: Type
    filled: int
    distinct: int
    whole: bool = False
    first: date | None = None
    last: date | None = None
    linked: bool = False
    nature: Nature = "adds"

    @property
    def reference(self) -> str:
        """How an expression names it: a column of a linked table as `orders.channel`."""
        return self.name if self.linked else identifier(self.name)

    def named(self, pattern: str) -> bool:
        """Whether a word of the name is one of the pattern's."""
        return named(self.name, pattern)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One table of the folder."""

    name: str
    source: str
    table: ir.Table
    rows: int
    columns: tuple[Column, ...]
    keys: Mapping[str, object] = field(default_factory=dict)
    zoned: bool = False  # whether a time carries a zone

    @property
    def place(self) -> str:
        """The file, and the sheet of a workbook."""
        sheet = self.keys.get("sheet")
        return f"{self.source}, {sheet}" if sheet else self.source

    def column(self, pattern: str, *types: Type) -> Column | None:
        """The first column of these types whose name matches."""
        return next((c for c in self.columns if c.type in types and c.named(pattern)), None)

    @property
    def time(self) -> Column | None:
        """The fullest time column, when somebody was born left aside; among equals the one that
        stands first."""
        able = [c for c in self.of_type("time") if not c.named(BIRTH)]
        return max(able, key=lambda c: c.filled, default=None)

    def of_type(self, *types: Type) -> list[Column]:
        return [c for c in self.columns if c.type in types]


def look(folder: Path, zone: str | None = None) -> tuple[list[Sheet], list[Message]]:
    """The tables of a folder, and a note for each file that cannot be read.

    Args:
        zone: whose local times are meant where a time carries a zone; None: as they stand.

    Raises:
        BadInput: no such folder, or no table in it.
    """
    if not folder.is_dir():
        raise BadInput(
            f"no folder {str(folder)!r}", "argument DIR", "give the folder that holds the tables"
        )
    con, sheets = connect(timezone=zone or "UTC"), list[Sheet]()
    problems: list[tuple[str, Problem]] = []
    sources = list(_sources(folder))
    taken = {name for name, _, _ in sources}
    for name, source, files in sources:
        try:
            sheets += _tables(con, folder, name, source, zone)
        except BadInput as error:
            if len(files) == 1:
                problems += [(source, problem) for problem in error.problems]
                continue
            for file in files:  # not one table: each may be one of its own
                try:
                    sheets += _tables(con, folder, _own(slug(_stem(file)), taken), file, zone)
                except BadInput as single:
                    problems += [(file, problem) for problem in single.problems]
    if not sheets:
        if len(problems) == 1:
            problem = problems[0][1]
            raise BadInput(problem.what, problem.where, problem.hint)
        mend = f"put files ending in {sorted(ENDINGS)} there"
        raise BadInput(
            f"no table in {str(folder)!r}", "argument DIR", mend, [p for _, p in problems]
        )
    return sheets, [
        Message("first.unread", {"file": source, "what": p.what, "hint": p.hint})
        for source, p in problems
    ]


def looked(files: Sequence[Path]) -> list[Sheet]:
    """One table for each file, all on one engine.

    Raises:
        BadInput: no such file, or one that cannot be read as a table.
    """
    con, sheets, taken = connect(), list[Sheet](), set[str]()
    for file in files:
        if not file.is_file():
            what = f"no file {str(file)!r}"
            raise BadInput(what, "argument FILE", f"give a file ending in {sorted(ENDINGS)}")
        sheets.append(_tables(con, file.parent, _own(slug(_stem(file.name)), taken), file.name)[0])
    return sheets


def _tables(
    con: BaseBackend, folder: Path, name: str, source: str, zone: str | None = None
) -> list[Sheet]:
    """The tables of a source: one, or one for each sheet of a workbook."""
    read = opened(con, folder / source, name, Reading(zone=zone))
    across = wide(read.table.columns)
    if across is not None:
        return [_below(con, folder, name, source, across, zone)]
    called = months(read.table.columns)
    if len(called) >= LEAST_MONTHS:
        what = f"columns {called[0]!r} to {called[-1]!r} are months of no year"
        mend = "write the year into their names, e.g. 2026-01; then they are read as rows"
        raise BadInput(what, f"file {source!r}", mend)
    titles = [n.values for n in read.notes if n.key == "door.sheets"]
    if not titles:
        sheet = _sheet(name, source, read, {})
        parts = _parts_across(sheet)
        return [_below(con, folder, name, source, parts, zone) if parts else sheet]
    every = [str(titles[0]["sheet"]), *cast("tuple[str, ...]", titles[0]["others"])]
    found = []
    for title in every:
        own = slug(f"{name}_{title}")
        sheet = opened(con, folder / source, own, Reading(sheet=title, zone=zone))
        found.append(_sheet(own, source, sheet, {"sheet": title}))
    if len({frozenset(c.name.lower() for c in s.columns) for s in found}) > 1:
        return found
    whole = opened(con, folder / source, name, Reading(sheet="*", zone=zone))
    return [_sheet(name, source, whole, {"sheet": "*"})]


def _below(
    con: BaseBackend, folder: Path, name: str, source: str, across: Unpivot, zone: str | None
) -> Sheet:
    """A table with columns that are values of one below one another."""
    read = opened(con, folder / source, name, Reading(unpivot=across, zone=zone))
    columns = across.columns[0] if len(across.columns) == 1 else list(across.columns)
    keys = {"unpivot": {"columns": columns, "name": across.name, "value": across.value}}
    return _sheet(name, source, read, keys)


def _parts_across(sheet: Sheet) -> Unpivot | None:
    """How amounts that stand side by side, one for each part of the business, become rows: days and
    numbers with decimals alone, none of them called like anything that is measured."""
    numbers = sheet.of_type("number")
    alone = len(sheet.of_type("time")) == 1 and len(numbers) == len(sheet.columns) - 1
    plain = all(c.filled and not c.whole and not c.named(MEASURES) for c in numbers)
    if len(numbers) < LEAST_PARTS or not alone or not plain:
        return None
    return Unpivot(tuple(c.name for c in numbers), "part", "value")


def _stem(name: str) -> str:
    return name[: -len(ending(name))] if ending(name) else name


def _own(name: str, taken: set[str]) -> str:
    """A name that no other table has."""
    name = name or "table"
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _sources(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Name, source and files of each table; files that differ only in their numbers, or in their
    endings, are one."""
    families: dict[str, list[str]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and ending(path) and not path.name.startswith((".", "~")):
            stem = re.sub(r"\d+|[^\W\d_]+", _varying, _stem(path.name))
            families.setdefault(stem, []).append(path.name)
    every, taken = [n for held in families.values() for n in held], set[str]()
    for stem, files in families.items():
        endings = dict.fromkeys(name[len(_stem(name)) :] for name in files)
        told = stem.strip("*-_. ") != ""
        if len(endings) > 1 and set(files) == set(_met(stem + ANY_ENDING, every)):
            yield _own(slug(stem.replace("*", "")), taken), stem + ANY_ENDING, files
            continue
        for suffix in endings:
            own = [name for name in files if name[len(_stem(name)) :] == suffix]
            pattern = stem + suffix
            one = len(own) > 1 and (told or _met(pattern, every) == own)
            for source in [pattern] if one else own:
                name = slug(_stem(source).replace("*", ""))
                yield _own(name, taken), source, own if one else [source]


def _met(pattern: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if fnmatchcase(name, pattern)]


def _varying(part: re.Match[str]) -> str:
    """A number or the name of a month, by which the files of one table differ."""
    text = part.group()
    month = is_month(text) and (len(text) > SHORT or text[:SHORT].lower() in MONTHS)
    return "*" if text.isdecimal() or month else text


def slug(text: str) -> str:
    """A name that may stand in a formula."""
    name = re.sub(r"[\W_]+", "_", text).strip("_").lower()
    return f"n_{name}" if name[:1].isdigit() else name


def _sheet(name: str, source: str, read: Opened, keys: Mapping[str, object]) -> Sheet:
    table = _with_times(read.table)
    schema = table.schema()
    zoned = any(n.key in ZONES for n in read.notes) or any(
        kind.is_timestamp() and getattr(kind, "timezone", None) for kind in schema.values()
    )
    aggregates: dict[str, ir.Scalar] = {"rows": table.count()}
    for k, (column, kind) in enumerate(schema.items()):
        value = table[column]
        aggregates |= {f"{k}:filled": value.count(), f"{k}:distinct": value.nunique()}
        if kind.is_floating():
            number = cast("ir.FloatingColumn", value)
            aggregates[f"{k}:whole"] = one(number != number.floor()).sum()
        if kind.is_temporal() or kind.is_string():
            time = cast("ir.TimestampColumn", value.try_cast("timestamp"))
            aggregates |= {
                f"{k}:times": time.count(),
                f"{k}:first": time.min(),
                f"{k}:last": time.max(),
            }
    found = collect_one(table.agg([e.name(n) for n, e in aggregates.items()]), f"table {name!r}")
    columns = tuple(_column(str(c), schema[c], found, k) for k, c in enumerate(schema))
    return Sheet(name, source, table, int(found["rows"]), columns, keys, zoned)


def _with_times(table: ir.Table) -> ir.Table:
    """The table with numbers that are times by their name and all of their values as times."""
    able = [c for c, kind in table.schema().items() if kind.is_numeric() and named(c, WHEN)]
    read = {c: found[1] for c in able if (found := numbered(table, c)) is not None}
    return table.mutate(**read) if read else table


def _column(name: str, kind: dt.DataType, found: dict[str, Any], k: int) -> Column:
    filled, distinct = int(found[f"{k}:filled"]), int(found[f"{k}:distinct"])
    times = int(found.get(f"{k}:times", 0))
    if (
        kind.is_date()
        or kind.is_timestamp()
        or (kind.is_string() and filled and times >= 0.95 * filled)
    ):
        ends = [found[f"{k}:first"].date(), found[f"{k}:last"].date()] if times else [None, None]
        return Column(name, "time", filled, distinct, first=ends[0], last=ends[1])
    type_: Type = "other"
    if kind.is_boolean():
        type_ = "flag"
    elif kind.is_numeric():
        type_ = "number"
    elif kind.is_string():
        type_ = "text"
    # A whole number stays one where empty cells have made decimals of all: 7001.0.
    whole = kind.is_integer() or found.get(f"{k}:whole") == 0
    return Column(name, type_, filled, distinct, whole=whole)
