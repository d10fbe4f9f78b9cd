"""The funnel app: where users are lost; a click on a step breaks it out,
a click on a value goes inside it."""

from __future__ import annotations

from collections.abc import Mapping

from kpilab.analysis.customers.pipeline import pipeline
from kpilab.analysis.events.funnel import funnel
from kpilab.analysis.events.funnel_change import funnel_change
from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.table import Table
from kpilab.core.values import EVERYWHERE, Message
from kpilab.questions import funnels
from kpilab.questions.periods import both
from kpilab.show.charts.rootcause.explore import step_by
from kpilab.show.theme import themed
from kpilab.workbench import ask
from kpilab.workbench.app import App, Asked, Control, Offer
from kpilab.workbench.call import Call
from kpilab.workbench.choices import dimension, free, named, period
from kpilab.workbench.records import records
from kpilab.workbench.state import State

BOTH = ("change", "next", "pipeline")  # look at both periods, or at one of their own


def _start(case: Case) -> State:
    """Beside the whole funnel: its last step, by the first dimension, for what is asked of one."""
    state = State("funnel", {"funnel": next(iter(case.funnels), None), "period": "current"})
    table = _table(case, state)
    if table is None:
        return state
    step = case.funnels[state.get("funnel")].steps[-1]
    return state.chosen(step=step, dimension=next(iter(table.dimensions_named), None))


def _table(case: Case, state: State) -> Table | None:
    plan = case.funnels.get(state.get("funnel"))
    return case.tables[plan.table] if plan else None


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    shared = (named("funnel", case.funnels), *(() if state.view in BOTH else (period(),)))
    table = _table(case, state)
    if state.view != "broken" or table is None:
        return shared
    return (
        *shared,
        named("step", case.funnels[state.get("funnel")].steps),
        dimension(table, state.where),
    )


def _funnel(case: Case, state: State) -> Asked:
    plan = case.funnels[state.get("funnel")]
    options = {
        "within": plan.within,
        "where": state.where,
        "period": case.periods[state.get("period")],
    }
    args = (case.tables[plan.table], funnels.steps(plan))
    return Asked(Call(funnel, args, options), fields=("step",))


def _broken(case: Case, state: State) -> Asked:
    """One step by the values of a dimension; of the first step, how many users begin."""
    plan, by = case.funnels[state.get("funnel")], state.get("dimension")
    if state.get("step") == plan.steps[0]:
        asked = _funnel(case, state)
        options = {**asked.call.options, "breakdown": by}
        return Asked(Call(asked.call.function, asked.call.args, options), table="values")
    options = {"dimension": by, "where": state.where}
    call = Call(ask.step_by, (case, plan.name, state.get("step")), options)
    return Asked(call, lambda result, lang: themed(step_by(result, lang)), fields=("segment",))


def _lost(case: Case, state: State) -> Asked:
    options = {"where": state.where, "period": case.periods[state.get("period")]}
    return Asked(Call(ask.lost, (case, state.get("funnel"), state.get("step")), options))


def _rest(case: Case, state: State) -> Asked:
    options = {"where": state.where, "period": case.periods[state.get("period")]}
    return Asked(Call(ask.rest, (case, state.get("funnel")), options))


def _change(case: Case, state: State) -> Asked:
    plan = case.funnels[state.get("funnel")]
    options = {**both(case), "within": plan.within, "where": state.where}
    args = (case.tables[plan.table], funnels.steps(plan))
    return Asked(Call(funnel_change, args, options), fields=("step",))


def _next(case: Case, state: State) -> Asked:
    call = Call(
        ask.next_split, (case, state.get("funnel"), state.get("step")), {"where": state.where}
    )
    return Asked(call, fields=("at",))


def _pipeline(case: Case, state: State) -> Asked:
    """Whether those on their way, deals say, are slower or lost."""
    plan = case.funnels[state.get("funnel")]
    log = case.tables[plan.table]
    options = {"current": case.current, "by": list(log.dimensions_named)}
    return Asked(Call(pipeline, (log, list(plan.steps)), options))


def _records(case: Case, state: State) -> Asked:
    table = case.tables[case.funnels[state.get("funnel")].table]
    options = {
        "where": state.where,
        "period": case.periods[state.get("period")],
        "event": state.get("step"),
    }
    return Asked(Call(records, (case, table.name), options), chart=False)


def _clicked(case: Case, state: State, mark: Mapping[str, object]) -> State | None:
    """A step is broken out by the first open dimension; a value becomes part of the filter."""
    table = _table(case, state)
    if "step" in mark and table is not None:
        open_now = free(table, state.where)
        return (
            state.looking("broken", step=mark["step"], dimension=open_now[0]) if open_now else None
        )
    if "at" in mark:
        return state.at(str(mark["at"])).looking("funnel")
    if "segment" in mark:
        return state.inside({state.get("dimension"): mark["segment"]}).looking("funnel")
    return None


def _offers(case: Case, state: State, result: Result | None) -> tuple[Offer, ...]:
    """What to look at next; the proposal first."""
    plan = case.funnels[state.get("funnel")]
    weakest = getattr(result, "weakest", None) if state.view == "funnel" else None
    step = weakest or state.get("step") or plan.steps[-1]
    values = {"step": step}
    offers = []
    if step != plan.steps[0]:
        offers.append(
            Offer(
                Message("workbench.next_split", values), state.looking("next", step=step), main=True
            )
        )
        offers.append(Offer(Message("workbench.lost", values), state.looking("lost", step=step)))
    if state.view == "broken":
        offers.append(Offer(Message("workbench.records", values), state.looking("records")))
    offers.append(Offer(Message("workbench.against_baseline"), state.looking("change")))
    if funnels.is_slow(plan):
        slow = state.within(EVERYWHERE).looking("pipeline")
        offers.append(Offer(Message("workbench.view_pipeline"), slow))
    if state.where:
        offers.append(Offer(Message("workbench.against_rest"), state.looking("rest")))
    if state.view != "funnel":
        offers.append(Offer(Message("workbench.whole_funnel"), state.looking("funnel")))
    return tuple(o for o in offers if o.state.view != state.view)


NEEDS = {
    "": ("funnel",),
    "broken": ("dimensions",),
    "pipeline": ("dimensions", "deals", "unfiltered"),
    "next": ("open",),
    "rest": ("segment",),
}
FUNNEL = App(
    "funnel",
    "root_cause",
    _start,
    _controls,
    {
        "funnel": _funnel,
        "broken": _broken,
        "lost": _lost,
        "rest": _rest,
        "change": _change,
        "pipeline": _pipeline,
        "next": _next,
        "records": _records,
    },
    _clicked,
    _offers,
    _table,
    NEEDS,
)
