"""The external app: is it us, or everybody?"""

from __future__ import annotations

from kpilab.analysis.external.market import market
from kpilab.core.case import Case
from kpilab.core.table import Benchmark
from kpilab.questions.periods import both
from kpilab.workbench.app import App, Asked, Control
from kpilab.workbench.call import Call
from kpilab.workbench.choices import named
from kpilab.workbench.state import State


def _start(case: Case) -> State:
    return State("market", {"table": next(iter(case.of_kind(Benchmark)), None)})


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    return (named("table", case.of_kind(Benchmark)),)


def _market(case: Case, state: State) -> Asked:
    table = case.of_kind(Benchmark)[state.get("table")]
    return Asked(Call(market, (table,), {**both(case)}))


NEEDS = {"": ("benchmark",)}
EXTERNAL = App("external", "external", _start, _controls, {"market": _market}, needs=NEEDS)
