"""What a goal is made of, as sums over the rows of one table: what can move it, and what may stand
behind such a move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from kpilab.core.case import Case, Metric
from kpilab.core.table import EventLog, Stacked
from kpilab.engine.algebra import Term, alike, passes_on, rows_of, terms, within
from kpilab.engine.expression import literal, quoted
from kpilab.errors import BadInput

Kind = Literal["volume", "rate"]


@dataclass(frozen=True, slots=True)
class Driver:
    """A part of the goal that is measured by place.

    Attributes:
        name: what it is called: a metric's name, a table's, or two with `_per_` between.
        table: whose rows it is measured on.
        num, den: aggregates that add up over rows; no `den` for a volume.
        goal: the goal's own sum over the same rows; "" where it is measured on others.
        passes_on: goal units that one more of `num` makes; None where that is what one of `num`
            makes in the place itself (`goal` / `num`).
    """

    name: str
    table: str
    num: str
    goal: str
    den: str | None = None
    passes_on: float | None = None

    @property
    def kind(self) -> Kind:
        return "volume" if self.den is None else "rate"


def goal_drivers(case: Case) -> tuple[Driver, ...]:
    """Volumes and rates that the goal is made of, table by table.

    A goal that sums rows is so many rows at so much each; one that a funnel leads to is so many at
    the first step and the share that goes on at each. What a formula subtracts is a share of what
    it adds. A ratio is its own driver.
    """
    goal = case.metrics[case.goal.metric]
    if goal.per is not None or goal.cumulative:
        return ()
    if goal.is_ratio:
        return tuple(_ratio(goal))
    if _has_formula(case, goal):
        return tuple(_of_formula(case, goal))
    found: dict[tuple[str, str, str | None], Driver] = {}
    for metric in _summed(case, goal):
        for driver in (*_of_rows(case, metric), *_of_ratios(case, metric)):
            found.setdefault((driver.table, driver.num, driver.den), driver)
    for driver in _subtracted(case, goal):
        found.setdefault((driver.table, driver.num, driver.den), driver)
    return tuple(found.values())


def measured_drivers(case: Case) -> tuple[Metric, ...]:
    """Metrics of the case that a goal is made of without its formula saying so."""
    known = {case.goal.metric, *case.goal.tree.leaves}
    names = dict.fromkeys(d.name for d in goal_drivers(case) if d.name not in known)
    return tuple(case.metrics[n] for n in names if n in case.metrics)


def mechanisms(case: Case, drivers: tuple[Driver, ...]) -> tuple[Metric, ...]:
    """Metrics that may say why something moved in a place: every one that is no part of the goal
    and no count of the rows it is made of."""
    made = {(d.table, d.num) for d in drivers} | {(d.table, d.goal) for d in drivers}
    nodes = {case.goal.metric, *case.goal.tree.nodes}
    counted = {d.table for d in drivers}
    return tuple(
        m
        for m in case.metrics.values()
        if m.name not in nodes
        and m.per is None
        and not m.cumulative
        and m.formula is None
        and not any(t == m.table and alike(num, m.measure) for t, num in made)
        and (m.is_ratio or (m.table not in counted and not _carries(case, m.table, counted)))
        and all(terms(text) for text in (m.measure or m.numerator, m.denominator) if text)
    )


def _carries(case: Case, table: str, counted: set[str]) -> bool:
    """Whether the rows of a counted table are linked to this table: they move with it."""
    key = f"{table}."
    return any(c.startswith(key) for name in counted for c in case.tables[name].table.columns)


def _has_formula(case: Case, goal: Metric) -> bool:
    """Whether the case says what the goal is made of, and not of which tables."""
    return case.goal.tree.leaves != (goal.name,) and not isinstance(
        case.tables[goal.table], Stacked
    )


def _of_formula(case: Case, goal: Metric) -> Iterator[Driver]:
    """The leaves of a declared formula that the goal grows with, each by as much as it grows: worth
    what the goal has per one of them, in the place itself where both are measured on the same
    rows."""
    for name in case.goal.tree.leaves:
        metric = case.metrics[name]
        num, den = within_both(metric)
        known = num is not None and terms(num) and (den is None or terms(den))
        if not known or metric.per is not None or not _grows_with(case, metric):
            continue
        text = _measure(goal) if metric.table == goal.table else None
        yield Driver(name, metric.table, str(num), text or "", den)


def within_both(metric: Metric) -> tuple[str | None, str | None]:
    """What a metric counts and what it is a share of, over its own rows; no share of a sum."""
    if not metric.is_ratio:
        return _measure(metric), None
    parts = (metric.numerator or "", metric.denominator or "")
    return within(parts[0], metric.condition), within(parts[1], metric.condition)


def _grows_with(case: Case, metric: Metric) -> bool:
    """Whether the goal doubles when a leaf does."""
    leaves = dict.fromkeys(case.goal.tree.leaves, 1.0)
    try:
        twice = case.goal.tree.evaluate(leaves | {metric.name: 2.0})
        return bool(twice == 2 * case.goal.tree.evaluate(leaves))
    except BadInput:
        return False


def _ratio(goal: Metric) -> Iterator[Driver]:
    above, below = goal.numerator or "", goal.denominator or ""
    if terms(above) and terms(below):
        yield Driver(goal.name, goal.table, above, above, below, 1.0)


def _summed(case: Case, goal: Metric) -> list[Metric]:
    """The metrics whose rows the goal sums: itself, or those its formula adds."""
    if isinstance(case.tables[goal.table], Stacked):
        return [m for m in _leaves(case) if _sign(case, m) > 0]
    return [goal]


def _leaves(case: Case) -> list[Metric]:
    leaves = [case.metrics[leaf] for leaf in case.goal.tree.leaves]
    return [m for m in leaves if m.measure is not None and m.per is None]


def _sign(case: Case, metric: Metric) -> float:
    """Whether more of a leaf is more of the goal: +1 or -1, 0 where it does not matter."""
    leaves = dict.fromkeys(case.goal.tree.leaves, 1.0)
    more = case.goal.tree.evaluate(leaves | {metric.name: 2.0})
    less = case.goal.tree.evaluate(leaves)
    change = float(more) - float(less)  # type: ignore[arg-type]
    return (change > 0) - (change < 0)


def _of_rows(case: Case, metric: Metric) -> Iterator[Driver]:
    """A sum over rows: how many rows, and how much each."""
    measure = _measure(metric)
    parts = terms(measure) if measure else None
    if not parts or measure is None:
        return
    rows = _rows(parts)
    yield from _funnel(case, metric, measure, rows)
    if not any(alike(rows, p.measure) for p in parts):
        yield Driver(_per(case, metric, rows), metric.table, measure, measure, rows, 1.0)


def _rows(parts: tuple[Term, ...]) -> str:
    """The count of rows behind the first term."""
    return rows_of(parts[0].measure) or parts[0].measure


def _measure(metric: Metric) -> str | None:
    return None if metric.measure is None else within(metric.measure, metric.condition)


def _volume(case: Case, table: str, rows: str) -> str:
    """What the count of these rows is called: as a metric that counts them, else as the table."""
    named = [m.name for m in case.metrics.values() if m.table == table and alike(m.measure, rows)]
    return named[0] if named else table


def _per(case: Case, metric: Metric, rows: str) -> str:
    """What the sum per row is called."""
    ratios = [
        m.name
        for m in case.metrics.values()
        if m.table == metric.table
        and alike(m.numerator, metric.measure)
        and alike(m.denominator, rows)
    ]
    return ratios[0] if ratios else f"{metric.name}_per_{_volume(case, metric.table, rows)}"


def _funnel(case: Case, metric: Metric, measure: str, rows: str) -> Iterator[Driver]:
    """The rows themselves; where they are the last step of a funnel, those of the first step and
    the share that goes on from each."""
    steps = _steps(case, metric, rows)
    if not steps:
        yield Driver(_volume(case, metric.table, rows), metric.table, rows, measure)
        return
    yield Driver(steps[0][0], metric.table, steps[0][1], measure)
    for (before, among), (name, count) in pairwise(steps):
        yield Driver(f"{name}_per_{before}", metric.table, count, measure, among)


def _steps(case: Case, metric: Metric, rows: str) -> list[tuple[str, str]]:
    """Names and counts of the steps that lead to the rows; none where no funnel ends there."""
    table = case.tables[metric.table]
    if not isinstance(table, EventLog):
        return []
    for funnel in case.funnels.values():
        if funnel.table != metric.table:
            continue
        column = quoted(table.event)
        counts = [(s, f"count(*) filter (where {column} = {literal(s)})") for s in funnel.steps]
        last = [k for k, (_, count) in enumerate(counts) if alike(count, rows)]
        plain = [k for k, (s, _) in enumerate(counts) if alike(_bare(table.event, s), rows)]
        for k in (*last, *plain):
            return counts[: k + 1] if k else []
    return []


def _bare(event: str, step: str) -> str:
    return f"count(*) filter (where {event} = {literal(step)})"


def _of_ratios(case: Case, metric: Metric) -> Iterator[Driver]:
    """Ratios of the same rows of which one more in the numerator is so much of the goal."""
    measure = _measure(metric)
    for other in case.metrics.values():
        if not other.is_ratio or other.table != metric.table or other.per or other.condition:
            continue
        above, below = other.numerator or "", other.denominator or ""
        factor = passes_on(above, below, measure) if measure and terms(above) else None
        if factor is not None:
            yield Driver(other.name, other.table, above, str(measure), below, factor)


def _subtracted(case: Case, goal: Metric) -> Iterator[Driver]:
    """What a formula takes off, as a share of what it adds: on the rows of both."""
    if not isinstance(case.tables[goal.table], Stacked) or goal.measure is None:
        return
    parts = terms(goal.measure)
    leaves = _leaves(case)
    if not parts or len(parts) != len(leaves):
        return
    added = [p.measure for p in parts if p.factor > 0]
    for part, leaf in zip(parts, leaves, strict=True):
        if part.factor < 0 and len(added) == 1:
            yield Driver(leaf.name, goal.table, part.measure, goal.measure, added[0], part.factor)
