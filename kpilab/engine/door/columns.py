"""Columns of text as what they hold: numbers, times or names, decided by all of their values.

The engine counts the forms of a column's values, reads it in the one way that holds for all of
it, and counts what that way cannot read; no row decides for itself, none is lost uncounted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kpilab.core.values import Message
from kpilab.engine.door import amounts, moments
from kpilab.engine.door.order import Dated, Elsewhere, either, ordered
from kpilab.engine.door.raw import Raw
from kpilab.engine.door.reading import FIRST_ROWS, NOTHING, Reading, shown, wanted
from kpilab.engine.expression import literal, quoted
from kpilab.errors import BadInput

if TYPE_CHECKING:
    pass

MOST_FORMS, FEW, LOOKED_AT = 20_000, 20_000, 100_000
LEAST, LEAST_TIMES = (
    0.9,
    0.5,
)  # share of values that must read; of a column that is to hold times
EDGES = " \t\n\r\u00a0\u3000"
SUMMER = 60  # minutes by which the offsets of one place differ in a year
UNITS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}


@dataclass(frozen=True, slots=True)
class Read:
    """Expressions that read columns, what kind each has, and what is to be said of it.

    `marked`: whether any of the numbers holds a point or comma; `nothing`: columns in which a sign
    for none occurs; `blank`: columns without any value, which are numbers if nothing else says what
    they are; `unpadded`: columns whose values all were seen, none with blanks around it.
    """

    expressions: Mapping[str, str]
    kinds: Mapping[str, str]
    notes: tuple[Message, ...] = ()
    marked: bool = False
    nothing: frozenset[str] = frozenset()
    blank: frozenset[str] = frozenset()
    unpadded: frozenset[str] = frozenset()


def read(
    raw: Raw, columns: Sequence[str], reading: Reading, elsewhere: Elsewhere | None = None
) -> Read:
    """How columns of text are read.

    Args:
        raw: the rows.
        columns: those that may hold numbers or times; any other is a text.
        reading: what the case says.
        elsewhere: what the other files of the table show of the order of a column's days.

    Raises:
        BadInput: a column that could be read in two ways, naming the key that settles it.
    """
    found: dict[str, str] = {}
    kinds: dict[str, str] = {}
    notes: list[Message] = []
    for column, way in reading.format.items():
        if column in columns:
            found[column], kinds[column] = _by_format(raw, column, way, reading.zone), "times"
    texts = [c for c in columns if c not in found and c not in reading.texts]
    every = {c: _forms(raw, c) for c in texts}
    seen = {c: forms for c, forms in every.items() if forms.held}
    blank = [c for c, forms in every.items() if forms.few and not forms.held]
    for column in (c for c in blank if c not in (*reading.times, *reading.time)):
        found[column], kinds[column] = "CAST(NULL AS DOUBLE)", "numbers"
    undecided: dict[str, Forms] = {}
    for column, forms in seen.items():
        how = _as_time(raw, column, forms, reading, notes, elsewhere)
        if how is None:
            undecided[column] = forms
        else:
            found[column], kinds[column] = how, "times"
    sign = reading.decimal or amounts.file_sign(
        [forms.held for forms in undecided.values()], raw.separator
    )
    for column, forms in undecided.items():
        how = _as_number(raw, column, forms, reading, sign, notes)
        if how is not None:
            found[column], kinds[column] = how, "numbers"
    numbers = "".join("".join(forms.held) for c, forms in undecided.items() if c in found)
    nothing = frozenset(c for c, forms in every.items() if c in found and forms.nothing)
    marked = "." in numbers or "," in numbers
    unpadded = frozenset(c for c, forms in every.items() if forms.written and not forms.edged)
    return Read(found, kinds, tuple(notes), marked, nothing, frozenset(blank), unpadded)


@dataclass(frozen=True, slots=True)
class Forms:
    """Forms of a column's values.

    Attributes:
        held: form without blanks around -> how often it occurs; without those that stand for none.
        written: forms as they stand in the column, each with the one of `held`, or "".
        few: whether the values themselves are few.
    """

    held: Mapping[str, int] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    few: bool = False

    @property
    def nothing(self) -> bool:
        """Whether a sign for none occurs."""
        return any(text.strip() and not held for text, held in self.written.items())

    @property
    def edged(self) -> bool:
        return any(text != text.strip(EDGES) for text in self.written)


def _forms(raw: Raw, column: str) -> Forms:
    """Forms of the values; none where there are too many for numbers or times."""
    name = quoted(column)
    source = f"SELECT {name} AS v, 1 AS n FROM {raw.relation} WHERE {name} IS NOT NULL"
    near = f"SELECT approx_count_distinct({name}) FROM {raw.relation} WHERE rowid < {LOOKED_AT}"
    few = raw.all(near)[0][0] < FEW
    if few:
        source = f"SELECT v, count(*) AS n FROM ({source}) GROUP BY 1"
    query = f"SELECT {form_of('v')} AS f, sum(n) FROM ({source}) GROUP BY 1 ORDER BY 2 DESC"
    found = raw.all(f"{query} LIMIT {MOST_FORMS + 1}")
    if len(found) > MOST_FORMS:
        return Forms()
    held: dict[str, int] = {}
    written: dict[str, str] = {}
    for text, count in found:
        plain = text.strip(EDGES)
        written[text] = "" if plain.lower() in NOTHING or amounts.dash(plain) else plain
        if written[text]:
            held[plain] = held.get(plain, 0) + int(count)
    return Forms(held, written, few)


def form_of(text: str) -> str:
    """The expression of a form: every digit from 1 to 9 as 9."""
    return f"translate({text}, '12345678', '99999999')"


def _as_time(
    raw: Raw,
    column: str,
    forms: Forms,
    reading: Reading,
    notes: list[Message],
    elsewhere: Elsewhere | None,
) -> str | None:
    found = _times(column, forms, reading)
    if found is None:
        return None
    ways: list[str] = []
    for family in found.families:
        if len(family) == 1:
            ways.append(moments.reading(found.text, family[0]))
            continue
        dated = Dated(raw, column, found.text, family, forms.few)
        way, said = ordered(dated, elsewhere)
        if way is None:
            if reading.times and column not in reading.times:
                notes.append(Message("door.either_order", {"table": raw.table, "column": column}))
                return None
            raise either(dated)
        ways.append(way)
        notes.extend(said)
    clock = ways[0] if len(ways) == 1 else f"COALESCE({', '.join(ways)})"
    if found.offset:
        return _moment(raw, column, clock, found.offset, reading, notes)
    return clock if found.clock else f"CAST({clock} AS DATE)"


def _times(column: str, forms: Forms, reading: Reading) -> moments.Times | None:
    """How a column is read as times; None where it holds something else."""
    merged: dict[str, int] = {}
    for form, n in forms.held.items():
        plain = form.replace("0", "9")
        merged[plain] = merged.get(plain, 0) + n
    least = LEAST_TIMES if column in reading.times else LEAST
    return moments.times(quoted(column), merged, least=least, edged=forms.edged)


def orders(raw: Raw, column: str, reading: Reading) -> dict[str, str | None]:
    """What comes first in the days of each file, as far as they tell; empty for another column."""
    forms = _forms(raw, column)
    found = _times(column, forms, reading) if forms.held else None
    told: dict[str, str | None] = {}
    for family in found.families if found else ():
        if len(family) > 1:
            dated = Dated(raw, column, found.text if found else "", family, forms.few)
            told = {f: told.get(f) or first for f, first in dated.told().items()}
    return told


def _moment(
    raw: Raw, column: str, clock: str, offset: str, reading: Reading, notes: list[Message]
) -> str:
    """Times with an offset: in the zone of the case; as on the clock where it names none."""
    if reading.zone is not None:
        utc = f"timezone('UTC', {clock} - to_minutes(COALESCE({offset}, 0)))"
        local = f"timezone({literal(reading.zone)}, {utc})"
        return f"CASE WHEN {offset} IS NULL THEN {clock} ELSE {local} END"
    ahead = raw.all(f"SELECT DISTINCT {offset} AS o FROM {raw.relation}")
    minutes = sorted(o for (o,) in ahead if o is not None)
    told = tuple(f"{'-' if o < 0 else '+'}{abs(o) // 60:02d}:{abs(o) % 60:02d}" for o in minutes)
    if minutes[-1] - minutes[0] > SUMMER:
        what = f"times in column {column!r} of {raw.file} carry several offsets ({', '.join(told)})"
        mend = "say whose days are meant, e.g. timezone: Asia/Shanghai (kpilab init --timezone)"
        raise BadInput(what, "case.yml, key 'timezone'", mend)
    if minutes != [0]:
        values = {"table": raw.table, "column": column, "offsets": told}
        notes.append(Message("door.offset", values))
    return clock


def _as_number(
    raw: Raw,
    column: str,
    forms: Forms,
    reading: Reading,
    sign: str | None,
    notes: list[Message],
) -> str | None:
    found = amounts.amounts(forms.held, sign, reading.decimal, least=LEAST)
    values = {"table": raw.table, "column": column}
    if found is None:
        return None
    if isinstance(found, amounts.Refusal):
        if found.why == "units":
            notes.append(Message("door.units", {**values, **found.values}))
            return None
        name = quoted(column)
        query = f"SELECT DISTINCT {name} FROM {raw.relation} WHERE regexp_matches({name}, '[.,]')"
        some = shown([v for (v,) in raw.all(f"{query} LIMIT 3")])
        what = f"numbers in column {column!r} of {raw.file} can be read in two ways: {some}"
        raise wanted(
            raw.table,
            "decimal",
            what,
            'say what stands before the decimals: decimal: "," or decimal: "."',
        )
    for unit in found.units:
        percent = unit in amounts.SHARES
        notes.append(Message("door.percent" if percent else "door.unit", {**values, "unit": unit}))
    if found.decimal == ",":
        notes.append(Message("door.comma", values))
    wrong = [text for text, held in forms.written.items() if not held or held in found.wrong]
    return found.sql(quoted(column), form_of(quoted(column)), wrong)


def _by_format(raw: Raw, column: str, way: str, zone: str | None) -> str:
    """The expression of a column whose format the case names.

    Raises:
        BadInput: a format that reads nothing, or that the engine does not know.
    """
    name = quoted(column)
    if way in UNITS:
        utc = f"make_timestamp(CAST(TRY_CAST({name} AS DOUBLE) * {UNITS[way]} AS BIGINT))"
        how = f"timezone({literal(zone or 'UTC')}, timezone('UTC', {utc}))"
    elif way == "excel":
        seconds = f"round((TRY_CAST({name} AS DOUBLE) - 25569) * 86400)"
        how = f"make_timestamp(CAST({seconds} * 1000000 AS BIGINT))"
    else:
        how = f"CAST(TRY_STRPTIME(trim(CAST({name} AS VARCHAR)), {literal(way)}) AS TIMESTAMP)"
    try:
        ((read, held),) = raw.all(f"SELECT count({how}), count({name}) FROM {raw.relation}")
    except Exception as error:  # the engine's own errors for a format it does not know
        raise wanted(
            raw.table, "format", f"{way!r} is no format of times", "e.g. %d/%m/%Y %H:%M"
        ) from error
    if held and not read:
        query = f"SELECT {name} FROM {raw.relation} WHERE {name} IS NOT NULL LIMIT 1"
        first = str(raw.all(query)[0][0])
        what = f"no value of column {column!r} in {raw.file} reads as {way!r}: {first!r}"
        raise wanted(raw.table, "format", what, "write it as the values are, e.g. %d/%m/%Y %H:%M")
    return how


def unread(raw: Raw, found: Read, typed: str | None) -> tuple[Message, ...]:
    """Notes for columns with values that were not read, or that stand for none: how many, where.

    Args:
        raw: the rows. found: how they are read. typed: the table of what was read, if there is one.
    """
    if not found.kinds:
        return ()
    held = raw.all(f"SELECT {_counted(map(quoted, found.kinds))} FROM {raw.relation}")[0]
    ways = map(quoted, found.kinds) if typed else (found.expressions[c] for c in found.kinds)
    read = raw.all(f"SELECT {_counted(ways)} FROM {typed or raw.relation}")[0]
    nothing = ", ".join(literal(text) for text in sorted(NOTHING))
    met: dict[tuple[str, str], str] = {}
    for (column, kind), given, got in zip(found.kinds.items(), held, read, strict=True):
        text = f"lower(trim(CAST({quoted(column)} AS VARCHAR), {literal(EDGES)}))"
        lost = f"{quoted(column)} IS NOT NULL AND ({found.expressions[column]}) IS NULL"
        if given > got:
            met[column, f"unread_{kind}"] = f"{lost} AND {text} NOT IN ({nothing})"
        if column in found.nothing or given > got:
            met[column, "nothing"] = f"{lost} AND {text} IN ({nothing}) AND {text} <> ''"
    return _told(raw, met)


def timeless(raw: Raw, times: Iterable[str], types: Mapping[str, str]) -> tuple[Message, ...]:
    """Notes for rows that have nothing in the column of their time."""
    return _told(raw, {(c, "no_time"): f"{quoted(c)} IS NULL" for c in times if c in types})


def _told(raw: Raw, met: Mapping[tuple[str, str], str]) -> tuple[Message, ...]:
    return tuple(
        Message(f"door.{key}", values) for (_, key), values in _first(raw, met) if values["rows"]
    )


def _counted(columns: Iterable[str]) -> str:
    return ", ".join(f"count({column})" for column in columns)


def _first(
    raw: Raw, met: Mapping[tuple[str, str], str]
) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """How many rows meet each condition on a column, the first of them, and what stands there."""
    if not met:
        return
    counted = ", ".join(f"count_if({condition})" for condition in met.values())
    counts = raw.all(f"SELECT {counted} FROM {raw.relation}")[0]
    for ((column, key), condition), rows in zip(met.items(), counts, strict=True):
        values = {"table": raw.table, "file": raw.file, "column": column, "rows": rows}
        if rows:
            query = f"SELECT rowid, {quoted(column)} FROM {raw.relation} WHERE {condition}"
            first = raw.all(f"{query} ORDER BY 1 LIMIT {FIRST_ROWS}")
            values["first"] = tuple(raw.row(k) for k, _ in first)
            values["values"] = tuple(dict.fromkeys(str(v)[:40] for _, v in first))
        yield (column, key), values


def trimmed(raw: Raw, texts: Sequence[str]) -> tuple[dict[str, str], tuple[Message, ...]]:
    """Texts without blanks around them, and a note for each column that has some."""
    clean = {c: f"trim({quoted(c)}, {literal(EDGES)})" for c in texts}
    met = {(c, "trimmed"): _edged(quoted(c)) for c in texts}
    found = [(c, values) for (c, _), values in _first(raw, met) if values["rows"]]
    notes = tuple(Message("door.trimmed", values) for _, values in found)
    return {c: clean[c] for c, _ in found}, notes


def _edged(column: str) -> str:
    """Whether a text begins or ends with a blank; of all ways to ask, the quickest."""
    ends = [f"{column} LIKE {literal(f'{b}%')} OR {column} LIKE {literal(f'%{b}')}" for b in EDGES]
    return f"({' OR '.join(ends)})"
