"""The execution app: was the work really done? Claims against traces, thresholds, timing,
and what to check by hand."""

from __future__ import annotations

from kpilab.analysis.execution.audit import audit_sample
from kpilab.analysis.execution.bunching import bunching
from kpilab.analysis.execution.evidence import evidence
from kpilab.analysis.execution.heaping import heaping
from kpilab.analysis.execution.priority import priority
from kpilab.analysis.execution.timing import timing
from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.table import Executions
from kpilab.core.values import Message
from kpilab.questions.periods import both
from kpilab.workbench.app import App, Asked, Control, Offer
from kpilab.workbench.call import Call
from kpilab.workbench.choices import named, values, worded
from kpilab.workbench.state import State


def _start(case: Case) -> State:
    tables = case.of_kind(Executions)
    name = next(iter(tables), None)
    actions = tuple(values(tables[name], tables[name].action)) if name else ()
    return State(
        "evidence", {"table": name, "action": next(iter(actions), None), "actions": actions}
    )


def _records(case: Case, state: State) -> Executions:
    return case.of_kind(Executions)[state.get("table")]


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    return (
        worded("view", VIEWS),
        named("table", case.of_kind(Executions)),
        named("action", state.names("actions")),
    )


def _evidence(case: Case, state: State) -> Asked:
    options = {**both(case), "action": state.choice.get("action")}
    return Asked(Call(evidence, (_records(case, state),), options))


def _bunching(case: Case, state: State) -> Asked:
    options = {"period": case.current, "action": state.choice.get("action")}
    return Asked(Call(bunching, (_records(case, state),), options))


def _heaping(case: Case, state: State) -> Asked:
    options = {"period": case.current, "action": state.choice.get("action")}
    return Asked(Call(heaping, (_records(case, state),), options))


def _priority(case: Case, state: State) -> Asked:
    options = {"period": case.current, "action": state.choice.get("action")}
    return Asked(Call(priority, (_records(case, state),), options))


def _timing(case: Case, state: State) -> Asked:
    options = {"period": case.current, "action": state.choice.get("action")}
    return Asked(Call(timing, (_records(case, state),), options))


def _sample(case: Case, state: State) -> Asked:
    return Asked(Call(audit_sample, (_records(case, state),), {"period": case.current}))


VIEWS = {
    "evidence": _evidence,
    "bunching": _bunching,
    "heaping": _heaping,
    "timing": _timing,
    "priority": _priority,
    "sample": _sample,
}


def _offers(case: Case, state: State, result: Result | None) -> tuple[Offer, ...]:
    """What may be faked leads to what should be checked."""
    return tuple(Offer(Message(f"workbench.view_{v}"), state.looking(v),
        main=v == "sample") for v in VIEWS
                 if v != state.view)  # fmt: skip


EXECUTION = App("execution", "execution", _start, _controls, VIEWS, offers=_offers,
    needs={"": ("executions",)})  # fmt: skip
