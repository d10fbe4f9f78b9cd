"""The goal app: forget the KPI; what did the business want, what came,
and which factor moved it?"""

from __future__ import annotations

from kpilab.analysis.rootcause.history import history
from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.values import Message
from kpilab.workbench import ask
from kpilab.workbench.app import App, Asked, Control, Offer
from kpilab.workbench.call import Call
from kpilab.workbench.choices import worded
from kpilab.workbench.state import State

VIEWS = {
    "reached": lambda case, state: Asked(Call(ask.reached, (case,))),
    "history": lambda case, state: Asked(Call(history, (case,))),
    "moved": lambda case, state: Asked(Call(ask.moved, (case,))),
}


def _start(case: Case) -> State:
    return State("reached")


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    return (worded("view", VIEWS),)


def _offers(case: Case, state: State, result: Result | None) -> tuple[Offer, ...]:
    """The three views in the order one asks."""
    names = list(VIEWS)
    following = names[(names.index(state.view) + 1) % len(names)]
    return (Offer(Message(f"workbench.view_{following}"), state.looking(following), main=True),)


GOAL = App("goal", "goal", _start, _controls, VIEWS, offers=_offers)
