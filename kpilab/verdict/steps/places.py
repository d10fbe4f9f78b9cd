"""Where a driver of the goal left its own course, and what else moved there: part of step 3."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from kpilab.analysis.rootcause.changepoint import ChangepointResult, changepoint
from kpilab.analysis.rootcause.place_found import Found
from kpilab.analysis.rootcause.place_growth import nothing_grown
from kpilab.analysis.rootcause.place_moves import Moved, place_moves
from kpilab.analysis.rootcause.place_search import PlaceSearchResult, place_search
from kpilab.core.case import Case, Metric
from kpilab.core.finding import Finding
from kpilab.core.table import Table
from kpilab.core.values import Effect, Message, Period
from kpilab.engine.door.labels import meets
from kpilab.engine.groups import people
from kpilab.engine.metrics import BUCKET, Cut, measure
from kpilab.engine.rootcause.cells import Cells
from kpilab.engine.rootcause.places import without_days
from kpilab.errors import BadInput
from kpilab.questions.drivers import Driver, goal_drivers, mechanisms
from kpilab.questions.nature import worse_up
from kpilab.questions.periods import both, span
from kpilab.questions.series import changes
from kpilab.verdict.evidence import Loss
from kpilab.verdict.placed import Looked, Placed
from kpilab.verdict.tuned import SURE

Number = Callable[[Finding], Finding]
# A metric that stands behind a move in a place moved itself by this part at least: less explains
# nothing that could be seen.
LEAST_BEHIND = 0.05


def places(
    case: Case, cells: Cells, lost: Sequence[Loss], number: Number
) -> tuple[list[Finding], Looked, list[Message]]:
    """Findings, the places themselves, and what could not be searched."""
    looked, grown = 0, nothing_grown()
    findings: list[Finding] = []
    placed: list[Placed] = []
    silent: list[Message] = []
    drivers = _sized(case, cells, goal_drivers(case))
    whys = mechanisms(case, drivers)
    for name in dict.fromkeys(d.table for d in drivers):
        here = [d for d in drivers if d.table == name]
        try:
            table = _alike(case, _whole(case.tables[name], lost), lost)
            searched = place_search(table, here, **both(case), customer=_whose(case))
        except BadInput as error:
            said = {"driver": here[0].name, "why": error.what}
            silent.append(Message("root_cause.not_placed", said))
            continue
        looked += searched.tests
        grown = pd.concat([grown, searched.grown], ignore_index=True)
        silent += [note for note in searched.notes if note not in silent]
        shown = _shown(case, searched)
        for k, found in enumerate(shown.found):
            finding, place = _of(case, shown, k, _behind(case, found, whys))
            finding = number(finding)
            findings.append(finding)
            placed.append(replace(place, finding=finding.id, node=_of_leaf(case, cells, found)))
        if not shown.found and shown.tests:
            findings.append(number(_nothing(case, shown, here)))
    return findings, Looked(tuple(placed), looked, grown), silent


def _whole(table: Table, lost: Sequence[Loss]) -> Table:
    """The rows outside the places in which a log lost some: what is missing there is no move."""
    rows = table.table
    for loss in lost:
        inside = meets(rows, loss.where) if loss.table == table.name and loss.where else None
        rows = rows if inside is None else rows.filter(~inside)
    return table if rows is table.table else replace(table, table=rows)


def _alike(case: Case, table: Table, lost: Sequence[Loss]) -> Table:
    """Without the days that have no rows, and without those of the other period that they would be
    held against: all places lack them at once, which is no noise of any."""
    days = [loss.days for loss in lost if loss.table == table.name and not loss.where]
    if not days:
        return table
    apart = case.current.first - case.baseline.first
    now = [Period(d.first - apart, d.last - apart) for d in days if d.first in case.current]
    then = [Period(d.first + apart, d.last + apart) for d in days if d.first in case.baseline]
    return without_days(table, [*days, *now, *then])


def _whose(case: Case) -> str | None:
    return case.customer.column if case.customer else None


def _sized(case: Case, cells: Cells, drivers: Sequence[Driver]) -> tuple[Driver, ...]:
    """Drivers of a goal on another table, each worth what the goal has per one of it."""
    goal, whole = case.goal.metric, []
    for driver in drivers:
        if not driver.goal:
            count = cells.value(f"{driver.name}:num", "current")
            worth = cells.value(goal, "current") / count if count else 0.0
            driver = replace(driver, goal=driver.num, passes_on=worth)
        whole.append(driver)
    return tuple(whole)


def _shown(case: Case, searched: PlaceSearchResult) -> PlaceSearchResult:
    """Without places that hold fewer people than may be shown."""
    least = case.privacy.min_group
    if least < 2:
        return searched
    tables = tuple(case.tables.values())
    kept = [(people(tables, f.where) or least) >= least for f in searched.found]
    found = tuple(f for f, keep in zip(searched.found, kept, strict=True) if keep)
    return replace(searched, found=found, table=searched.table[kept].reset_index(drop=True))


def _behind(case: Case, found: Found, metrics: Sequence[Metric]) -> tuple[Moved, ...]:
    """Metrics that moved for the worse in the place where the goal lost, or for the better where it
    gained; corrected for how many were looked at."""
    loss = case.is_loss(found.effect.value)
    moved: list[Moved] = []
    for name in dict.fromkeys(m.table for m in metrics):
        asked = [_driver(m) for m in metrics if m.table == name and m.name != found.driver.name]
        moved += place_moves(
            case.tables[name], asked, found.where, **both(case), customer=_whose(case)
        )
    fitting = [
        m
        for m in moved
        if m.p * len(moved) < SURE
        and abs(m.change) >= LEAST_BEHIND
        and ((m.change > 0) == worse_up(case, case.metrics[m.name])) == loss
    ]
    return tuple(sorted(fitting, key=lambda m: m.p))


def _driver(metric: Metric) -> Driver:
    num = metric.measure or metric.numerator or ""
    return Driver(metric.name, metric.table, num, num, metric.denominator, 1.0)


def _of(
    case: Case, searched: PlaceSearchResult, k: int, behind: tuple[Moved, ...]
) -> tuple[Finding, Placed]:
    found = searched.found[k]
    dated = _dated(case, case.tables[found.driver.table], found)
    values: dict[str, object] = {"driver": found.driver.name, "where": found.where}
    values |= {"change": found.change, "rest": found.rest, "effect": found.effect.value}
    values |= {"low": found.effect.low, "high": found.effect.high, "p": found.corrected}
    values |= {"tests": found.tests, "goal": case.goal.metric}
    said = Message("place_search.one", values)
    if behind:
        first = behind[0]
        also = {"said": said, "metric": first.name, "before": first.before, "after": first.after}
        said = Message("place_search.behind", also)
    if dated is not None and dated.start is not None:
        said = Message("root_cause.dated", {"said": said, "when": dated.began})
    loss = case.is_loss(found.effect.value)
    finding = Finding(
        "",
        "root_cause",
        "trouble" if loss else "fine",
        said,
        subject=found.driver.name,
        where=found.where,
        period=case.current,
        effect=replace(found.effect, unit=case.goal.metric),
        p=found.p,
        q=found.corrected,
        strength="compared",
        evidence=(searched, *((dated,) if dated is not None else ())),
    )
    since = dated.start if dated is not None else None
    return finding, Placed(found, "", behind, since)


def _of_leaf(case: Case, cells: Cells, found: Found) -> Effect | None:
    """How far the place moved a leaf of the formula: the numerator as it is, or over the whole
    denominator."""
    name = found.driver.name
    if name not in case.goal.tree.leaves or name == case.goal.metric:
        return None
    whole = cells.value(f"{name}:den", "current") if found.driver.den is not None else 1.0
    return found.amount.scaled(1 / whole) if whole else None


def _nothing(case: Case, searched: PlaceSearchResult, drivers: Sequence[Driver]) -> Finding:
    values = {"drivers": [d.name for d in drivers], "tests": searched.tests}
    said = Message("place_search.nothing", values)
    return Finding("", "root_cause", "fine", said, period=case.current, strength="compared")


def _dated(case: Case, table: Table, found: Found) -> ChangepointResult | None:
    """When it began: by the days of the place against those of the rest."""
    driver, days = found.driver, {"all": span(case)}
    metric = Metric(driver.name, driver.table, numerator=driver.num, denominator=driver.den)
    if driver.den is None:
        metric = Metric(driver.name, driver.table, measure=driver.num)
    try:
        place = measure(table, [metric], days, Cut("day", (), found.where))
        if driver.den is None:
            whole = measure(table, [metric], days, Cut("day"))
            place = _against(place, whole, driver.name)
        num, den = f"{driver.name}:num", f"{driver.name}:den"
        return changepoint(place, value=num, exposure=den, time=BUCKET, changes=changes(case))
    except BadInput:
        return None


def _against(place: pd.DataFrame, whole: pd.DataFrame, name: str) -> pd.DataFrame:
    """The days of a volume with the rest's as exposure; a day without rows there is zero."""
    num = f"{name}:num"
    both_ = whole[[BUCKET, num]].merge(
        place[[BUCKET, num]], on=BUCKET, how="left", suffixes=("", " here")
    )
    here = both_[f"{num} here"].fillna(0.0)
    return both_.assign(**{f"{name}:den": both_[num] - here, num: here})[
        [BUCKET, num, f"{name}:den"]
    ]
