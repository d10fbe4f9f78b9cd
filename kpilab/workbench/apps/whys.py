"""The whys app: why, why, why, why, why? From the goal to its factors, from a factor to a place,
to a day."""

from __future__ import annotations

from collections.abc import Mapping

from kpilab.analysis.rootcause.split import split
from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.table import Table
from kpilab.core.values import Message
from kpilab.workbench import ask
from kpilab.workbench.app import App, Asked, Control, Offer
from kpilab.workbench.call import Call
from kpilab.workbench.choices import called, dimension, free, named
from kpilab.workbench.records import records
from kpilab.workbench.state import State


def _metrics(case: Case) -> list[str]:
    """The goal and the leaves of its tree, as far as they add up over days."""
    names = dict.fromkeys((case.goal.metric, *case.goal.tree.leaves))
    return [n for n in names if case.metrics[n].per is None]


def _start(case: Case) -> State:
    return State("moved", {"metric": case.goal.metric})


def _table(case: Case, state: State) -> Table:
    return case.tables[case.metrics[state.get("metric")].table]


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    if state.view == "moved":
        return ()
    shown = (named("metric", _metrics(case)),)
    return (*shown, dimension(_table(case, state), state.where)) if state.view == "split" else shown


def _moved(case: Case, state: State) -> Asked:
    return Asked(Call(ask.moved, (case,)), fields=("name",))


def _next(case: Case, state: State) -> Asked:
    call = Call(ask.places, (case, state.get("metric")), {"where": state.where})
    return Asked(call, fields=("at",))


def _by(case: Case, state: State) -> str:
    """The chosen dimension, else the first that the filter leaves open."""
    open_now = free(_table(case, state), state.where)
    return state.get("dimension") if state.get("dimension") in open_now else open_now[0]


def _split(case: Case, state: State) -> Asked:
    options = {"by": _by(case, state), "where": state.where}
    return Asked(Call(split, (case, state.get("metric")), options), fields=("segment",))


def _began(case: Case, state: State) -> Asked:
    return Asked(Call(ask.began, (case, state.get("metric")), {"where": state.where}))


def _records(case: Case, state: State) -> Asked:
    """The rows behind the number."""
    options = {"where": state.where, "period": case.current}
    return Asked(Call(records, (case, _table(case, state).name), options), chart=False)


def _clicked(case: Case, state: State, mark: Mapping[str, object]) -> State | None:
    """A factor leads to where it fell; a value leads inside it."""
    if "name" in mark:
        factor = called(case, _metrics(case), str(mark["name"]))
        return state.looking("next", metric=factor) if factor else None
    if "at" in mark:
        return below(case, state.at(str(mark["at"])))
    if state.view == "split":
        return below(case, state.inside({_by(case, state): mark["segment"]}))
    return None


def below(case: Case, state: State) -> State:
    """What to ask in a place: its best split; where no dimension is left, when it changed."""
    return state.looking("next" if free(_table(case, state), state.where) else "began")


def _offers(case: Case, state: State, result: Result | None) -> tuple[Offer, ...]:
    values = {"step": state.get("metric")}
    open_now = free(_table(case, state), state.where)
    steps = [
        Offer(Message("workbench.began", values), state.looking("began")),
        Offer(Message("workbench.records", values), state.looking("records")),
        Offer(Message("workbench.view_moved"), state.looking("moved")),
    ]
    if open_now:
        best = Message("workbench.next_split", values)
        by = state.looking("split", dimension=open_now[0])
        steps = [
            Offer(best, state.looking("next"), main=True),
            Offer(Message("workbench.split", values), by),
            *steps,
        ]
    return tuple(o for o in steps if o.state.view != state.view)


WHYS = App(
    "whys",
    "root_cause",
    _start,
    _controls,
    {"moved": _moved, "next": _next, "split": _split, "began": _began, "records": _records},
    _clicked,
    _offers,
    _table,
    {"next": ("adds", "open"), "split": ("adds", "open"), "began": ("adds",)},
)
