"""The lifecycle app: who comes back, who is new, and who has gone quiet."""

from __future__ import annotations

from kpilab.analysis.events.activity import activity
from kpilab.analysis.events.retention import Return, retention
from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.table import EventLog, Table
from kpilab.core.values import Message
from kpilab.questions.logs import named_log
from kpilab.workbench.app import App, Asked, Control, Offer
from kpilab.workbench.call import Call
from kpilab.workbench.choices import events, named, worded
from kpilab.workbench.state import State

HOW = ("n", "rolling")


def _start(case: Case) -> State:
    return State(
        "retention",
        {
            "table": next(iter(case.of_kind(EventLog)), None),
            "grain": "week",
            "how": "n",
            "events": events(case),
        },
    )


def _table(case: Case, state: State) -> Table | None:
    return case.of_kind(EventLog).get(state.get("table"))


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    known = state.names("events")
    shared = (
        worded("view", VIEWS),
        named("table", case.of_kind(EventLog)),
        worded("grain", ("day", "week", "month")),
    )
    if state.view == "activity":
        return shared
    return (
        *shared,
        named("start", known, empty=True),
        named("back_event", known, empty=True),
        worded("how", HOW),
    )


def _retention(case: Case, state: State) -> Asked:
    options = {
        "start": state.get("start") or None,
        "back": Return(state.get("back_event") or None, state.get("how")),
        "grain": state.get("grain"),
        "where": state.where,
    }
    return Asked(Call(retention, (named_log(case, state.get("table")),), options))


def _activity(case: Case, state: State) -> Asked:
    options = {"grain": state.get("grain"), "where": state.where}
    return Asked(Call(activity, (named_log(case, state.get("table")),), options), table="lifecycle")


VIEWS = {"retention": _retention, "activity": _activity}


def _offers(case: Case, state: State, result: Result | None) -> tuple[Offer, ...]:
    other = "activity" if state.view == "retention" else "retention"
    return (Offer(Message(f"workbench.view_{other}"), state.looking(other), main=True),)


LIFECYCLE = App("lifecycle", "root_cause", _start, _controls, VIEWS, offers=_offers,
    table=_table, needs={"": ("events",)})  # fmt: skip
