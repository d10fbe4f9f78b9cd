"""The external app: is it us, or everybody?"""

from __future__ import annotations

from kpilab.analysis.external.market import market
from kpilab.core.case import Case
from kpilab.core.table import Benchmark
from kpilab.errors import BadInput
from kpilab.questions.periods import both
from kpilab.workbench.app import App, Asked, Control, State
from kpilab.workbench.call import Call
from kpilab.workbench.choices import named


def _start(case: Case) -> State:
    return State("market", {"table": next(iter(case.of_kind(Benchmark)), None)})


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    return (named("table", case.of_kind(Benchmark)),)


def _market(case: Case, state: State) -> Asked:
    tables = case.of_kind(Benchmark)
    if state.get("table") not in tables:
        raise BadInput(
            "the case has no industry series",
            "case.yml, key 'tables'",
            "add a table of kind benchmark",
        )
    return Asked(Call(market, (tables[state.get("table")],), {**both(case)}))


EXTERNAL = App("external", "external", _start, _controls, {"market": _market})
