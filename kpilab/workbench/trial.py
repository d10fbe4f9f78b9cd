"""The trial app: did the treatment work, can the test be trusted, and was it read rightly?"""

from __future__ import annotations

from kpilab.analysis.experiment import experiment
from kpilab.analysis.rereading import reread
from kpilab.core.case import Case, Test
from kpilab.core.result import Result
from kpilab.core.table import Assignments, EventLog
from kpilab.core.trial import Design, Outcome
from kpilab.core.values import Message
from kpilab.errors import BadInput, unknown
from kpilab.workbench.app import App, Asked, Control, Offer, State
from kpilab.workbench.call import Call
from kpilab.workbench.choices import named, worded

NOT_SHIPPED = ("not shipped", "rolled back", "rejected", "no change", "kept control", "abandoned")


def _start(case: Case) -> State:
    return State("experiment", {"experiment": next(iter(case.experiments), None)})


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    return (worded("view", VIEWS), named("experiment", case.experiments))


def _parts(case: Case, state: State) -> tuple[Test, Assignments, EventLog]:
    if state.get("experiment") not in case.experiments:
        raise unknown("experiment", state.get("experiment"), case.experiments, "case.yml, key 'experiments'")
    test = case.experiments[state.get("experiment")]
    who, logs = case.tables[test.assignments], case.of_kind(EventLog)
    if not isinstance(who, Assignments) or not logs:
        raise BadInput("assignments or log are missing", f"experiment {test.name!r}", "name both tables in case.yml")
    return test, who, next(iter(logs.values()))


def _condition(case: Case, test: Test) -> str:
    """The outcome as an SQL condition on events."""
    metric = case.metrics.get(test.outcome)
    return (metric.condition or test.outcome) if metric else test.outcome


def _experiment(case: Case, state: State) -> Asked:
    """Share of units with the outcome, with the design that was declared."""
    test, who, log = _parts(case, state)
    reached = f"max(case when {_condition(case, test)} then 1 else 0 end)"
    options = {
        "metrics": [Outcome(test.outcome, value=reached, kind="proportion")],
        "control": test.control,
        "name": test.name,
        "design": Design(split=dict(test.split), start=test.start, planned_days=test.planned_days),
    }
    return Asked(Call(experiment, (who, log), options))


def _reread(case: Case, state: State) -> Asked:
    test, who, log = _parts(case, state)
    if test.decided_on is None:
        raise BadInput("no decision to read again", f"experiment {test.name!r}", "add `decided_on` to case.yml")
    options = {
        "experiment": test.name,
        "outcome": _condition(case, test),
        "control": test.control,
        "split": dict(test.split),
        "start": test.start,
        "planned_days": test.planned_days or (test.decided_on - test.start).days + 1,
        "decided_on": test.decided_on,
        "looks": test.looks,
        "boundary": test.boundary,
        "shipped": not any(word in test.decision.lower() for word in NOT_SHIPPED),
    }
    return Asked(Call(reread, (who, log), options))


VIEWS = {"experiment": _experiment, "reread": _reread}


def _offers(case: Case, state: State, result: Result | None) -> tuple[Offer, ...]:
    other = "reread" if state.view == "experiment" else "experiment"
    return (Offer(Message(f"workbench.view_{other}"), state.looking(other), main=True),)


TRIAL = App("trial", "execution", _start, _controls, VIEWS, offers=_offers)
