"""The tables of a case: opened, their keys and times examined, joined where they are linked, each
in its role."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kpilab.case.asked import Asked, Asking, rewritten
from kpilab.case.fan_out import Relations, fanned_out
from kpilab.case.inspect import readable
from kpilab.case.links import Linked, Names
from kpilab.case.sources import issues, path, source
from kpilab.case.wide import wide
from kpilab.core.finding import DataIssue
from kpilab.core.table import (
    Assignments,
    Benchmark,
    Entities,
    EventLog,
    Executions,
    Facts,
    Incidents,
    Reports,
    Table,
)
from kpilab.core.values import Message, Period
from kpilab.engine.column import column as values_of
from kpilab.engine.connect import confine
from kpilab.engine.door.tables import table as settled
from kpilab.engine.joins import (
    Keyed,
    Leaf,
    distinct_rows,
    overlapping,
    repeated,
    repeated_days,
    unmatched,
)
from kpilab.engine.run import collect_one
from kpilab.errors import BadInput, EngineError, Problem, nearest, unknown_problem

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

    from kpilab.case.document import Document
    from kpilab.case.spec import CaseSpec, TableSpec

ROLES: Mapping[str, type[Table]] = {
    "events": EventLog,
    "facts": Facts,
    "entities": Entities,
    "benchmark": Benchmark,
    "reports": Reports,
    "executions": Executions,
    "assignments": Assignments,
    "incidents": Incidents,
}


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """Tables in their roles, the case in the names their columns have, and what was found on the
    way; `twice`: tables some of whose rows are wholly equal, and how many there are too many."""

    spec: CaseSpec
    tables: dict[str, Table] = field(default_factory=dict)
    issues: list[DataIssue] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()
    twice: dict[str, tuple[ir.Table, int]] = field(default_factory=dict)


def opened(spec: CaseSpec, document: Document, con: BaseBackend, folder: Path) -> Opened:
    """The tables of a case; nothing of it is read beyond what keys, times and joins need."""
    found = Opened(spec)
    raw = _raw(found, document, con, folder)
    files = [spec.tables[name].source for name in raw if spec.tables[name].source]
    confine(con, [path(file, folder) for file in files])
    raw = {name: _keyed(found, name, table, document) for name, table in raw.items()}
    gone = spec.tables.keys() - raw.keys()
    if any(gone & set(spec.tables[name].links.values()) for name in raw):
        return found  # what is linked could not be read, which is said
    names = Names({n: _linked(spec.tables[n], k.table) for n, k in raw.items()})
    astray = [*_links(spec, names, document)]
    asking = Asking(spec, names, document, {n: Asked() for n in raw}, astray)
    if not astray:
        asking.everything()
    hidden = frozenset(asking.hidden() if spec.privacy.pseudonymise and not astray else ())
    found.problems.extend(astray)
    if astray:
        return found
    raw = _timed(found, asking, raw, document)
    _counted_once(found, names, raw)
    found.problems.extend(fanned_out(Relations(spec, names, raw), document))
    for name in asking.tables:
        _role(found, asking, raw, document, name)
    return replace(found, spec=rewritten(spec, asking.tables), hidden=hidden)


def _raw(found: Opened, document: Document, con: BaseBackend, folder: Path) -> dict[str, ir.Table]:
    tables = {}
    zone = found.spec.timezone if "timezone" in found.spec.model_fields_set else None
    for name, table in found.spec.tables.items():
        try:
            read = source(con, table, folder, name, zone)
            tables[name] = settled(read.table, name)
            found.issues.extend(issues(name, read))
        except (BadInput, EngineError) as error:
            found.problems.extend(_placed(error, document, name))
    return tables


def _keyed(found: Opened, name: str, table: ir.Table, document: Document) -> Keyed:
    """The table by its key: wholly equal rows once; a key in rows that differ is no key to join
    by."""
    spec = found.spec.tables[name]
    valid = spec.valid
    named = [
        *spec.named_by,
        *([valid.since] if valid else []),
        *([valid.until] if valid and valid.until else []),
    ]
    gone = [c for c in named if c not in table.columns]
    for column in gone:
        where = document.at("tables", name, "key" if column in spec.named_by else "valid")
        found.problems.append(unknown_problem("column", column, table.columns, where))
    keyed = Keyed(
        name, table, str(spec.key), valid.since if valid else None, valid.until if valid else None
    )
    if gone or not spec.named_by:
        return keyed
    once, more = distinct_rows(table, spec.named_by)
    if more:
        found.twice[name] = table, more
    keyed = replace(keyed, table=once)
    if any(name in other.links.values() for other in found.spec.tables.values()) and isinstance(
        spec.key, str
    ):
        found.problems.extend(_no_key(keyed, document))
    return keyed


def _counted_once(found: Opened, names: Names, timed: Mapping[str, Keyed]) -> None:
    """What is said of rows that were there twice, with the days they lie on; their time may stand
    in a linked table."""
    for name, (table, more) in found.twice.items():
        spec = found.spec.tables[name]
        values = {"table": name, "rows": more, "key": ", ".join(spec.named_by)}
        daily: dict[date, int] = {}
        try:
            time = names.time(name, spec)
            daily = repeated_days(Keyed(name, _read(table, name, time), ""), timed, time)
        except BadInput:  # times that cannot be read are a problem of their own
            pass
        days = Period(min(daily), max(daily)) if daily else None
        said = Message("trust.collapsed", values | {"period": days})
        found.issues.append(DataIssue(name, said, period=days, rows=more, daily=daily))


def _read(table: ir.Table, name: str, time: Leaf | None) -> ir.Table:
    """The rows with a time of their own read as such."""
    own_time = time is not None and not time.hops
    return readable(table, name, time.column)[0] if time is not None and own_time else table


def _no_key(keyed: Keyed, document: Document) -> Iterator[Problem]:
    """What forbids joining to a table: a key in several rows that differ, or several that hold at
    one time."""
    where = document.at("tables", keyed.name, "key")
    many, first = repeated(keyed)
    if many:
        shown = ", ".join(first)
        what = f"{many:,} keys of table {keyed.name!r} stand in several rows that differ"
        what += f" (first: {keyed.key} {shown})"
        yield Problem(
            what,
            where,
            "keep one row per key, give `valid: {from, until}` columns, or drop the link to it",
        )
    elif keyed.since is not None:
        many, first = overlapping(keyed)
        if many:
            what = (
                f"{many:,} keys of table {keyed.name!r} hold twice at one time (first: {first[0]})"
            )
            yield Problem(
                what,
                document.at("tables", keyed.name, "valid"),
                "let one row end before the next begins",
            )


def _linked(spec: TableSpec, table: ir.Table) -> Linked:
    key = spec.key if isinstance(spec.key, str) else None
    return Linked(tuple(table.columns), spec.links, spec.columns, key)


def _links(spec: CaseSpec, names: Names, document: Document) -> Iterator[Problem]:
    """Links from columns that are not there, to tables that are not there or have no key of one
    column."""
    for name, table in names.tables.items():
        for column, to in table.links.items():
            where = document.at("tables", name, "links", column)
            if table.column(column) is None:
                yield unknown_problem("column", column, table.columns, where)
            if to not in spec.tables:
                yield Problem(f"no table named {to!r}", where, nearest(to, spec.tables))
            elif not isinstance(spec.tables[to].key, str):
                yield Problem(
                    f"table {to!r} has no key of one column", where, f"give table {to!r} its `key`"
                )


def _timed(
    found: Opened, asking: Asking, raw: Mapping[str, Keyed], document: Document
) -> dict[str, Keyed]:
    """The tables with the columns that are times read as such: their own, those others name, and
    those of validity."""
    columns: dict[tuple[str, str], None] = {}
    for name, asked in asking.tables.items():
        time = asked.roles.get("time")
        meant = asked.columns.get(time) if time else None
        if meant is None and time in raw[name].table.columns:
            columns[name, time] = None
        for hop, column in _ends(meant):
            columns[hop, column] = None
        valid = (raw[name].since, raw[name].until)
        columns |= {(name, c): None for c in valid if c in raw[name].table.columns}
    timed = dict(raw)
    for name, column in columns:
        try:
            table, issues = readable(timed[name].table, name, column)
        except (BadInput, EngineError) as error:
            found.problems.extend(_placed(error, document, name))
            asking.tables.pop(name, None)  # without times it has no role
            continue
        timed[name] = replace(timed[name], table=table)
        found.issues.extend(issues)
    return timed


def _ends(meant: object) -> Iterator[tuple[str, str]]:
    """Table and column of a linked time."""
    from sqlglot import exp

    from kpilab.case.links import leaf_of

    if isinstance(meant, exp.Column):
        leaf = leaf_of(meant)
        yield leaf.hops[-1].table, leaf.column


def _role(
    found: Opened, asking: Asking, raw: Mapping[str, Keyed], document: Document, name: str
) -> None:
    spec, asked = found.spec.tables[name], asking.tables[name]
    try:
        table = wide(name, raw, asked, asking.names.time(name, spec))
        fields = dict(asked.roles)
        if "dimensions" in type(spec).model_fields:
            fields["dimensions"] = tuple(dict.fromkeys(asked.dimensions))
        if spec.kind == "entities":
            fields["key"] = spec.key
        found.tables[name] = ROLES[spec.kind](table, name=name, **fields)
    except (BadInput, EngineError) as error:
        found.problems.extend(_placed(error, document, name))
        return
    found.issues.extend(_without_partner(name, spec, raw, asked))
    found.issues.extend(_ended_early(found.tables[name]))


def _without_partner(
    name: str, spec: TableSpec, raw: Mapping[str, Keyed], asked: Asked
) -> Iterator[DataIssue]:
    """One note for each link with values that are no key of the linked table."""
    from kpilab.case.links import leaves

    used = {leaf.hops[0] for leaf in leaves(asked.columns.values()) if leaf.hops}
    for hop in sorted(used, key=lambda h: h.link):
        rows, first = unmatched(raw[name], hop, raw[hop.table])
        if rows:
            values = {
                "table": name,
                "column": hop.link,
                "linked": hop.table,
                "rows": rows,
                "first": first,
            }
            yield DataIssue(name, Message("trust.no_partner", values), column=hop.link, rows=rows)


def _ended_early(table: Table) -> Iterator[DataIssue]:
    """A note on entities that end before they begin."""
    if isinstance(table, Entities) and table.time and table.until:
        rows = table.table
        early = rows.filter(values_of(rows, table.until).cast("timestamp") < rows[table.time])
        count = int(collect_one(early.agg(n=early.count()), "entities")["n"])
        if count:
            values = {"table": table.name, "rows": count, "column": table.until, "time": table.time}
            yield DataIssue(
                table.name, Message("trust.ends_early", values), column=table.until, rows=count
            )


def _placed(error: BadInput | EngineError, document: Document, name: str) -> Iterator[Problem]:
    """The error's problems with file, line and key of the table."""
    if isinstance(error, EngineError):
        yield Problem(
            str(error),
            document.at("tables", name, "source"),
            "check that the file is what its ending says",
        )
        return
    for problem in error.problems:
        if problem.where.startswith("case.yml"):
            yield problem
            continue
        said = re.search(r"\b(?:role|key) '([^'\[]+)", problem.where)
        place = said[1].split(".") if said else ["source"]
        yield Problem(problem.what, document.at("tables", name, *place), problem.hint)
