"""Where a way stands in a path: each path becomes a word, the way a regular expression,
on any engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import add
from string import ascii_letters
from typing import TYPE_CHECKING

import ibis

from kpilab.engine.column import column
from kpilab.engine.dialect import engine_name
from kpilab.engine.events.walks import END, START, Path
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

OTHER, ENTRY, EXIT = "_", "<", ">"
PLACES = 12  # digits of a place in a path
MOST = 100
OCCURRENCES = ("first", "last")


@dataclass(frozen=True, slots=True)
class Gap:
    """Any events, or none, between two events of a way; none of them one of `without`."""

    without: tuple[str, ...] = ()


Way = str | Sequence[str | Gap]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways(Path):
    """How ways are cut from paths, and which are listed.

    Attributes:
        unit, timeout, collapse: what one path is; see `Path`.
        length: most events of a way, 1 to 20.
        through: only whole paths that hold this event or way (as `step_matrix` reads it).
        minimum: leave out transitions seen less often.
        most: ways listed, at most 100; the rest is pooled, so that counts add up.
    """

    length: int = 5
    through: Way | None = None
    minimum: int = 1
    most: int = 20

    def __post_init__(self) -> None:
        if not 1 <= self.length <= 20:
            raise BadInput(
                f"length {self.length!r} is outside 1..20",
                "Ways, argument 'length'",
                "3 to 6 events read well",
            )

    @property
    def listed(self) -> int:
        return min(self.most, MOST)

    @property
    def events(self) -> list[str]:
        """The events that `through` names."""
        return [] if self.through is None else named(self.through)

    def held(self, rows: ir.Table) -> ir.Table:
        """Of the rows of a walk, those of paths that hold `through`."""
        if self.through is None:
            return rows
        held = found_at(rows, self.through)
        same = [rows[c].identical_to(held[c]) for c in ("unit", "path")]
        return rows.semi_join(held, same).cache()


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a path, where a way is not enough.

    Attributes:
        way: an event, "path_start" or "path_end", or several with `Gap()` between.
        occurrence: "first" or "last" place where the way begins; gaps are as short as they can be.
        offset: move the point by so many events, or to the first event this much later ("1m").
    """

    way: Way = START
    occurrence: str = "first"
    offset: int | str | timedelta = 0

    def __post_init__(self) -> None:
        if self.occurrence not in OCCURRENCES:
            where = "Point, argument 'occurrence'"
            raise unknown("occurrence", self.occurrence, OCCURRENCES, where)

    @classmethod
    def of(cls, way: Way | Point) -> Point:
        return way if isinstance(way, Point) else cls(way)


WAYS = Ways()


def blocks(way: Way) -> list[tuple[str, ...]]:
    """The runs of events of a way that follow each other directly.

    Raises:
        BadInput: a way that is empty, or a gap that has no event on both sides.
    """
    parts = _parts(way)
    found: list[list[str]] = [[]]
    for part in parts:
        if isinstance(part, Gap):
            found.append([])
        else:
            found[-1].append(part)
    if not all(found):
        raise BadInput(
            f"way {parts!r} has a gap without an event beside it",
            "a way",
            "put events on both sides",
        )
    return [tuple(b) for b in found]


def named(way: Way) -> list[str]:
    """Every event a way names, entry and exit apart."""
    parts = _parts(way)
    names = [n for p in parts for n in (p.without if isinstance(p, Gap) else (p,))]
    return [n for n in dict.fromkeys(names) if n not in (START, END)]


def found_at(rows: ir.Table, way: Way, last: bool = False) -> ir.Table:
    """Paths that hold a way, and where: `unit`, `path`, `events` (number), `at0`, `at1` … for each
    block.

    Places count from 0, the entry; the first event has place 1. The earliest blocks are taken, each
    gap as short as it can be; with `last`, the latest first block.
    """
    letters = dict(zip(named(way), ascii_letters, strict=False)) | {START: ENTRY, END: EXIT}
    if len(named(way)) > len(ascii_letters):
        raise BadInput(
            f"a way names {len(named(way))} events", "a way", f"name at most {len(ascii_letters)}"
        )
    known = [(name, letter) for name, letter in letters.items() if name not in (START, END)]
    letter = column(rows, "event").cases(*known, else_=OTHER) if known else ibis.literal(OTHER)
    words = _words(rows.mutate(letter=letter))
    words = words.mutate(word=ibis.literal(ENTRY) + column(words, "word") + EXIT)
    text = _regex(way, letters, last)
    words = words.filter(column(words, "word").re_search(text))
    word = column(words, "word")
    places, before = {}, []
    for k, block in enumerate(blocks(way)):
        before.append(word.re_extract(text, k + 1).length().cast("int64"))
        places[f"at{k}"] = reduce(add, before)
        before.append(ibis.literal(len(block), "int64"))
    return words.select("unit", "path", "events", **places)


def _words(rows: ir.Table) -> ir.Table:
    """Each path as a word: its letters in the order of their places, and how many."""
    number, letter = rows.count().cast("int64"), column(rows, "letter")
    if engine_name(rows) == "duckdb":
        return rows.group_by(["unit", "path"]).agg(
            word=letter.group_concat("", order_by="place"), events=number
        )
    # Not every engine puts letters in order as it joins them: the places are written before them,
    # and taken off again.
    placed = column(rows, "place").cast("int64").cast("string").lpad(PLACES, "0") + letter
    words = rows.group_by(["unit", "path"]).agg(word=placed.collect(), events=number)
    return words.mutate(word=column(words, "word").sort().join("").re_replace("[0-9]", ""))


def _parts(way: Way) -> list[str | Gap]:
    parts: list[str | Gap] = [way] if isinstance(way, str) else list(way)
    if not parts:
        raise BadInput("a way without events", "a way", "name at least one event")
    return parts


def _regex(way: Way, letters: dict[str, str], last: bool) -> str:
    """A group for what stands before each block."""
    text = "^(.*)" if last else "^(.*?)"
    for part in _parts(way):
        if isinstance(part, str):
            text += letters[part]
        else:
            text += (
                f"([^{''.join(letters[n] for n in part.without)}]*?)" if part.without else "(.*?)"
            )
    return text
