"""The explore app: any metric by any two dimensions and time; a click on a value goes inside it and
shows the next dimension."""

from __future__ import annotations

from collections.abc import Mapping

from kpilab.analysis.rootcause.explore import GRAINS, ORDERS, explore
from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.table import Table
from kpilab.core.values import Message
from kpilab.workbench import ask
from kpilab.workbench.app import App, Asked, Control, Offer
from kpilab.workbench.call import Call
from kpilab.workbench.choices import dimension, free, named, worded
from kpilab.workbench.records import records
from kpilab.workbench.state import State


def _start(case: Case) -> State:
    start = State("explore", {"metric": case.goal.metric, "periods": "both", "order": ORDERS[0]})
    table = _table(case, start)
    return start.chosen(first=next(iter(table.dimensions_named), None))


def _table(case: Case, state: State) -> Table:
    return case.tables[case.metrics[state.get("metric")].table]


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    table = _table(case, state)
    return (
        named("metric", case.metrics),
        dimension(table, state.where, "first", empty=True),
        dimension(table, state.where, "second", empty=True),
        worded("grain", GRAINS, empty=True),
        worded("periods", ("both", "current")),
        worded("order", _orders(state)),
    )


def _orders(state: State) -> tuple[str, ...]:
    """One period alone has no change to order by."""
    return tuple(o for o in ORDERS if o != "change" or state.get("periods") == "both")


def _explore(case: Case, state: State) -> Asked:
    by = _by(case, state)
    periods = ("baseline", "current") if state.get("periods") == "both" else ("current",)
    order = state.get("order")
    options: dict[str, object] = {
        "by": list(by),
        "grain": state.get("grain") or None,
        "where": state.where,
        "order": order if order in _orders(state) else ORDERS[0],
    }
    return Asked(
        Call(explore, (case, state.get("metric")), options | {"periods": list(periods)}), fields=by
    )


def _by(case: Case, state: State) -> tuple[str, ...]:
    """The chosen dimensions that this metric's table has and the filter leaves open."""
    known = _table(case, state).dimensions_named
    chosen = (state.get("first"), state.get("second"))
    return tuple(dict.fromkeys(d for d in chosen if d in known and d not in state.where.values))


def _next(case: Case, state: State) -> Asked:
    call = Call(ask.places, (case, state.get("metric")), {"where": state.where})
    return Asked(call, fields=("at",))


def _records(case: Case, state: State) -> Asked:
    """The rows behind the number."""
    options = {"where": state.where, "period": case.current}
    return Asked(Call(records, (case, _table(case, state).name), options), chart=False)


def _clicked(case: Case, state: State, mark: Mapping[str, object]) -> State | None:
    inside = {d: v for d, v in mark.items() if d in _by(case, state)}
    if "at" not in mark and not inside:
        return None
    within = state.inside(inside) if inside else state.at(str(mark["at"])).looking("explore")
    if _by(case, within):
        return within
    return within.chosen(first=next(iter(free(_table(case, within), within.where)), None))


def _offers(case: Case, state: State, result: Result | None) -> tuple[Offer, ...]:
    if state.view != "explore":
        return (Offer(Message("workbench.back_to_explore"), state.looking("explore")),)
    metric = case.metrics[state.get("metric")]
    values = {"step": state.get("metric")}
    rows = Offer(Message("workbench.records", values), state.looking("records"))
    best = Offer(Message("workbench.next_split", values), state.looking("next"), main=True)
    return (rows,) if metric.per else (best, rows)


EXPLORE = App(
    "explore",
    "root_cause",
    _start,
    _controls,
    {"explore": _explore, "next": _next, "records": _records},
    _clicked,
    _offers,
    _table,
    {"next": ("open", "adds")},
)
