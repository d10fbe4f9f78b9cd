"""Step 3, root cause: which driver fell, and was it one place, everywhere, or hidden by the mix?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from kpilab.analysis.events.blindspots import BlindspotsResult, unwatched
from kpilab.analysis.events.funnel_change import FunnelChangeResult, funnel_change
from kpilab.analysis.rootcause.changepoint import ChangepointResult, changepoint
from kpilab.analysis.rootcause.segment_search import SegmentSearchResult, segment_search
from kpilab.core.case import Case, Funnel, Metric
from kpilab.core.finding import Finding, StepReport
from kpilab.core.values import EVERYWHERE, Effect, Message, Where
from kpilab.engine.column import SIDES
from kpilab.engine.groups import people
from kpilab.engine.metrics import BUCKET
from kpilab.engine.rootcause.cells import Cells
from kpilab.errors import BadInput
from kpilab.questions import funnels
from kpilab.questions.periods import both, span
from kpilab.questions.series import changes
from kpilab.stats.core.level import Window, unit_variance
from kpilab.verdict.customers import Bought
from kpilab.verdict.evidence import Evidence, Fall, Move, numbering
from kpilab.verdict.falls import change_outside, falls
from kpilab.verdict.placed import Placed
from kpilab.verdict.steps.customers import clients, customers
from kpilab.verdict.steps.places import places
from kpilab.verdict.steps.purchases import purchases
from kpilab.verdict.tuned import ALONE, SURE


def examine(case: Case, cells: Cells, evidence: Evidence) -> tuple[StepReport, Evidence]:
    """One finding per driver: how it moved at constant mix, and in which place if in one; and what
    the customers' amounts are made of."""
    number = numbering("root_cause")
    told, untold = clients(case)
    report, evidence = _moved(case, cells, evidence, told, number)
    described, unasked = purchases(case, told, number)
    return replace(
        report,
        findings=(*report.findings, *described),
        not_examined=(*report.not_examined, *untold, *unasked),
    ), evidence


def _moved(
    case: Case,
    cells: Cells,
    evidence: Evidence,
    told: Bought | None,
    number: Callable[[Finding], Finding],
) -> tuple[StepReport, Evidence]:
    """What moved, and where."""
    searched, found, silent = places(case, cells, evidence.losses, number)
    signalled, signals, untold = customers(case, told, number)
    searched, silent = [*searched, *signalled], [*silent, *untold]
    placed = found.places
    evidence = replace(
        evidence, places=placed, looked=found.tests, grown=found.grown, signals=signals
    )
    if evidence.drivers is None:
        silent += [] if searched else [Message("root_cause.no_drivers")]
        return StepReport("root_cause", tuple(searched), tuple(silent)), evidence
    split = evidence.drivers.result
    moves: list[Move] = []
    unplaced: list[Message] = []
    for row in split.table.to_dict("records"):
        metric = case.metrics[str(row["driver"])]
        spread = None
        try:
            spread = _searched(case, cells, metric)
        except BadInput as error:
            unplaced.append(
                Message("root_cause.not_placed", {"driver": metric.name, "why": error.what})
            )
        dated = _dated(case, cells, metric, row, spread)
        moves.append(Move(metric.name, number(_finding(case, row, spread, dated)), spread, dated))
    ways, uncounted = _funnels(case, evidence)
    jumps = [noted.result.where for noted in evidence.surges if noted.result.where]
    report = StepReport(
        "root_cause",
        (*searched, *(m.finding for m in moves), *map(number, ways)),
        (*silent, *unplaced, *uncounted),
    )
    # What left its course in one place is said there, with the place's own rates and values.
    taken = {p.found.driver.name for p in placed}
    fallen = falls(case, cells, split, moves, jumps)
    placed = tuple(_narrowed(_only_here(case, cells, p), fallen) for p in placed)
    fallen = tuple(f for f in fallen if f.driver not in taken)
    return report, replace(evidence, places=placed, moves=tuple(moves), falls=fallen)


def _only_here(case: Case, cells: Cells, placed: Placed) -> Placed:
    """With the other rates of the formula that stand still outside the place: what they do in total
    is the place's lesser weight."""
    still = []
    for name in case.goal.tree.leaves:
        metric = case.metrics[name]
        if placed.node is None or name == placed.found.driver.name or not metric.is_ratio:
            continue
        outside = change_outside(cells, metric, placed.found.where) if metric.per is None else None
        if outside is not None and outside.p > ALONE:
            still.append(name)
    return replace(placed, only_here=tuple(still))


def _narrowed(placed: Placed, fallen: Sequence[Fall]) -> Placed:
    """The place with the version that was rolled out there, where the fall came with it: what took
    the place of other values is compared with those."""
    found = placed.found
    for fall in fallen:
        inside = found.where.values.items() < fall.where.values.items()
        if fall.driver == found.driver.name and fall.pattern == "place" and inside:
            return replace(placed, found=replace(found, where=fall.where))
    return placed


def _searched(case: Case, cells: Cells, metric: Metric) -> SegmentSearchResult | None:
    """Where a rate left its baseline; None for what is no rate, or has no dimensions."""
    dimensions = cells.dimensions.get(metric.table, ())
    if not metric.is_ratio or metric.per is not None or not dimensions:
        return None
    cube = cells.by_segment(metric, dimensions)
    if (cube[[*SIDES]] < 0).any(axis=None):
        return None  # a margin may be negative: no share of anything, and its places are searched
    days = (Window.of(*cells.day_arrays(metric, p)) for p in ("baseline", "current"))
    variance = max(unit_variance(*days), *cells.units.get(metric.name, {}).values(), 0.0)
    return _shown(
        case, segment_search(cube, driver=metric.name, dimensions=dimensions, variance=variance)
    )


def _shown(case: Case, searched: SegmentSearchResult) -> SegmentSearchResult:
    """Without places of several dimensions that hold fewer people than may be shown;
    they still count in the driver."""
    least = case.privacy.min_group
    if least < 2 or searched.table.empty:
        return searched
    tables = tuple(case.tables.values())
    sizes = [people(tables, w) if len(w.values) > 1 else None for w in searched.table["where"]]
    keep = [size is None or size >= least for size in sizes]
    return replace(searched, table=searched.table[keep].reset_index(drop=True))


def _funnels(case: Case, evidence: Evidence) -> tuple[list[Finding], tuple[Message, ...]]:
    """For each funnel: which step changed, and which step nobody watches costs most."""
    findings: list[Finding] = []
    silent: list[Message] = []
    for funnel in case.funnels.values():
        try:
            log = funnels.log(case, funnel)
            steps, within = funnels.steps(funnel), funnel.within
            changed = funnel_change(log, steps, **both(case), within=within)
            blind = unwatched(_users(funnel, changed), watched=covered(case, funnel))
        except BadInput as error:
            silent.append(
                Message("root_cause.not_examined", {"funnel": funnel.name, "why": error.what})
            )
            continue
        findings += [_of_funnel(case, funnel, changed), _of_funnel(case, funnel, blind)]
        for loss in evidence.losses:
            if loss.table != funnel.table or not loss.confirmed:
                continue
            said = {"funnel": funnel.name, "where": loss.where, "period": loss.days}
            silent.append(Message("root_cause.as_logged", said))
    if not case.funnels:
        silent.append(Message("root_cause.no_funnel"))
    return findings, tuple(silent)


def _users(funnel: Funnel, changed: FunnelChangeResult) -> pd.Series:
    """Units that reached each step in the current period."""
    steps = changed.table[changed.table["of"] == "previous"]
    last = steps.iloc[-1]
    # Where nobody could go on, the rate is unknown and nobody arrived.
    arrived = round(last["current"] * last["current_trials"]) if last["current_trials"] else 0
    return pd.Series([*steps["current_trials"], arrived], list(funnel.steps))


def covered(case: Case, funnel: Funnel) -> tuple[str, ...]:
    """Steps whose conversion somebody watches: a watched ratio counts them on top and not below."""
    watched = [case.metrics[m] for m in case.watched if m in case.metrics and m != case.goal.metric]
    ratios = [m for m in watched if m.is_ratio]
    return tuple(
        step
        for step in funnel.steps
        if any(_mentions(m.numerator, step) and not _mentions(m.denominator, step) for m in ratios)
    )


def _mentions(expression: str | None, step: str) -> bool:
    return (
        re.search(rf"(?<![A-Za-z0-9]){re.escape(step)}(?![A-Za-z0-9])", expression or "")
        is not None
    )


def _of_funnel(
    case: Case, funnel: Funnel, result: FunnelChangeResult | BlindspotsResult
) -> Finding:
    return Finding(
        "",
        "root_cause",
        "info",
        result.headline,
        subject=funnel.name,
        period=case.current,
        strength="tested" if isinstance(result, FunnelChangeResult) else "described",
        evidence=(result,),
    )


def clearest(searched: SegmentSearchResult | None) -> Where | None:
    """The place that stands out beyond doubt; None when none does."""
    if searched is None or searched.table.empty:
        return None
    row = searched.table.iloc[0].to_dict()
    return row["where"] if row["where"] and row["p"] < SURE else None


def _dated(
    case: Case,
    cells: Cells,
    metric: Metric,
    row: dict[Any, Any],
    searched: SegmentSearchResult | None,
) -> ChangepointResult | None:
    """When the trouble of one driver began, read off the days of the place it is in;
    None for a steady driver."""
    placed = clearest(searched)
    if placed is None and not row["p"] < SURE:
        return None
    # A new value has no days before it took over: its place is read with the values it replaced.
    new = searched.replaced if searched is not None else ()
    where = Where({d: v for d, v in (placed or EVERYWHERE).values.items() if d not in new})
    days = cells.daily([metric], {"all": span(case)}, where=where)
    columns = {
        "value": f"{metric.name}:num",
        "exposure": f"{metric.name}:den" if metric.is_ratio else None,
    }
    try:
        return changepoint(days, time=BUCKET, changes=changes(case), **columns)
    except BadInput:
        return None


def _finding(
    case: Case,
    row: dict[Any, Any],
    searched: SegmentSearchResult | None,
    dated: ChangepointResult | None,
) -> Finding:
    """What happened to one driver."""
    placed = clearest(searched)
    values = {k: row[k] for k in ("driver", "change", "contribution", "p")}
    values |= {"goal": case.goal.metric}
    # Where no noise can be told there are no ends.
    values |= {k: row[k] if row[k] == row[k] else None for k in ("low", "high")}
    moved = row["p"] < SURE
    key = "fell" if moved and row["change"] < 0 else "rose" if moved else "steady"
    said = Message(f"root_cause.{key}", values)
    if placed is not None and searched is not None:
        said = Message("root_cause.placed", {"said": said, "place": searched.headline})
    if dated is not None and dated.start is not None:
        said = Message("root_cause.dated", {"said": said, "when": dated.began})
    worse = (row["change"] < 0) == (case.metrics[row["driver"]].better == "up")
    known = [r for r in (searched, dated) if r is not None]
    return Finding(
        "",
        "root_cause",
        "trouble" if (moved and worse) or placed is not None else "fine",
        said,
        subject=row["driver"],
        where=EVERYWHERE if placed is None else placed,
        period=case.current,
        effect=Effect(
            row["contribution"], row["contribution_low"], row["contribution_high"], case.goal.metric
        ),
        p=row["p"],
        strength="tested",
        evidence=tuple(sorted(known, key=lambda r: r.table.empty)),  # the first is drawn
    )
