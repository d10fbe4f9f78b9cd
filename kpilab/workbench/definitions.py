"""The definitions app: does every department count the same metric in the same way, and do log and books agree?"""

from __future__ import annotations

from kpilab.analysis.definitions import definitions
from kpilab.core.case import Case
from kpilab.core.table import EventLog, Reports
from kpilab.errors import BadInput
from kpilab.workbench.app import App, Asked, Control, State
from kpilab.workbench.call import Call
from kpilab.workbench.choices import named


def _start(case: Case) -> State:
    return State("definitions", {"table": next(iter(case.of_kind(Reports)), None)})


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    return (named("table", case.of_kind(Reports)),)


def _definitions(case: Case, state: State) -> Asked:
    tables = case.of_kind(Reports)
    if state.get("table") not in tables:
        raise BadInput("the case has no reports", "case.yml, key 'tables'", "add a table of kind reports")
    options = {
        "baseline": case.baseline,
        "current": case.current,
        "declared": case.definitions,
        "tables": case.tables,
        "log": next(iter(case.of_kind(EventLog).values()), None),
    }
    return Asked(Call(definitions, (tables[state.get("table")],), options))


DEFINITIONS = App("definitions", "execution", _start, _controls, {"definitions": _definitions})
