"""Headless calls that need the whole case: plain functions from a case to a Result, the same that
the panels ask.

No arithmetic happens here. They choose the table, the series or the rows, and call the analysis.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from kpilab.analysis.events.dropoff import DropoffResult, dropoff
from kpilab.analysis.events.funnel_change import FunnelChangeResult, funnel_change
from kpilab.analysis.relation.relate import RelateResult, relate
from kpilab.analysis.relation.screen import ScreenResult, screen
from kpilab.analysis.rootcause.attainment import AttainmentResult, attainment
from kpilab.analysis.rootcause.changepoint import ChangepointResult, changepoint
from kpilab.analysis.rootcause.drivers import DriversResult, drivers
from kpilab.analysis.rootcause.localise import LocaliseResult, Search, localise
from kpilab.analysis.rootcause.next_split import NextSplitResult
from kpilab.analysis.rootcause.next_split import next_split as differing
from kpilab.core.case import Case
from kpilab.core.table import Table
from kpilab.core.values import EVERYWHERE, Period, Where
from kpilab.engine.column import DEN0, DEN1, NUM0, NUM1, marked, own
from kpilab.engine.door.dimensions import aside
from kpilab.engine.door.values import label
from kpilab.engine.events.funnels import SIDE, Breakdown, counts, reached_apart
from kpilab.engine.events.steps import planned
from kpilab.engine.metrics import BUCKET, PERIOD, Cut, measure
from kpilab.engine.rootcause.cells import pull
from kpilab.errors import BadInput, unknown
from kpilab.questions import funnels
from kpilab.questions.periods import both
from kpilab.questions.series import (
    by_day,
    changes,
    days_of,
    declared,
    measured,
    those_by_day,
    watched,
)
from kpilab.verdict.unfinished import finished
from kpilab.workbench.during import during

PARTS = own("num"), own("den")
ENDS = {"baseline": "0", "current": "1"}


def reached(case: Case) -> AttainmentResult:
    """The goal and the KPIs against target and baseline; of a period that is not over, as far as
    the data go, as in the review."""
    cells = pull(case)
    cut = finished(case, cells)
    return attainment(case, cells) if cut is None else attainment(cut, pull(cut))


def moved(case: Case) -> DriversResult:
    """Which factors of the goal moved, and what that did to it."""
    return drivers(case, pull(case))


def related(case: Case, kpi: str, *, where: Where = EVERYWHERE) -> RelateResult:
    """Do a KPI and the goal move together, day by day, inside a segment both tables know?"""
    days = by_day(case, (kpi, case.goal.metric), where=where)
    return relate(days[kpi].dropna(), days[case.goal.metric].dropna(), calendar=case.holidays)


def screened(case: Case) -> ScreenResult:
    """Which of the KPIs and other watched metrics is related to the goal?"""
    goal = case.goal.metric
    days, notes = those_by_day(case, (goal, *watched(case)))
    found = screen(days, goal=goal, calendar=case.holidays)
    return replace(found, notes=(*found.notes, *notes))


def places(
    case: Case, metric: str, *, where: Where = EVERYWHERE, deepest: int = 1
) -> LocaliseResult:
    """Which next split shows most: the values (or combinations) that carry the metric's deviation
    from the baseline."""
    frame, names = _parts(case, metric, where)
    return _located(case, frame, names, deepest, rate=case.metrics[metric].is_ratio)


def best_split(case: Case, metric: str, *, where: Where = EVERYWHERE) -> NextSplitResult:
    """Along which dimension does the metric's change differ most, and is that beyond noise?"""
    frame, names = _parts(case, metric, where)
    cube = _sides(frame, names)
    parts = {NUM0: "num0", NUM1: "num1"}
    if case.metrics[metric].is_ratio:
        parts |= {DEN0: "den0", DEN1: "den1"}
    else:
        cube[NUM0] *= case.current.days / case.baseline.days
    return differing(cube[[*names, *parts]].rename(columns=parts), dimensions=names)


def _parts(case: Case, metric: str, where: Where) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A metric's parts in both periods by every dimension that is open, and those dimensions."""
    asked = measured(case, metric)
    names = _free(asked.table, where)
    frame = measure(
        asked.table, [asked.metric], {n: case.periods[n] for n in ENDS}, Cut(None, names, where)
    )
    parts = dict(zip((f"{metric}:num", f"{metric}:den"), PARTS, strict=True)) | {
        marked(n): n for n in names
    }
    return frame[[PERIOD, *parts]].rename(columns=parts), names


def began(case: Case, metric: str, *, where: Where = EVERYWHERE) -> ChangepointResult:
    """When did the metric's level change, and what was logged near that day?"""
    days, ratio = days_of(case, metric, where=where), declared(case, metric).is_ratio
    columns = {"value": f"{metric}:num", "exposure": f"{metric}:den" if ratio else None}
    return changepoint(days, time=BUCKET, changes=changes(case), **columns)


def step_by(
    case: Case, funnel: str, step: str, *, dimension: str, where: Where = EVERYWHERE
) -> FunnelChangeResult:
    """How one step's rate changed between the periods, for each value of a dimension."""
    plan = funnels.declared(case, funnel)
    log = funnels.log(case, plan)
    asked = {**both(case), "within": plan.within, "breakdown": dimension, "where": where}
    found = funnel_change(log, funnels.steps(plan), **asked)
    rows = found.table[(found.table["step"] == step) & (found.table["of"] == "previous")]
    return replace(found, table=rows.reset_index(drop=True))


def rest(case: Case, funnel: str, *, where: Where, period: Period) -> FunnelChangeResult:
    """A segment against everybody else in the same period, step by step."""
    if not where.values:
        raise BadInput("no segment to compare", "rest, argument 'where'", "set a filter first")
    plan = funnels.declared(case, funnel)
    log = during(funnels.log(case, plan), period)
    others = Where({}, where.values)
    return funnel_change(
        log, funnels.steps(plan), current=where, baseline=others, within=plan.within
    )


def lost(
    case: Case, funnel: str, step: str, *, where: Where = EVERYWHERE, period: Period
) -> DropoffResult:
    """Where the users went who came to the step before and not to this one."""
    plan = funnels.declared(case, funnel)
    log = funnels.log(case, plan)
    if step not in plan.steps[1:]:
        raise unknown("step", step, plan.steps[1:], f"funnel {funnel!r}")
    after = plan.steps.index(step)
    # Users stand at a step where steps have an order.
    mode = "ordered" if plan.mode == "unordered" else plan.mode
    return dropoff(
        during(log, period),
        replace(funnels.steps(plan), unit="user", mode=mode),
        after=after,
        by=_free(log, where),
        within=plan.within,
        where=where,
    )


def next_split(
    case: Case, funnel: str, step: str, *, where: Where = EVERYWHERE, deepest: int = 1
) -> LocaliseResult:
    """Which next split of a step's rate shows most of its change from the baseline."""
    plan = funnels.declared(case, funnel)
    log = funnels.log(case, plan)
    if step not in plan.steps[1:]:
        raise unknown("step", step, plan.steps[1:], f"funnel {funnel!r}")
    names, place = _free(log, where), plan.steps.index(step)
    steps = planned(funnels.steps(plan), plan.within, log)
    log, ours = aside(log, names)
    asked = [(where, case.periods[name]) for name in ENDS]
    best = reached_apart(log, steps, asked, by=plan.by, breakdown=Breakdown(tuple(ours)))
    reach = counts(best, steps, (*ours, SIDE))
    frame = reach[[*ours, f"n{place + 1}", f"n{place}"]].set_axis([*ours.values(), *PARTS], axis=1)
    frame[PERIOD] = reach[SIDE].map(dict(enumerate(ENDS)))
    return _located(case, frame, names, deepest, rate=True)


def _located(
    case: Case, frame: pd.DataFrame, names: tuple[str, ...], deepest: int, *, rate: bool
) -> LocaliseResult:
    """Both periods side by side, then the search."""
    cube = _sides(frame, names)
    now, was = ((NUM1, DEN1), (NUM0, DEN0)) if rate else (NUM1, NUM0)
    if not rate:
        cube[NUM0] *= case.current.days / case.baseline.days
    return localise(cube, dimensions=names, measure=now, expected=was, search=Search(deepest))


def _sides(frame: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Both periods side by side, a row per combination of values."""
    sides = []
    for period, end in ENDS.items():
        rows = frame[frame[PERIOD] == period]
        sides.append(rows.groupby(list(names), dropna=False)[[*PARTS]].sum().add_suffix(end))
    cube = pd.concat(sides, axis=1).fillna(0.0).reset_index()
    return cube.assign(**{d: label(cube[d], f"dimension {d!r}") for d in names})


def _free(table: Table, where: Where) -> tuple[str, ...]:
    """Dimensions that the filter leaves open."""
    found = tuple(d for d in table.dimensions_named if d not in where.values)
    if not found:
        raise BadInput(
            "no dimension is left to split by", f"table {table.name!r}", "take a filter away"
        )
    return found
