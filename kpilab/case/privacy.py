"""Privacy of a case: small groups put together, the secret behind its pseudonyms,
what may still be asked of names."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from sqlglot import exp

from kpilab.case.document import Document
from kpilab.case.expressions import expressions
from kpilab.case.formulas import stacked_from
from kpilab.core.case import Case
from kpilab.core.finding import DataIssue
from kpilab.core.table import Assignments, EventLog, Reports, Stacked
from kpilab.core.values import Message
from kpilab.engine.expression import read_by_value
from kpilab.engine.groups import grouped, small_groups, together
from kpilab.engine.pseudonym import pseudonym, pseudonymised
from kpilab.errors import BadInput, Problem, nearest

KEY_FILE, VARIABLE, LEAST = ".kpilab-key", "KPILAB_KEY", 16


def pseudonyms(
    case: Case, document: Document, same: Collection[str] = ()
) -> tuple[Case, list[Problem]]:
    """The case with the values of its hidden columns replaced in every table, and in what reading
    the tables has shown; and what speaks against it.

    Args:
        same: columns that hold the same by other names, over links.
    """
    names = case.privacy.pseudonymise
    if not names:
        return case, []
    hidden, problems = _hidden(case, document, same)
    problems += [*_apart(case, hidden, document), *_read_by_name(case, hidden, document)]
    if problems:
        return case, problems
    key = secret(case.folder)
    tables = {name: pseudonymised(table, hidden, key) for name, table in case.tables.items()}
    reporters = {t.reporter for t in case.of_kind(Reports).values()}
    declared = case.definitions
    if reporters & hidden:
        declared = tuple(replace(d, reporter=pseudonym(d.reporter, key)) for d in declared)
    issues = tuple(_unnamed(issue, hidden) for issue in case.issues)
    return replace(case, tables=tables, definitions=declared, issues=issues), []


def _unnamed(issue: DataIssue, hidden: frozenset[str]) -> DataIssue:
    """The note without values of a hidden column; of a raw line nobody knows whose they are."""
    said = dict(issue.statement.values)
    named = (issue.column or said.get("column")) in hidden
    for key in ("values", "first", "text"):
        value = said.get(key)
        texts = isinstance(value, str) or (
            isinstance(value, tuple) and any(isinstance(v, str) for v in value)
        )
        if texts and (named or key == "text"):
            said[key] = "…" if isinstance(value, str) else ("…",)
    return replace(issue, statement=replace(issue.statement, values=said))


def small_groups_together(case: Case) -> Case:
    """The case with values of dimensions that fewer than `min_group` users have put together in
    every table.

    A value that case.yml itself names, in a condition or a rule, stays: it is known, and must go on
    meaning the same.
    """
    least = case.privacy.min_group
    small: dict[str, set[str]] = {}
    for log in case.of_kind(EventLog).values() if least > 1 else ():
        for name, values in small_groups(log, least).items():
            small.setdefault(name, set()).update(values)
    if not small:
        return case
    named = set(_texts((case.alarms, case.targets)))
    for _, _, text, parse in expressions(case):
        named |= {str(part.this) for part in parse(text, "").find_all(exp.Literal)}
    kept = {name: tuple(sorted(values - named)) for name, values in small.items() if values - named}
    tables = {name: grouped(table, kept, least) for name, table in case.tables.items()}
    return replace(case, tables=tables, issues=(*case.issues, *_told(case, kept)))


def _told(case: Case, small: Mapping[str, tuple[str, ...]]) -> Iterator[DataIssue]:
    """How many values were put together, for the report; not which."""
    least = case.privacy.min_group
    for name, values in small.items():
        table = next(t for t, log in case.of_kind(EventLog).items() if name in log.dimensions)
        said = {"dimension": name, "least": least, "label": together(least), "groups": len(values)}
        yield DataIssue(table, Message("trust.few", said), column=name)


def _texts(data: object) -> Iterator[str]:
    """Every value somewhere in nested mappings and lists, as text."""
    if isinstance(data, Mapping):
        data = tuple(data.values())
    if isinstance(data, list | tuple):
        for part in data:
            yield from _texts(part)
    else:
        yield str(data)


def secret(folder: Path) -> str:
    """The key of the pseudonyms: from the variable KPILAB_KEY, else the file .kpilab-key beside
    case.yml.

    The file is made at the first use, readable by its owner alone; it stays, so that a person has
    the same pseudonym in the next review.

    Raises:
        BadInput: a key under 16 characters, or a folder in which none can be kept.
    """
    given = os.environ.get(VARIABLE)
    where = f"environment variable {VARIABLE}"
    if given is None:
        where = str(folder / KEY_FILE)
        given = _kept(folder / KEY_FILE)
    if len(given) < LEAST:
        raise BadInput(
            f"the key of the pseudonyms has {len(given)} characters",
            where,
            f"give {LEAST} or more, kept secret",
        )
    return given


def _kept(path: Path) -> str:
    try:
        if not path.exists():
            _make(path)
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"the key of the pseudonyms cannot be kept: {error}",
            str(path),
            f"make the folder writable, or give the key in the environment variable {VARIABLE}",
        ) from None


def _make(path: Path) -> None:
    """Write a new key beside its place and link it there,
    so that two processes end up with the same whole key."""
    part = path.with_name(f"{KEY_FILE}.{os.getpid()}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(token_hex(32))
        with suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)


def _hidden(
    case: Case, document: Document, same: Collection[str]
) -> tuple[frozenset[str], list[Problem]]:
    """Columns that the names mean, as columns or as roles, in whatever table they stand."""
    tables = case.tables.values()
    known = {n for t in tables for n in (*t.table.columns, *t.roles())}
    hidden, problems = set[str](), list[Problem]()
    for k, name in enumerate(case.privacy.pseudonymise):
        if name not in known:
            where = document.at("privacy", "pseudonymise", k)
            problems.append(
                Problem(f"no column or role named {name!r}", where, nearest(name, known))
            )
        hidden |= {t.roles()[name] for t in tables if name in t.roles()}
        hidden |= {c for t in tables for c in t.table.columns if c == name}
    hidden |= {c for t in tables for c in t.table.columns if c in same}
    stacked = case.of_kind(Stacked).values()
    hidden |= {c for t in stacked for c in t.table.columns if stacked_from(c) in hidden}
    return frozenset(hidden), problems


def _apart(case: Case, hidden: frozenset[str], document: Document) -> Iterator[Problem]:
    """Users must be called alike in events and assignments,
    or no unit of a test would be found in the log."""
    users = {t.user for t in case.of_kind(EventLog).values()}
    units = {t.unit for t in case.of_kind(Assignments).values()}
    both = users | units
    if users and units and both & hidden and both - hidden:
        yield Problem(
            f"{sorted(both & hidden)} are pseudonymised and {sorted(both - hidden)} are not",
            document.at("privacy", "pseudonymise"),
            (
                "users of the events and units of the tests are the same people: name all these "
                "columns, or none"
            ),
        )


def _read_by_name(case: Case, hidden: frozenset[str], document: Document) -> Iterator[Problem]:
    """Expressions that compare a hidden column with a name: they would match nothing any more."""
    for table, path, text, parse in expressions(case):
        columns = case.tables[table].table.columns if table in case.tables else ()
        for column in read_by_value(parse(text, ""), hidden.intersection(columns)):
            yield Problem(
                f"{column!r} is pseudonymised and cannot be read in {text!r}",
                document.at(*path),
                f"count it, e.g. count(distinct {column}), or use another column",
            )
