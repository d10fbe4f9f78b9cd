"""The sources of a case's tables: files as they are to be read, or tables of the engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kpilab.case.reading import KEYS
from kpilab.case.spec import TableSpec
from kpilab.core.finding import DataIssue
from kpilab.core.values import Period
from kpilab.engine.door.files import ENDINGS, is_file, opened
from kpilab.engine.door.reading import Expand, Opened, Reading, Unpivot, wanted
from kpilab.engine.query import queried
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

# Roles whose columns name things: what is written there stays as it is.
NAMES = ("user", "event", "session", "series", "reporter", "metric", "actor", "action", "record",
         "unit", "experiment", "variant", "alarm", "key", "dimensions")  # fmt: skip
TIMES = ("time", "recorded", "responded", "solved", "reviewed", "until")


def source(con: BaseBackend, table: TableSpec, folder: Path, name: str, zone: str | None) -> Opened:
    """The rows of a table's source as they are read, and what is to be said of it.

    Args:
        con: the engine. table: of case.yml. folder: where its files lie. name: what it is called.
        zone: the time zone of the case, where it names one.

    Raises:
        BadInput: no such source, or one that cannot be read.
    """
    said = sorted(key for key in KEYS if getattr(table, key) not in (None, {}))
    if table.query:
        if said:
            what = f"`{said[0]}` says how a file is read, and a query reads none"
            raise wanted(name, said[0], what, "take it out")
        return Opened(queried(con, table.query, f"table {name!r}, role 'query'"))
    if "://" in table.source:
        raise BadInput(
            f"source {table.source!r} is an address",
            "source",
            "give a file, a glob, or a table of the engine",
        )
    if is_file(table.source):
        return opened(con, path(table.source, folder), name, _reading(table, zone))
    if said:
        what = f"`{said[0]}` says how a file is read, and the source is no file"
        raise wanted(name, said[0], what, "take it out")
    known = con.list_tables()
    if table.source not in known:
        raise BadInput(
            f"source {table.source!r} is no file we can read and no table of the engine",
            "source",
            f"give a file ending in {sorted(ENDINGS)}"
            + (f", or one of the tables {known[:5]}" if known else ""),
        )
    return Opened(con.table(table.source))


def path(text: str, folder: Path) -> str:
    """Where a source lies."""
    return str((folder / text).absolute())


def _reading(table: TableSpec, zone: str | None) -> Reading:
    """How the file of a table is read."""
    roles = {field: getattr(table, field) for field in type(table).model_fields}
    names = {c for role in NAMES for c in _columns(roles.get(role))} | set(table.links)
    times = frozenset(c for role in TIMES for c in _columns(roles.get(role)))
    return Reading(
        table.sheet,
        table.header,
        table.encoding,
        table.decimal,
        table.format,
        Unpivot(**table.unpivot.model_dump()) if table.unpivot else None,
        frozenset(names) - times,
        frozenset(_columns(roles.get("time"))),
        times,
        zone,
        Expand(**table.expand.model_dump()) if table.expand else None,
    )


def _columns(given: object) -> list[str]:
    if isinstance(given, str):
        return [given]
    return [c for c in given if isinstance(c, str)] if isinstance(given, list | tuple) else []


def issues(table: str, read: Opened) -> list[DataIssue]:
    """What reading a file has shown, for the data-quality section."""
    found = []
    for note in read.notes:
        column, rows = note.values.get("column"), note.values.get("rows")
        issue = DataIssue(table, note, column=column, rows=rows)  # type: ignore[arg-type]
        if note.key == "door.doubled" and read.daily:
            days = Period(min(read.daily), max(read.daily))
            issue = replace(issue, period=days, daily=read.daily)
        found.append(issue)
    return found
