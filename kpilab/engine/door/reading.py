"""How a file is to be read, where it does not show it itself; and what reading has shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from kpilab.core.values import Message
from kpilab.errors import BadInput

if TYPE_CHECKING:
    import ibis.expr.types as ir

FIRST_ROWS = 5
# What a column of numbers or times may hold in a row that has none.
NOTHING = frozenset({
    "", "-", "--", "---", "–", "—", ".", "..", "...", "?", "na", "n/a", "n.a.", "#n/a", "#na",
    "nan", "null", "none", "nil", "(null)", "(blank)", "(missing)", "missing", "empty", "#value!",
    "#ref!", "#div/0!", "#name?", "#num!", "#null!", "inf", "-inf", "+inf", "infinity",
    "-infinity", "∞", "k.a.", "k. a.", "s/d", "n/d", "\\n", "无", "空", "暂无", "缺失", "不详",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unpivot:
    """Columns that are values of one: months across become a column of months and one of amounts.

    Attributes:
        columns: their names, or patterns with * and ?.
        name: what the column of their names is called.
        value: what the column of their values is called.
    """

    columns: tuple[str, ...]
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Expand:
    """Rows that stand for several units each.

    Attributes:
        count: column that says how many.
        outcomes: columns that say how many of them did something.
        unit: what the column of the units is called.
    """

    count: str
    outcomes: tuple[str, ...] = ()
    unit: str = "unit"


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a file beforehand; whatever is None or absent is seen in the file.

    Attributes:
        sheet: of a workbook. header: the row that names the columns, from 1; 0 for none.
        encoding: of a text file. decimal: "." or ",".
        format: column -> strptime format of its times, or one of `epoch_s`, `epoch_ms`,
            `epoch_us`, `excel`.
        unpivot: columns that are values of one. expand: rows that stand for several units.
        texts: columns that name things; a number in them is a name, too.
        time: the column of the time that puts a row into a period.
        times: columns that hold times, whatever else they look like.
        zone: whose local times are meant where a time carries an offset; None: not said.
    """

    sheet: str | None = None
    header: int | None = None
    encoding: str | None = None
    decimal: str | None = None
    format: Mapping[str, str] = field(default_factory=dict)
    unpivot: Unpivot | None = None
    texts: frozenset[str] = frozenset()
    time: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()
    zone: str | None = None
    expand: Expand | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A table of the engine, and what is to be said of how it was read; `daily`: rows that stood in
    two files, by day."""

    table: ir.Table
    notes: tuple[Message, ...] = ()
    daily: Mapping[date, int] = field(default_factory=dict)


def key(table: str, name: str) -> str:
    """The place of a key of a table in words."""
    return f"table {table!r}, key {name!r}"


def wanted(table: str, name: str, what: str, mend: str) -> BadInput:
    """Something that a key of the case has to say."""
    return BadInput(what, key(table, name), mend)


def shown(values: Sequence[object]) -> str:
    """A few values in words."""
    return ", ".join(repr(str(v)[:40]) for v in values[:3])
