"""Which column names the rows of a table, and which columns of other tables hold it: by names, and
by values that were looked up; many rows to one only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import combining

import ibis

from kpilab.case.look import Column, Sheet, slug
from kpilab.case.words import AMOUNTS, KEY_NAME, names_thing
from kpilab.core.values import Message
from kpilab.engine.door.keys import Id, joinable
from kpilab.engine.run import collect_one
from kpilab.errors import BadInput

GENERIC = {"id", "key", "code", "no", "number", "uuid", "index", "name"}
CONTAINED = 0.9  # of the rows with a value that have a key of the other table
LIKELY = 0.5  # of the rows of a table that was loaded twice in part, keys that differ
PLURALS = ("s", "es", "e", "en", "n", "er")
# What tables are called besides what they hold.
FILED = {
    "export",
    "table",
    "tabelle",
    "list",
    "liste",
    "data",
    "daten",
    "dump",
    "all",
    "full",
    "tbl",
}
SHORT = 3
FEW_VALUES = 20  # values that must be looked up where no name says what a column is


@dataclass(frozen=True, slots=True)
class Link:
    """A column that holds the key of another table, and the share of its rows that have one."""

    sheet: str
    column: str
    to: str
    share: float


@dataclass(frozen=True, slots=True)
class Rejected:
    """A link that names suggest and values speak against."""

    sheet: str
    column: str
    to: str
    why: Message

    @property
    def message(self) -> Message:
        column = f"{self.sheet}.{self.column}"
        return Message("first.no_link", {"column": column, "to": self.to, "why": self.why})


@dataclass(frozen=True, slots=True)
class Related:
    """Keys by table, and the links between tables."""

    keys: dict[str, str]
    links: tuple[Link, ...]
    rejected: tuple[Rejected, ...] = ()

    def of(self, sheet: str) -> dict[str, str]:
        """Link column -> table."""
        return {link.column: link.to for link in self.links if link.sheet == sheet}

    def targets(self) -> set[str]:
        return {link.to for link in self.links}

    def ways(self, sheet: str) -> Iterator[tuple[str, str]]:
        """Tables that are linked, over any number of links, near ones first; and how to name their
        columns: by the table where one way leads there, else by the link column."""
        found: list[tuple[str, str, str]] = []
        ahead = [(sheet, "")]
        passed = {sheet}
        while ahead:
            here, _ = ahead.pop(0)
            for column, to in self.of(here).items():
                found.append((to, column, here))
                if to not in passed:
                    passed.add(to)
                    ahead.append((to, column))
        for to, column, here in found:
            alone = sum(other == to for other, _, _ in found) == 1
            if alone or here == sheet:
                yield to, to if alone else column


def related(sheets: Sequence[Sheet]) -> Related:
    """Keys and links of tables.

    Args:
        sheets: the tables with counts of the values of their columns.
    """
    keys = {s.name: key.name for s in sheets if (key := _key(s))}
    links, rejected = list[Link](), list[Rejected]()
    for sheet in sheets:
        for column in sheet.columns:
            found, against = _target(sheet, column, sheets, keys)
            links += [found] if found else []
            rejected += against
    return Related(keys, tuple(_one_way(links, sheets, keys)), tuple(rejected))


def _key(sheet: Sheet) -> Column | None:
    """The column that names a row: filled, without repetition (wholly equal rows apart), and called
    like one."""
    able = [
        c for c in sheet.columns if _may_name(c) and c.filled == sheet.rows and _unique(sheet, c)
    ]
    return max(able, key=lambda c: _called_as_key(sheet, c), default=None)


def _may_name(column: Column) -> bool:
    amount = column.named("|".join(AMOUNTS)) and not names_thing(column.name)
    return column.distinct > 1 and (column.type == "text" or column.whole) and not amount


def _unique(sheet: Sheet, column: Column) -> bool:
    if column.distinct == sheet.rows:
        return column.named(KEY_NAME) or column.type == "text"
    if not column.named(KEY_NAME) or column.distinct < LIKELY * sheet.rows:
        return False
    once = sheet.table.distinct()
    return (
        int(collect_one(once.agg(n=once.count()), f"table {sheet.name!r}")["n"]) == column.distinct
    )


def _called_as_key(sheet: Sheet, column: Column) -> tuple[bool, bool, int]:
    position = [c.name for c in sheet.columns].index(column.name)
    own = any(_bare(slug(column.name)).startswith(n) for n in _nouns(sheet.name))
    return own or slug(column.name) in GENERIC, column.named(KEY_NAME), -position


def _nouns(table: str) -> set[str]:
    """What one row of a table is called: order of orders, company of companies, Arzt of Ärzte."""
    parts = re.split(r"[_\s]+", _bare(table))
    while len(parts) > 1 and (parts[-1].isdecimal() or parts[-1] in FILED):
        parts.pop()
    words = {_bare(table), "_".join(parts), parts[-1], parts[-1].removesuffix("表")}
    for word in tuple(words):
        words |= {re.sub("ies$", "y", word)} | {word.removesuffix(end) for end in PLURALS}
    return {w for w in words if len(w) > 1}


def _bare(text: str) -> str:
    """A name in small letters without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not combining(c))


def _target(
    sheet: Sheet, column: Column, sheets: Sequence[Sheet], keys: dict[str, str]
) -> tuple[Link | None, list[Rejected]]:
    """The table whose key a column holds, and those that its name alone suggests."""
    if not _may_name(column) and not (column.distinct == 1 and column.named(KEY_NAME)):
        return None, []
    against, best = list[Rejected](), None
    for other in sheets:
        if other.name == sheet.name:
            continue
        named = _named_alike(column, other, keys.get(other.name))
        if other.name not in keys:
            if named:
                why = Message("first.no_key", {"to": other.name})
                against.append(Rejected(sheet.name, column.name, other.name, why))
            continue
        if not named and not _telling(column, other, keys):
            continue
        share = _contained(sheet, column, other, keys[other.name])
        if share >= CONTAINED:
            if best is None or share > best.share:
                best = Link(sheet.name, column.name, other.name, share)
        elif named:
            why = Message("first.few_keys", {"share": share, "key": keys[other.name]})
            against.append(Rejected(sheet.name, column.name, other.name, why))
    return best, against


def _named_alike(column: Column, other: Sheet, key: str | None) -> bool:
    name, of = _bare(slug(column.name)), _bare(slug(key)) if key else ""
    nouns = _nouns(slug(other.name))
    if of and of not in GENERIC and (name == of or name.endswith(f"_{of}")):
        return True
    words = {f"{n}{mark}" for n in nouns for mark in ("", "_id", "id", "_key", "_no", "_code")}
    role = column.type == "text" or names_thing(column.name)  # from_depot, but not total_orders
    ends = [f"_{n}_id" for n in nouns] + [f"_{n}" for n in nouns if role and len(n) > SHORT]
    return name in words or name.endswith(tuple(ends))


def _telling(column: Column, other: Sheet, keys: dict[str, str]) -> bool:
    """Whether values alone could tell: ids in letters, many of them. Numbers lie in any range."""
    key = next(c for c in other.columns if c.name == keys[other.name])
    return column.type == key.type == "text" and column.distinct >= FEW_VALUES


def _contained(sheet: Sheet, column: Column, other: Sheet, key: str) -> float:
    """The share of the rows with a value that have one of the other table's keys."""
    try:
        alike = joinable(Id(sheet.table, column.name, sheet.name), Id(other.table, key, other.name))
    except BadInput:
        return 0.0
    held = sheet.table.select(v=alike(sheet.table[column.name])).filter(ibis._.v.notnull())
    known = other.table.select(v=alike(other.table[key])).distinct()
    both = held.semi_join(known, ["v"])
    counts = collect_one(held.agg(n=held.count()).cross_join(both.agg(m=both.count())), "links")
    return float(counts["m"]) / float(counts["n"]) if counts["n"] else 0.0


def _one_way(links: list[Link], sheets: Sequence[Sheet], keys: dict[str, str]) -> Iterator[Link]:
    """Of two tables that hold each other's key, the one with more rows is linked to the other."""
    rows = {s.name: s.rows for s in sheets}
    pairs = {(link.sheet, link.to) for link in links}
    for link in links:
        back = (link.to, link.sheet) in pairs
        own = keys.get(link.sheet) == link.column
        if back and own and (rows[link.sheet], link.sheet) < (rows[link.to], link.to):
            continue
        yield link
