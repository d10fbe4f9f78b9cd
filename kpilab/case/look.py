"""What is in a folder of tables: columns, their types, how many values, from when to when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from kpilab.engine.connect import READERS, connect, read_file
from kpilab.engine.run import collect_one
from kpilab.errors import BadInput, EngineError

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir

ENDINGS = {*READERS, ".xlsx"}
Type = Literal["time", "number", "text", "flag", "other"]


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

    def named(self, pattern: str) -> bool:
        """Whether a word of the name (as in «Order ID», «order_id», «orderId», «订单编号») is one
        of the pattern's."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", self.name).lower()
        # Chinese is written without blanks: there a part of the name is enough.
        return any(
            w in words if not w.isascii() else re.search(rf"\b{w}\b", words)
            for w in pattern.split("|")
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One table of the folder."""

    name: str
    source: str
    table: ir.Table
    rows: int
    columns: tuple[Column, ...]

    def column(self, pattern: str, *types: Type) -> Column | None:
        """The first column of these types whose name matches."""
        return next((c for c in self.columns if c.type in types and c.named(pattern)), None)

    def of_type(self, *types: Type) -> list[Column]:
        return [c for c in self.columns if c.type in types]


def look(folder: Path) -> tuple[list[Sheet], list[str]]:
    """The tables of a folder, and a note for each file that cannot be read.

    Raises:
        BadInput: no such folder, or no table in it.
    """
    if not folder.is_dir():
        raise BadInput(
            f"no folder {str(folder)!r}", "argument DIR", "give the folder that holds the tables"
        )
    con, sheets, notes = connect(), [], []
    for name, source in _sources(folder):
        try:
            sheets.append(_sheet(name, source, read_file(con, folder / source, name)))
        except (BadInput, EngineError) as error:
            notes.append(f"{source}: {str(error).splitlines()[0]}")
    if not sheets:
        raise BadInput(
            f"no table in {str(folder)!r}" + (f" ({notes[0]})" if notes else ""),
            "argument DIR",
            f"put files ending in {sorted(ENDINGS)} there",
        )
    return sheets, notes


def _sources(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and source of each table; files that differ only in their numbers are one table."""
    families: dict[tuple[str, str], list[str]] = {}
    for path in sorted(folder.iterdir()):
        if (
            path.is_file()
            and path.suffix.lower() in ENDINGS
            and not path.name.startswith((".", "~"))
        ):
            families.setdefault((re.sub(r"\d+", "*", path.stem), path.suffix), []).append(path.name)
    taken: set[str] = set()
    for (stem, suffix), files in families.items():
        many = len(files) > 1 and suffix.lower() != ".xlsx"
        for source in [stem + suffix] if many else files:
            name = slug(Path(source).stem.replace("*", "")) or "table"
            while name in taken:
                name += "_"
            taken.add(name)
            yield name, source


def slug(text: str) -> str:
    """A name that may stand in a formula."""
    name = re.sub(r"\W+", "_", text).strip("_").lower()
    return f"n_{name}" if name[:1].isdigit() else name


def _sheet(name: str, source: str, table: ir.Table) -> Sheet:
    schema = table.schema()
    aggregates: dict[str, ir.Scalar] = {"rows": table.count()}
    for k, (column, kind) in enumerate(schema.items()):
        value = table[column]
        aggregates |= {f"{k}:filled": value.count(), f"{k}:distinct": value.nunique()}
        if kind.is_temporal() or kind.is_string():
            time = cast("ir.TimestampColumn", value.try_cast("timestamp"))
            aggregates |= {
                f"{k}:times": time.count(),
                f"{k}:first": time.min(),
                f"{k}:last": time.max(),
            }
    found = collect_one(table.agg([e.name(n) for n, e in aggregates.items()]), f"table {name!r}")
    columns = tuple(_column(str(c), schema[c], found, k) for k, c in enumerate(schema))
    return Sheet(name, source, table, int(found["rows"]), columns)


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
    return Column(name, type_, filled, distinct, whole=kind.is_integer())
