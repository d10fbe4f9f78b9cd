"""Which kind a table is, and which column plays which role: guessed from names,
types and repetitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from kpilab.case.look import Column, Sheet
from kpilab.case.relate import Related
from kpilab.case.words import (
    ACTOR,
    CLAIMED,
    COUNTED,
    DUE,
    EVENT,
    GROUPING,
    OUTCOME,
    REMARK,
    SESSION,
    USER,
    named,
    names_thing,
)

MOST_VALUES, MOST_EVENTS = 60, 200
EACH, EACH_ENTITY = 5, 2  # rows of a value, at least: of eight depots four lie in one region


@dataclass(frozen=True, slots=True)
class Guess:
    """A table's kind, the columns of its roles, and the columns to break it down by."""

    kind: str
    roles: dict[str, str]
    dimensions: tuple[str, ...] = ()
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)


def guesses(sheets: Sequence[Sheet], related: Related) -> dict[str, Guess]:
    """What the tables are, with the times and dimensions that they have by their links."""
    found = {s.name: one for s in sheets if (one := _of_related(s, related))}
    for sheet in sheets:
        ways = [(to, way) for to, way in related.ways(sheet.name) if to in found]
        timed = [(to, f"{way}.{found[to].roles['time']}") for to, way in ways
                 if found[to].roles.get("time")]  # fmt: skip
        own = found.get(sheet.name)
        if own is None and timed:
            found[sheet.name] = Guess("facts", {"time": timed[0][1]}, parts_of(sheet, set()))
        elif own is not None and own.kind == "facts" and named(own.roles["time"], DUE):
            # When something is due says less than when it was ordered.
            done = (time for to, time in timed if found[to].kind == "facts")
            time = next(done, own.roles["time"])
            found[sheet.name] = replace(own, roles=own.roles | {"time": time})
    return {
        name: replace(one, dimensions=(*one.dimensions, *_linked(name, found, related)))
        for name, one in found.items()
    }


def _of_related(sheet: Sheet, related: Related) -> Guess | None:
    """The kind of a table; one that others are about, and that is about none, is of entities."""
    if sheet.name in related.targets() and not related.of(sheet.name):
        time = sheet.time
        roles = {"key": related.keys[sheet.name]} | ({"time": time.name} if time else {})
        return Guess("entities", roles, parts_of(sheet, set(roles.values()), each=EACH_ENTITY))
    return guess(sheet, tuple(related.of(sheet.name)))


def _linked(name: str, found: Mapping[str, Guess], related: Related) -> tuple[str, ...]:
    """Dimensions of linked tables, each column's name once."""
    if found[name].kind not in ("events", "facts"):
        return ()
    taken, dimensions = set(found[name].dimensions), list[str]()
    for to, way in related.ways(name):
        for dimension in found[to].dimensions if to in found else ():
            if "." not in dimension and dimension not in taken:
                taken.add(dimension)
                dimensions.append(f"{way}.{dimension}")
    return tuple(dimensions)


def guess(sheet: Sheet, links: tuple[str, ...] = ()) -> Guess | None:
    """The most special kind that fits; None for a table without a time or without anything to
    count. `links` are columns that hold keys of other tables."""
    rules: tuple[Callable[[Sheet, str], Guess | None], ...] = (
        _assignments,
        _incidents,
        partial(_events, links=links),
        _executions,
        _reports,
        _benchmark,
        _facts,
    )
    time = sheet.time
    if time is None or not sheet.rows:
        return None
    return next((found for rule in rules if (found := rule(sheet, time.name))), None)


def _roles(time: str, **columns: Column | None) -> dict[str, str] | None:
    if any(column is None for column in columns.values()):
        return None
    return {"time": time} | {role: column.name for role, column in columns.items() if column}


def _assignments(sheet: Sheet, time: str) -> Guess | None:
    roles = _roles(
        time,
        unit=sheet.column(USER, "text", "number"),
        experiment=sheet.column("experiment|test|experiments", "text", "number"),
        variant=sheet.column("variant|arm|group|variation|version", "text", "number"),
    )
    return Guess("assignments", roles) if roles else None


def _incidents(sheet: Sheet, time: str) -> Guess | None:
    roles = _roles(
        time,
        unit=sheet.column("unit|machine|line|site|store|service|system|device", "text", "number"),
        alarm=sheet.column("alarm|incident|alert|fault", "text", "number"),
        responded=sheet.column("responded|response|acknowledged", "time"),
        solved=sheet.column("solved|resolved|fixed|closed", "time"),
    )
    return Guess("incidents", roles) if roles else None


def _executions(sheet: Sheet, time: str) -> Guess | None:
    roles = _roles(
        time,
        actor=sheet.column(ACTOR, "text"),
        action=sheet.column("action|task|activity|work|kind|type", "text"),
        quantity=sheet.column(CLAIMED, "number"),
    )
    if not roles:
        return None
    single = {
        "record": next(
            (c for c in sheet.columns if names_thing(c.name) and c.distinct == sheet.rows), None
        ),
        "target": sheet.column("target|quota", "number"),
        "verified": sheet.column("verified|audited|audit", "number", "flag"),
        "recorded": next(
            (
                c
                for c in sheet.of_type("time")
                if c.name != time and c.named("recorded|entered|logged")
            ),
            None,
        ),
    }
    roles |= {role: column.name for role, column in single.items() if column}
    rest = [
        c
        for c in sheet.of_type("number", "flag")
        if c.name not in roles.values() and not names_thing(c.name)
    ]
    lists = {
        "tiers": [c for c in rest if c.named("tier|bonus|threshold")],
        "logged": [c for c in rest if c.named("logged|entered")],
    }
    lists["evidence"] = [c for c in rest if c not in lists["tiers"] and c not in lists["logged"]]
    return Guess(
        "executions", roles, lists={k: tuple(c.name for c in v) for k, v in lists.items() if v}
    )


def _reports(sheet: Sheet, time: str) -> Guess | None:
    roles = _roles(
        time,
        reporter=sheet.column("reporter|department|team|source|reported by", "text"),
        metric=sheet.column("metric|kpi|indicator|measure", "text"),
        value=sheet.column("value|figure|amount", "number"),
    )
    return Guess("reports", roles) if roles else None


def _benchmark(sheet: Sheet, time: str) -> Guess | None:
    series = sheet.column("series|index|benchmark|industry|competitor|peer|market", "text")
    numbers = sheet.of_type("number")
    if series is None or len(numbers) != 1 or series.distinct > MOST_VALUES:
        return None
    return Guess("benchmark", {"time": time, "series": series.name, "value": numbers[0].name})


def _events(sheet: Sheet, time: str, links: tuple[str, ...] = ()) -> Guess | None:
    users = [
        c
        for c in sheet.of_type("text", "number")
        if ((c.named(USER) and _is_key(c)) or c.name in links) and 1 < c.distinct < sheet.rows
    ]
    event = next(
        (c for c in sheet.of_type("text") if c.named(EVENT) and 1 < c.distinct <= MOST_EVENTS), None
    )
    if not users or event is None:
        return None
    roles = {"time": time, "user": users[0].name, "event": event.name}
    session = sheet.column(SESSION, "text", "number")
    if session and session.distinct > 1 and session.name != roles["user"]:
        roles["session"] = session.name
    return Guess("events", roles, parts_of(sheet, set(roles.values())))


def _facts(sheet: Sheet, time: str) -> Guess | None:
    return Guess("facts", {"time": time}, parts_of(sheet, {time}))


def _is_key(column: Column) -> bool:
    return (
        column.type == "text"
        or names_thing(column.name)
        or column.named("user|customer|member|uid|case")
    )


def parts_of(sheet: Sheet, taken: set[str], each: int = EACH) -> tuple[str, ...]:
    """Columns with a few values, each of which several rows have: `each` in the mean."""
    return tuple(
        c.name
        for c in sheet.columns
        if c.name not in taken
        and 1 < c.distinct <= MOST_VALUES
        and c.distinct * each <= sheet.rows
        and (
            c.type in ("text", "flag")
            or (
                c.type == "number"
                and c.named(GROUPING)
                and not c.named(COUNTED)
                and c.nature not in ("calendar", "place", "repeated")
            )
        )
        and not c.named(REMARK)
        and not c.named(OUTCOME)
    )


def measures(sheet: Sheet, found: Guess) -> list[Column]:
    """Numbers that can be added up or averaged: neither keys nor dimensions."""
    taken = {*found.roles.values(), *found.dimensions}
    able = ("adds", "mean", "level")
    numbers = [c for c in sheet.of_type("number") if c.filled and c.name not in taken]
    return [c for c in numbers if c.nature in able]
