"""Does the data fit the spec? Columns, types, empty tables, periods without rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import ibis

from kpilab.case.document import Document
from kpilab.case.occurring import unreadable
from kpilab.core.case import Case, Metric
from kpilab.core.finding import DataIssue
from kpilab.core.table import EventLog, Facts, Table
from kpilab.core.values import Message
from kpilab.engine.dialect import one
from kpilab.engine.door.numbered import numbered, said
from kpilab.engine.expression import missing, parse_measure, parse_predicate
from kpilab.engine.metrics import measure
from kpilab.engine.run import collect, collect_one
from kpilab.errors import BadInput, EngineError, Problem

if TYPE_CHECKING:
    import ibis.expr.types as ir

FIRST_ROWS = 5


def readable(table: ir.Table, name: str, column: str) -> tuple[ir.Table, list[DataIssue]]:
    """The table with a column of times as timestamps without zone; rows that cannot be read are
    counted.

    Raises:
        BadInput: the column holds no times at all.
    """
    kind = table.schema()[column]
    if kind.is_date() or (kind.is_timestamp() and getattr(kind, "timezone", None) is None):
        return table, []
    if kind.is_timestamp():
        return table.mutate(**{column: table[column].cast("timestamp")}), []
    if not kind.is_string():
        if not collect_one(table.agg(rows=table.count()), "time column")["rows"]:
            empty = table.mutate(**{column: ibis.null("timestamp")})
            return empty, [DataIssue(name, Message("trust.empty", {"table": name}), rows=0)]
        return _numbered(table, name, column)
    return _read(table, name, column, table[column].try_cast("timestamp"))


def _numbered(table: ir.Table, name: str, column: str) -> tuple[ir.Table, list[DataIssue]]:
    """A column of numbers that are times."""
    kind = table.schema()[column]
    found = numbered(table, column) if kind.is_numeric() else None
    if found is None:
        raise BadInput(
            f"column {column!r} holds {kind}, not times",
            f"table {name!r}, role 'time'",
            "name a date or time column, or say in `format` how its values are to be read",
        )
    clean, issues = _read(table, name, column, found[1])
    return clean, [DataIssue(name, said(name, column, found[0]), column=column), *issues]


def _read(
    table: ir.Table, name: str, column: str, moments: ir.Value
) -> tuple[ir.Table, list[DataIssue]]:
    """The table with its times read; rows whose time is none are counted.

    Raises:
        BadInput: no value can be read.
    """
    raw = table.mutate(row_in_file=ibis.row_number() + 1)
    bad = raw.filter(moments.isnull() & raw[column].notnull())
    counts = collect_one(
        bad.agg(rows=bad.count()).cross_join(raw.agg(all=raw.count())), "time column"
    )
    rows, total = int(counts["rows"]), int(counts["all"])
    if total and rows == total:
        raise BadInput(
            f"no value of column {column!r} reads as a time",
            f"table {name!r}, role 'time'",
            "write times as YYYY-MM-DD [HH:MM:SS], or say in `format` how they are written",
        )
    clean = table.mutate(**{column: moments})
    if not rows:
        return clean, []
    first = collect(
        bad.order_by("row_in_file").limit(FIRST_ROWS).select("row_in_file"), "time column"
    )["row_in_file"].tolist()
    values = {"table": name, "column": column, "rows": rows, "first": tuple(first)}
    return clean, [
        DataIssue(name, Message("trust.unreadable_time", values), column=column, rows=rows)
    ]


def data_problems(case: Case, document: Document) -> list[Problem]:
    """Columns the expressions name, and tables or periods without rows."""
    found = [*_columns(case, document), *unreadable(case, document), *_rows(case, document)]
    return found or [*_measures(case, document)]


def _columns(case: Case, document: Document) -> Iterator[Problem]:
    for name, metric in case.metrics.items():
        table = case.tables.get(metric.table)
        for key, text in (
            ("measure", metric.measure),
            ("numerator", metric.numerator),
            ("denominator", metric.denominator),
        ):
            if table is not None and text is not None:
                yield from missing(
                    parse_measure(text, ""), table.table.columns, document.at("metrics", name, key)
                )
        if table is not None and metric.condition is not None:
            yield from missing(
                parse_predicate(metric.condition, ""),
                table.table.columns,
                document.at("metrics", name, "where"),
            )
    for k, definition in enumerate(case.definitions):
        table = case.tables.get(definition.table or "")
        if table is not None and definition.measure is not None:
            yield from missing(
                parse_measure(definition.measure, ""),
                table.table.columns,
                document.at("definitions", k, "measure"),
            )


def _measures(case: Case, document: Document) -> Iterator[Problem]:
    """Metrics that the engine does not take (a sum of texts), asked without rows."""
    for name, table in case.tables.items():
        here = [m for m in case.metrics.values() if m.table == name]
        if here and _refused(case, table, here):
            for metric in here:
                said = _refused(case, table, [metric])
                if said:
                    where = document.at("metrics", metric.name)
                    mend = "correct the expression, or have the column read as what it holds"
                    yield Problem(f"metric {metric.name!r} cannot be measured: {said}", where, mend)


def _refused(case: Case, table: Table, metrics: list[Metric]) -> str:
    """What the engine says of these metrics; "" when it takes them."""
    try:
        measure(replace(table, table=table.table.limit(0)), metrics, {"current": case.current})
    except EngineError as error:
        return str(error).partition("the engine failed: ")[2] or str(error)
    return ""


def _rows(case: Case, document: Document) -> Iterator[Problem]:
    measured = {metric.table for metric in case.metrics.values()}
    for name, role in case.sources.items():
        if not isinstance(role, EventLog | Facts) or "time" not in role.roles():
            continue
        counts = collect_one(_counts(case, role), f"rows of {name!r}")
        where = document.at("tables", name, "source")
        if not counts["all"]:
            yield Problem(f"table {name!r} is empty", where, "export the table again")
        elif counts["first"] != counts["first"] or counts["first"] is None:
            what = f"no row of table {name!r} has a time"
            time = document.at("tables", name, "time")
            yield Problem(what, time, "name the column that has it, or mend the link to it")
        elif name in measured:
            span = f"it holds {str(counts['first'])[:10]} to {str(counts['last'])[:10]}"
            for period in ("baseline", "current"):
                if not counts[period]:
                    days = case.periods[period]
                    yield Problem(
                        f"table {name!r} has no rows in the {period} period {days}; {span}",
                        document.at("periods", period),
                        "choose a period inside the data, or add the missing rows",
                    )


def _counts(case: Case, role: Table) -> ir.Table:
    days = role.table.select(day=role.table[role.roles()["time"]].cast("date"))
    inside = {
        name: one(
            days.day.between(
                ibis.date(case.periods[name].first), ibis.date(case.periods[name].last)
            )
        )
        for name in ("baseline", "current")
    }
    days = days.mutate(**inside)
    return days.agg(
        all=days.count(),
        first=days.day.min(),
        last=days.day.max(),
        baseline=ibis._.baseline.sum().coalesce(0),  # type: ignore[arg-type]  # a deferred column
        current=ibis._.current.sum().coalesce(0),  # type: ignore[arg-type]  # a deferred column
    )
