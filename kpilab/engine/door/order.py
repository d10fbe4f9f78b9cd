"""Which of day and month comes first: told by all values of a file, else by those of the other
files of the table; never guessed row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from kpilab.core.values import Message
from kpilab.engine.door import moments
from kpilab.engine.door.reading import wanted
from kpilab.engine.expression import literal, quoted
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from kpilab.engine.door.raw import Raw

WAYS = {"%d": "day", "%m": "month", "%y": "year"}
MOST_DAYS = 20_000
FEW = 3  # values that another order alone can read; more are no slips
Family = Sequence[Sequence[str]]  # formats of each reading
# File -> what comes first in it ("%d", "%m", "%y"); None where it does not tell.
Orders = Mapping[str, str | None]
Elsewhere = Callable[[str], Orders]


@dataclass(frozen=True, slots=True)
class Dated:
    """A column of days that can be read in several ways.

    Attributes:
        raw: the rows. column: its name. text: what the formats read. family: the ways.
        few: whether the values themselves are few.
    """

    raw: Raw
    column: str
    text: str
    family: Family
    few: bool

    @property
    def _rows(self) -> str:
        """The values, each once where they are few, with the file they are from."""
        if not self.few:
            return f"(SELECT *, {self.raw.origin} AS kpilab_file FROM {self.raw.relation})"
        return (
            f"(SELECT DISTINCT {quoted(self.column)}, {self.raw.origin} AS kpilab_file"
            f" FROM {self.raw.relation})"
        )

    def _sql(self, way: int) -> str:
        return moments.reading(self.text, self.family[way])

    def way(self, first: str | None) -> int | None:
        """The reading with this first."""
        return next((k for k, f in enumerate(self.family) if f[0][:2] == first), None)

    def told(self) -> dict[str, str | None]:
        """What comes first in each file, as far as its own values tell."""
        counted = ", ".join(f"count({self._sql(k)})" for k in range(len(self.family)))
        query = f"SELECT kpilab_file, {counted} FROM {self._rows} GROUP BY 1 ORDER BY 1"
        return {
            str(file): self._first(self._chosen(counts, f" AND kpilab_file = {literal(str(file))}"))
            for file, *counts in self.raw.all(query)
        }

    def whole(self) -> str | None:
        """What comes first, as far as all rows together tell."""
        counted = ", ".join(f"count({self._sql(k)})" for k in range(len(self.family)))
        return self._first(self._chosen(self.raw.all(f"SELECT {counted} FROM {self._rows}")[0], ""))

    def _first(self, way: int | None) -> str | None:
        return None if way is None else self.family[way][0][:2]

    def _chosen(self, counts: Sequence[int], where: str) -> int | None:
        def days(k: int) -> list[date]:
            query = f"SELECT DISTINCT CAST({self._sql(k)} AS DATE) AS d FROM {self._rows}"
            query = f"SELECT d FROM ({query} WHERE true{where}) WHERE d IS NOT NULL"
            return [d for (d,) in self.raw.all(f"{query} ORDER BY d LIMIT {MOST_DAYS}")]

        return moments.chosen(counts, days, [formats[0] for formats in self.family])


def ordered(dated: Dated, elsewhere: Elsewhere | None) -> tuple[str | None, list[Message]]:
    """The expression that reads a column, by what comes first in each file, and what is to be said
    of it; no expression where neither the column nor the other files tell.

    Args:
        elsewhere: what the other files of the table show of a column.

    Raises:
        BadInput: a file that does not tell, while others differ; or days of both orders in one.
    """
    raw, own = dated.raw, dated.told()
    others = elsewhere(dated.column) if elsewhere else {}
    every = {**others, **own}
    known = sorted({first for first in every.values() if first})
    fallback = known[0] if len(known) == 1 else None if known else dated.whole()
    if len(known) > 1 and None in own.values():
        raise _untold(dated, every)
    firsts = {file: first or fallback for file, first in own.items()}
    ways = {file: dated.way(first) for file, first in firsts.items()}
    if not ways or None in ways.values():
        return None, []
    _mixed(dated, {f: int(w or 0) for f, w in ways.items()})
    said = {"table": raw.table, "column": dated.column}
    if len(known) > 1:
        first = {f: WAYS[o] for f, o in every.items() if o}
        told = tuple(f"{raw.files.get(f, f)} ({o})" for f, o in first.items())
        notes = [Message("door.orders", {**said, "files": told[:6]})]
    else:
        way = int(next(iter(ways.values())) or 0)
        formats = dated.family[way]
        notes = [
            Message("door.order", {**said, "format": formats[0], "first": WAYS[formats[0][:2]]})
        ]
    return _expression(dated, {f: int(w or 0) for f, w in ways.items()}), notes


def _expression(dated: Dated, ways: Mapping[str, int]) -> str:
    reads = {k: moments.reading(dated.text, dated.family[k]) for k in set(ways.values())}
    if len(reads) == 1:
        return next(iter(reads.values()))
    cases = " ".join(
        f"WHEN {', '.join(literal(f) for f, way in ways.items() if way == k)} THEN {sql}"
        for k, sql in reads.items()
    )
    return f"CASE {dated.raw.origin} {cases} END"


def _untold(dated: Dated, every: Orders) -> BadInput:
    """Files that differ, and one that does not tell."""
    raw = dated.raw
    name = lambda file: raw.files.get(file, file)  # noqa: E731  # a word
    told = "; ".join(f"{name(f)}: {WAYS[o]} first" for f, o in every.items() if o)
    open_ = ", ".join(name(f) for f, o in every.items() if o is None)
    what = f"days in column {dated.column!r} are written in several orders ({told}), and {open_}"
    what += " does not tell its own"
    return wanted(raw.table, "source", what, "write its days as 2026-01-31, or take the file out")


def _mixed(dated: Dated, ways: Mapping[str, int]) -> None:
    """Refuse a file in which many days can be read in another order alone.

    Raises:
        BadInput: which rows.
    """
    raw = dated.raw
    chosen = _expression(dated, ways)
    others = " OR ".join(f"{moments.reading(dated.text, f)} IS NOT NULL" for f in dated.family)
    lost = f"{chosen} IS NULL AND ({others})"
    query = f"SELECT {quoted(dated.column)}, rowid FROM {raw.relation} WHERE {lost}"
    found = raw.all(f"SELECT count(*), count(DISTINCT v) FROM ({query}) AS q(v, r)")[0]
    if found[1] <= FEW:
        return
    (value, row), *_ = raw.all(f"{query} LIMIT 1")
    query = f"SELECT {quoted(dated.column)}, rowid FROM {raw.relation} WHERE {chosen} IS NOT NULL"
    right, at = raw.all(f"{query} LIMIT 1")[0]
    what = f"days in column {dated.column!r} of {raw.file} are written in two orders: "
    what += f"{right!r} (row {raw.row(at)}) and {value!r} (row {raw.row(row)}), {found[0]:,} rows"
    raise wanted(raw.table, "source", what, "write them as 2026-01-31")


def either(dated: Dated) -> BadInput:
    """Days that read in two ways."""
    raw, name = dated.raw, quoted(dated.column)
    (value,) = raw.all(f"SELECT {name} FROM {raw.relation} WHERE {name} IS NOT NULL LIMIT 1")[0]
    what = f"column {dated.column!r} of {raw.file} can be read in {len(dated.family)} ways"
    what += f" ({value!r}, row {raw.row(0)}): no value of it tells which is the day and which the"
    what += " month"
    ways = " or ".join(f'format: {{{dated.column}: "{f[0]}"}}' for f in dated.family)
    return wanted(raw.table, "format", what, f"say which: {ways}")
