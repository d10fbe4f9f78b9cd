"""Which log of several a question is about."""

from __future__ import annotations

from collections.abc import Iterable

from kpilab.core.case import Case
from kpilab.core.table import EventLog
from kpilab.errors import BadInput


def log_of(
    case: Case, *, tables: Iterable[str] = (), columns: Iterable[str] = ()
) -> EventLog | None:
    """The log among `tables` (first that is one), else the goal's, else the first; always with
    these columns.

    Args:
        case: its tables.
        tables: those that the question names, best first.
        columns: what the question reads; a log without one of them cannot answer it.

    Returns:
        EventLog; None where no log has the columns.
    """
    wanted = {c.lower() for c in columns}
    able = {
        name: log
        for name, log in case.of_kind(EventLog).items()
        if wanted <= {c.lower() for c in log.table.columns}
    }
    goal = case.metrics[case.goal.metric].table
    return next((able[name] for name in (*tables, goal, *able) if name in able), None)


def named_log(case: Case, name: str | None) -> EventLog:
    """The log of that name.

    Raises:
        BadInput: the case has none of that name.
    """
    logs = case.of_kind(EventLog)
    if name not in logs:
        raise BadInput(
            "the case has no log of events", "case.yml, key 'tables'", "add a table of kind events"
        )
    return logs[name]
