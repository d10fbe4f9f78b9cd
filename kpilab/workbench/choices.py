"""Controls that several apps share."""

from __future__ import annotations

from collections.abc import Iterable

from kpilab.core.case import Case
from kpilab.core.table import EventLog, Table
from kpilab.core.values import Message, Where
from kpilab.engine.run import collect
from kpilab.workbench.app import Control
from kpilab.workbench.job import ENGINE

NOTHING = ("", "–")
MOST_VALUES = 100


def named(name: str, values: Iterable[str], *, empty: bool = False) -> Control:
    """Names of the case's own things, called by their labels."""
    options = tuple((v, v) for v in values)
    return Control(name, ((NOTHING,) if empty else ()) + options)


def worded(name: str, values: Iterable[str], *, empty: bool = False) -> Control:
    """Fixed choices with a text `workbench.<name>_<value>` each."""
    options = tuple((v, Message(f"workbench.{name}_{v}")) for v in values)
    return Control(name, ((NOTHING,) if empty else ()) + options)


def period() -> Control:
    return worded("period", ("current", "baseline"))


def dimension(
    table: Table, where: Where, name: str = "dimension", *, empty: bool = False
) -> Control:
    """The dimensions the filter leaves open."""
    return named(name, free(table, where), empty=empty)


def free(table: Table, where: Where) -> list[str]:
    return [d for d in table.dimensions_named if d not in where.values]


def called(case: Case, names: Iterable[str], said: str) -> str | None:
    """Which of the metrics a chart's mark names: by its own name or a label, in any language, with
    or without a remark in brackets. The longest wins."""
    found = [
        (len(name), metric)
        for metric in names
        for name in (metric, *case.labels.get(metric, {}).values())
        if said == name or said.startswith((f"{name} (", f"{name}（"))
    ]
    return max(found)[1] if found else None


def events(case: Case) -> tuple[str, ...]:
    """The names of all events; asked once, when an app opens, because controls are drawn often."""
    return tuple(
        dict.fromkeys(e for log in case.of_kind(EventLog).values() for e in values(log, log.event))
    )


def values(table: Table, column: str) -> list[str]:
    """The values of a column, most frequent first."""
    rows = table.table.group_by(column).agg(rows=lambda t: t.count())
    with ENGINE:
        found = collect(rows.order_by(rows.rows.desc()).limit(MOST_VALUES), "choices")
    return [str(v) for v in found[column].dropna()]
