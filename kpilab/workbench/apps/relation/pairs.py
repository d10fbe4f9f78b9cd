"""The relation app: do KPI and goal move together, in which segment, with what lag?"""

from __future__ import annotations

from collections.abc import Mapping

from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.table import Table
from kpilab.core.values import Message
from kpilab.questions.series import watched
from kpilab.workbench import ask
from kpilab.workbench.app import App, Asked, Control, Offer
from kpilab.workbench.call import Call
from kpilab.workbench.choices import called, named
from kpilab.workbench.state import State


def _start(case: Case) -> State:
    return State("related", {"kpi": next(iter(watched(case)), None)})


def _table(case: Case, state: State) -> Table | None:
    """A segment must be known to both tables, else there is none to choose."""
    kpi = case.metrics.get(state.get("kpi"))
    if kpi is None:
        return None
    tables = (case.tables[kpi.table], case.tables[case.metrics[case.goal.metric].table])
    same = set(tables[0].dimensions_named) <= set(tables[1].dimensions_named)
    return tables[0] if same else None


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    return (named("kpi", watched(case)),) if state.view == "related" else ()


def _related(case: Case, state: State) -> Asked:
    return Asked(Call(ask.related, (case, state.get("kpi")), {"where": state.where}))


def _screened(case: Case, state: State) -> Asked:
    return Asked(Call(ask.screened, (case,)), fields=("kpi",))


def _clicked(case: Case, state: State, mark: Mapping[str, object]) -> State | None:
    kpi = called(case, watched(case), str(mark.get("kpi")))
    return state.looking("related", kpi=kpi) if kpi else None


def _offers(case: Case, state: State, result: Result | None) -> tuple[Offer, ...]:
    other = "screened" if state.view == "related" else "related"
    return (Offer(Message(f"workbench.view_{other}"), state.looking(other), main=True),)


RELATION = App(
    "relation",
    "relation",
    _start,
    _controls,
    {"related": _related, "screened": _screened},
    _clicked,
    _offers,
    _table,
    {"": ("watched",)},
)
