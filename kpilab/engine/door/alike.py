"""Names in a column that are one name in several spellings, and rows that sum up the others."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kpilab.core.values import Message
from kpilab.engine.column import own
from kpilab.engine.door.columns import LOOKED_AT
from kpilab.engine.door.raw import Raw
from kpilab.engine.door.reading import FIRST_ROWS
from kpilab.engine.expression import literal, quoted

MOST_NAMES, MOST_SAID = 2000, 5
TOTAL = re.compile(
    r"(?:grand|sub|sum)?[ -]?totals?|subtotaal|totaal|totale|total g[eé]n[eé]ral|sous-total"
    r"|(?:gesamt|zwischen)?summe|gesamt|insgesamt|razem|suma|итого|всего"
    r"|[合总總小][计計]|总和|汇总|計"
)
# What may as well be a name of its own: only where the figures say so.
PERHAPS = re.compile(r"(?:all|sum|overall|\(all\)|全部|全体|.+[ -]total|total[ -].+|.+[合总小]计)")
PROOF, CLOSE = 0.95, 0.005  # share of the groups that must add up, and how nearly
LEAST = 3
# Of a name that says nothing: exact, and often enough to be no chance.
EXACT, LEAST_UNNAMED, MOST_PARTS = 1e-6, 10, 100


@dataclass(frozen=True, slots=True)
class Found:
    """What is said of names, and the condition of rows that are sums of others ("" for none)."""

    notes: tuple[Message, ...] = ()
    sums: str = ""


def examined(raw: Raw, relation: str, texts: Sequence[str], kinds: dict[str, str]) -> Found:
    """Names in several spellings, and rows that are sums.

    Args:
        raw: where the rows come from. relation: the rows as read, numbered by `rowid`.
        texts: columns of names. kinds: column -> type in the engine.
    """
    notes: list[Message] = []
    sums: list[str] = []
    names = {c: found for c in texts if (found := _names(raw, relation, c))}
    for column, held in names.items():
        notes += _spellings(raw, column, held)
        others = [c for c in names if c != column]
        for sure, pattern in ((True, TOTAL), (False, PERHAPS)):
            called = [name for name in held if pattern.fullmatch(_plain(name))]
            if not called or len(called) == len(held):
                continue
            met = f"{quoted(column)} IN ({', '.join(map(literal, called))})"
            proven = _adds_up(raw, relation, met, others, kinds)
            if proven:
                sums.append(met)
            if proven or sure:
                notes.append(_said(raw, column, {n: held[n] for n in called}, proven))
        unnamed = [] if any(quoted(column) in s for s in sums) else _halves(
            raw, relation, column, held, others, kinds)  # fmt: skip
        for met, rows in unnamed:
            if _adds_up(raw, relation, met, others, kinds):
                sums.append(met)
                notes.append(_said(raw, column, rows, True))
    return Found(tuple(notes), " OR ".join(sums))


def spelt_apart(raw: Raw, texts: Sequence[str], said: Sequence[Message]) -> Iterator[Message]:
    """Names that the files of a table write in several ways, where none of them does by itself."""
    known = {note.values["column"] for note in said}
    for column in (c for c in texts if c not in known):
        yield from _spellings(raw, column, _names(raw, raw.relation, column))


def _names(raw: Raw, relation: str, column: str) -> dict[str, tuple[int, int]]:
    """Name -> how many rows have it, and the first; none where there are too many names."""
    name = quoted(column)
    near = f"SELECT approx_count_distinct({name}) FROM {relation} WHERE rowid < {LOOKED_AT}"
    if raw.all(near)[0][0] > 2 * MOST_NAMES:
        return {}
    found = raw.all(
        f"SELECT {name}, count(*), min(rowid) FROM {relation} WHERE {name} IS NOT NULL"
        f" GROUP BY 1 LIMIT {MOST_NAMES + 1}"
    )
    return {v: (n, k) for v, n, k in found} if len(found) <= MOST_NAMES else {}


def _plain(name: str) -> str:
    """A name without case, blanks around and forms of letters that look alike."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split()).rstrip(" :：")


def _spelt(name: str) -> str:
    """A name without signs between and behind its words, and without signs nobody sees."""
    seen = "".join(c for c in name if unicodedata.category(c) != "Cf")
    return _plain(re.sub(r"(?<=\w)[-_.](?=\s|$|[^\W\d])", " ", seen))


def _spellings(raw: Raw, column: str, held: dict[str, tuple[int, int]]) -> Iterable[Message]:
    groups: dict[str, list[str]] = defaultdict(list)
    for name in held:
        groups[_spelt(name)].append(name)
    several = [sorted(g, key=lambda n: -held[n][0]) for g in groups.values() if len(g) > 1]
    if several:
        shown = tuple(" = ".join(group) for group in several[:MOST_SAID])
        rest = sorted(held[name][1] for group in several for name in group[1:])
        rows = sum(held[name][0] for group in several for name in group[1:])
        first = tuple(raw.row(k) for k in rest[:FIRST_ROWS])
        values = {"table": raw.table, "file": raw.file, "column": column, "rows": rows}
        yield Message("door.spellings", {**values, "values": shown, "first": first})


def _said(raw: Raw, column: str, called: dict[str, tuple[int, int]], proven: bool) -> Message:
    first = sorted(k for _, k in called.values())[:FIRST_ROWS]
    values = {
        "table": raw.table,
        "file": raw.file,
        "column": column,
        "rows": sum(n for n, _ in called.values()),
        "values": tuple(called)[:MOST_SAID],
        "first": tuple(map(raw.row, first)),
    }
    return Message("door.sums" if proven else "door.totals", values)


def _halves(
    raw: Raw, relation: str, column: str, held: dict[str, tuple[int, int]], others: Sequence[str],
    kinds: dict[str, str],
) -> Iterable[tuple[str, dict[str, tuple[int, int]]]]:  # fmt: skip
    """A name, whatever it is, or no name, that has exactly as much of everything as all other rows
    together in nearly all groups of the first rows: their sum."""
    numbers, keys = _measured(kinds, others)
    if not numbers or not keys or not 3 <= len(held) + 1 <= MOST_PARTS:
        return
    name, by = quoted(column), ", ".join(keys)
    every = [tuple(quoted(own(f"{s}{k}")) for s in "st") for k in range(len(numbers))]
    n = quoted(own("n"))
    sums = ", ".join(f"{_sum(c)} AS {s}" for c, (s, _) in zip(numbers, every, strict=True))
    whole = ", ".join(f"sum({s}) OVER (PARTITION BY {by}) AS {t}" for s, t in every)
    half = " AND ".join(f"abs(2 * {s} - {t}) <= {EXACT} * abs({s})" for s, t in every)
    half += f" AND ({' OR '.join(f'{s} <> 0' for s, _ in every)})"
    groups = f"SELECT {name}, {by}, {sums} FROM {relation} WHERE rowid < {LOOKED_AT} GROUP BY ALL"
    parted = f"SELECT *, {whole}, count(*) OVER (PARTITION BY {by}) AS {n} FROM ({groups})"
    query = f"SELECT {name}, count(*), count_if({half}) FROM ({parted}) WHERE {n} > 2 GROUP BY 1"
    for value, count, good in raw.all(query):
        if count < LEAST_UNNAMED or (good or 0) < PROOF * count:
            continue
        met = f"{name} IS NULL" if value is None else f"{name} = {literal(value)}"
        rows, first = raw.all(f"SELECT count(*), min(rowid) FROM {relation} WHERE {met}")[0]
        yield met, {"(missing)" if value is None else value: (rows, first)}


def _measured(kinds: dict[str, str], others: Sequence[str]) -> tuple[list[str], list[str]]:
    """Columns of numbers, and what puts rows into groups, quoted."""
    numbers = [c for c, k in kinds.items() if k in ("BIGINT", "DOUBLE") or k.startswith("DECIMAL")]
    times = [c for c, k in kinds.items() if k in ("DATE", "TIMESTAMP")]
    return numbers, [quoted(c) for c in (*times[:1], *others)]


def _sum(column: str) -> str:
    """Sum of a column that holds numbers, as it may still be a text here."""
    return f"sum(TRY_CAST({quoted(column)} AS DOUBLE))"


def _adds_up(
    raw: Raw, relation: str, met: str, others: Sequence[str], kinds: dict[str, str]
) -> bool:
    """Whether a column of numbers in these rows is nearly everywhere the sum of the other rows."""
    numbers, keys = _measured(kinds, others)
    if not numbers or not keys:
        return False
    parts = ", ".join(
        f"{_sum(c)} FILTER ({met}) AS s{k}, {_sum(c)} FILTER (NOT ({met})) AS r{k}"
        for k, c in enumerate(numbers)
    )
    fits = ", ".join(
        f"count_if(abs(s{k} - r{k}) <= {CLOSE} * abs(s{k}) AND s{k} <> 0)"
        for k in range(len(numbers))
    )
    held = f"SELECT {parts} FROM {relation} GROUP BY {', '.join(keys)}"
    both = "s0 IS NOT NULL AND r0 IS NOT NULL"
    count, *good = raw.all(f"SELECT count_if({both}), {fits} FROM ({held})")[0]
    return count >= LEAST and any(n >= PROOF * count for n in good)
