"""What a question lacks in a case, said in words before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from kpilab.core.case import Case
from kpilab.core.table import Benchmark, EventLog, Executions, Reports, Table
from kpilab.core.values import Message
from kpilab.errors import BadInput
from kpilab.questions import customers
from kpilab.questions.funnels import is_slow
from kpilab.questions.series import watched
from kpilab.show.say import sentence

if TYPE_CHECKING:
    from kpilab.workbench.state import State


class Lacks(BadInput):
    """The case holds nothing that the question could be asked of.

    Attributes:
        message: what is lacking, and how to add it.
    """

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(sentence(message, "en"), "case.yml", "add it, or ask another question")


def _decided(case: Case, state: State) -> object:
    test = case.experiments.get(state.get("experiment"))
    return test is not None and test.decided_on is not None


def _table(case: Case, state: State) -> Table | None:
    """The table that a metric, else a funnel, is about."""
    metric, plan = case.metrics.get(state.get("metric")), case.funnels.get(state.get("funnel"))
    name = metric.table if metric else plan.table if plan else None
    return None if name is None else case.tables[name]


def _deals(case: Case, state: State) -> object:
    plan = case.funnels.get(state.get("funnel"))
    return plan is not None and is_slow(plan)


def _dimensions(case: Case, state: State) -> object:
    table = _table(case, state)
    return table is not None and table.dimensions_named


def _open(case: Case, state: State) -> object:
    """Dimensions of the table that the filter leaves open."""
    table = _table(case, state)
    return table is not None and set(table.dimensions_named) - set(state.where.values)


def _adds(case: Case, state: State) -> object:
    metric = case.metrics.get(state.get("metric"))
    return metric is not None and metric.per is None


# What can be needed -> what the case has of it; its words are `workbench.lacks_<name>`.
HELD: Mapping[str, Callable[[Case, State], object]] = {
    "customer": lambda case, state: case.customer,
    "events": lambda case, state: case.of_kind(EventLog),
    "benchmark": lambda case, state: case.of_kind(Benchmark),
    "executions": lambda case, state: case.of_kind(Executions),
    "reports": lambda case, state: case.of_kind(Reports),
    "funnel": lambda case, state: case.funnels,
    "experiment": lambda case, state: case.experiments,
    "kpis": lambda case, state: case.kpis,
    "watched": lambda case, state: watched(case),
    "decision": _decided,
    "dimensions": _dimensions,
    "open": _open,
    "segment": lambda case, state: state.where.values,
    "deals": _deals,
    "unfiltered": lambda case, state: not state.where,
    "adds": _adds,
    "way": lambda case, state: customers.ways(case),
    "sum": lambda case, state: customers.amount_column(case),
    "quantity": lambda case, state: customers.quantities(case),
    "order": lambda case, state: customers.keys(case),
    "item": lambda case, state: customers.items(case),
    "met": lambda case, state: customers.truths(case),
    "spend": lambda case, state: customers.spends(case),
}


def lacking(names: Iterable[str], case: Case, state: State) -> Message | None:
    """The first of the needed things that is not there; None when all are."""
    missing = next((name for name in names if not HELD[name](case, state)), None)
    return None if missing is None else Message(f"workbench.lacks_{missing}")
