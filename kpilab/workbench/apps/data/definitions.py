"""The definitions app: does everybody count alike; what is every metric made of;
are the KPIs SMART?"""

from __future__ import annotations

from kpilab.analysis.data.definitions import definitions
from kpilab.analysis.data.registry import registry
from kpilab.analysis.relation.smart import smart
from kpilab.core.case import Case
from kpilab.core.table import Reports
from kpilab.errors import BadInput
from kpilab.questions.reports import comparison
from kpilab.workbench.app import App, Asked, Control, State
from kpilab.workbench.call import Call
from kpilab.workbench.choices import named, worded


def _start(case: Case) -> State:
    return State("definitions", {"table": next(iter(case.of_kind(Reports)), None)})


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    tables = (named("table", case.of_kind(Reports)),) if state.view == "definitions" else ()
    return (worded("view", VIEWS), *tables)


def _definitions(case: Case, state: State) -> Asked:
    tables = case.of_kind(Reports)
    if state.get("table") not in tables:
        raise BadInput(
            "the case has no reports", "case.yml, key 'tables'", "add a table of kind reports"
        )
    return Asked(Call(definitions, (tables[state.get("table")],), {**comparison(case)}))


def _registry(case: Case, state: State) -> Asked:
    return Asked(Call(registry, (case.metrics,), {"definitions": case.definitions}))


def _smart(case: Case, state: State) -> Asked:
    options = {
        "metrics": case.metrics,
        "tables": case.tables,
        "tree": case.goal.tree,
        "current": case.current,
    }
    return Asked(Call(smart, (case.kpis,), options))


VIEWS = {"definitions": _definitions, "registry": _registry, "smart": _smart}
DEFINITIONS = App("definitions", "execution", _start, _controls, VIEWS)
