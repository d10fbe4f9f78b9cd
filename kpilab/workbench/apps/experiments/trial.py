"""The trial app: did the treatment work, can the test be trusted, and was it read rightly?"""

from __future__ import annotations

from kpilab.analysis.experiments.experiment import experiment
from kpilab.analysis.experiments.reanalysis import reanalysis
from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.values import Message
from kpilab.errors import BadInput
from kpilab.questions.trial import TrialQuestion, trial
from kpilab.workbench.app import App, Asked, Control, Offer
from kpilab.workbench.call import Call
from kpilab.workbench.choices import dimension, named, worded
from kpilab.workbench.state import State


def _start(case: Case) -> State:
    return State("experiment", {"experiment": next(iter(case.experiments), None)})


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    chosen = (worded("view", VIEWS), named("experiment", case.experiments))
    if state.view != "experiment" or not case.experiments:
        return chosen
    try:
        return (*chosen, dimension(_trial(case, state).log, state.where, empty=True))
    except BadInput:  # said where the test is read
        return chosen


def _trial(case: Case, state: State) -> TrialQuestion:
    return trial(case, case.experiments[state.get("experiment")])


def _experiment(case: Case, state: State) -> Asked:
    """The outcome and the guardrails up to the decision, with the design that was declared: as a
    page, health first."""
    asked, by = _trial(case, state), state.get("dimension")
    options = asked.experiment | ({"by": (by,)} if by else {})
    return Asked(Call(experiment, asked.tables, options), chart=False)


def _reread(case: Case, state: State) -> Asked:
    asked = _trial(case, state)
    return Asked(Call(reanalysis, asked.tables, asked.reread))


VIEWS = {"experiment": _experiment, "reread": _reread}


def _offers(case: Case, state: State, result: Result | None) -> tuple[Offer, ...]:
    other = "reread" if state.view == "experiment" else "experiment"
    return (Offer(Message(f"workbench.view_{other}"), state.looking(other), main=True),)


NEEDS = {"": ("experiment",), "reread": ("decision",)}
TRIAL = App("trial", "execution", _start, _controls, VIEWS, offers=_offers, needs=NEEDS)
