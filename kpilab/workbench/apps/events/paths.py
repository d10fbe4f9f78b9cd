"""The paths app: which ways users take; a click on an event walks on from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kpilab.analysis.events.paths import paths
from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.table import EventLog, Table
from kpilab.core.values import Message
from kpilab.engine.events.patterns import Ways
from kpilab.questions.logs import named_log
from kpilab.workbench.app import App, Asked, Control, Offer
from kpilab.workbench.call import Call
from kpilab.workbench.choices import events, named, period
from kpilab.workbench.state import State

LENGTHS = tuple((k, str(k)) for k in range(2, 9))
ENDS = ("path_start", "path_end")


def _start(case: Case) -> State:
    logs = case.of_kind(EventLog)
    name = next(iter(logs), None)
    known = events(case)
    # A step may be a condition, which no event is called by.
    start = next(
        (f.steps[0] for f in case.funnels.values() if f.table == name and f.steps[0] in known), None
    )
    return State(
        "paths", {"table": name, "period": "current", "start": start, "length": 5, "events": known}
    )


def _table(case: Case, state: State) -> Table | None:
    return case.of_kind(EventLog).get(state.get("table"))


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    known = state.names("events")
    ends = (named("start", known, empty=True), named("end", known, empty=True))
    return (named("table", case.of_kind(EventLog)), period(), *ends, Control("length", LENGTHS))


def _options(case: Case, state: State) -> dict[str, object]:
    return {
        "start": state.get("start") or None,
        "end": state.get("end") or None,
        "ways": Ways(
            unit="session" if named_log(case, state.get("table")).session else "user",
            length=int(state.get("length")),
        ),
        "where": state.where,
        "period": case.periods[state.get("period")],
    }


def _paths(case: Case, state: State) -> Asked:
    return Asked(
        Call(paths, (named_log(case, state.get("table")),), _options(case, state)),
        fields=("event",),
    )


def _transitions(case: Case, state: State) -> Asked:
    return replace(_paths(case, state), fields=(), table="transitions", chart=False)


def _clicked(case: Case, state: State, mark: Mapping[str, object]) -> State | None:
    event = mark.get("event")
    return None if event in (*ENDS, None) else state.looking("paths", start=event, end=None)


def _offers(case: Case, state: State, result: Result | None) -> tuple[Offer, ...]:
    other = "transitions" if state.view == "paths" else "paths"
    offers = [Offer(Message(f"workbench.view_{other}"), state.looking(other))]
    start = state.get("start")
    if start:
        backwards = state.looking("paths", start=None, end=start)
        offers.append(Offer(Message("workbench.came_from", {"step": start}), backwards, main=True))
    return tuple(offers)


PATHS = App("paths", "root_cause", _start, _controls, {"paths": _paths,
    "transitions": _transitions}, _clicked,
            _offers, _table, {"": ("events",)})  # fmt: skip
