"""The definitions app: does everybody count alike; what is every metric made of;
are the KPIs SMART?"""

from __future__ import annotations

from kpilab.analysis.data.definitions import definitions
from kpilab.analysis.data.registry import registry
from kpilab.analysis.relation.smart import smart
from kpilab.core.case import Case
from kpilab.core.table import Reports
from kpilab.questions.reports import comparison
from kpilab.workbench.app import App, Asked, Control
from kpilab.workbench.call import Call
from kpilab.workbench.choices import named, worded
from kpilab.workbench.state import State


def _start(case: Case) -> State:
    """Without reports, what the metrics are made of."""
    table = next(iter(case.of_kind(Reports)), None)
    return State("definitions" if table else "registry", {"table": table})


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    tables = (named("table", case.of_kind(Reports)),) if state.view == "definitions" else ()
    return (worded("view", VIEWS), *tables)


def _definitions(case: Case, state: State) -> Asked:
    table = case.of_kind(Reports)[state.get("table")]
    return Asked(Call(definitions, (table,), {**comparison(case)}))


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
NEEDS = {"definitions": ("reports",), "smart": ("kpis",)}
DEFINITIONS = App("definitions", "execution", _start, _controls, VIEWS, needs=NEEDS)
