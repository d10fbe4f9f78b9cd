"""Reports of departments as questions: what they declare, the tables that recompute it,
and the log for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from kpilab.core.case import Case, Definition
from kpilab.core.table import EventLog, Table
from kpilab.core.values import Period
from kpilab.questions.logs import log_of
from kpilab.questions.periods import both


class Comparison(TypedDict):
    """Arguments of `definitions`."""

    baseline: Period
    current: Period
    declared: Sequence[Definition]
    tables: Mapping[str, Table]
    log: EventLog | None


def comparison(case: Case) -> Comparison:
    """How the reports of a case are compared; what nobody declared is searched in the log of the
    declared metrics."""
    tables = [
        d.table or case.metrics[d.metric].table
        for d in case.definitions
        if d.table or d.metric in case.metrics
    ]
    log = log_of(case, tables=tables)
    return {**both(case), "declared": case.definitions, "tables": case.tables, "log": log}
