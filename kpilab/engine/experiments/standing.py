"""Moments of an experiment as it stood at the end of each day:
what a look on that day would have read."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import ibis
import pandas as pd
from ibis import _
from sqlglot import exp

from kpilab.engine.column import own
from kpilab.engine.experiments.exposure import (
    AT,
    DAY,
    MET,
    SINCE,
    UNIT,
    VARIANT,
    beside_units,
    measured_by,
    per_unit,
)
from kpilab.engine.experiments.intake import (
    enrolled,
    known,
    last_moment,
    measured,
    unit_column,
    up_to,
)
from kpilab.engine.experiments.moments import Moments
from kpilab.engine.experiments.trial import logged_group
from kpilab.engine.expression import parse_measure
from kpilab.engine.run import collect

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from kpilab.core.table import Assignments, EventLog, Facts
    from kpilab.core.trial import Design, Outcome

# What a day's value adds to the days before it.
CARRIED = {exp.Sum: "sum", exp.Count: "sum", exp.Max: "max", exp.Min: "min"}
ENTRY = own("entry")


def standing(
    who: Assignments, log: EventLog | Facts, outcome: Outcome, name: str | None, design: Design
) -> Moments:
    """Moments by variant and day; the rows up to a day, summed, are those at the end of that day.

    A unit counts from the day on which `experiment`, asked at the end of it, would have compared
    it: when it was assigned, has met the change, and its window is over.
    """
    key, end = unit_column(who, log), last_moment(log, design)
    log = up_to(log, design.seen_until)
    everyone, _crossed = enrolled(who, log, name, design)
    before = known(0, outcome, design)
    plain = not (before or design.exposure)
    table = (
        everyone.mutate(**{MET: _[SINCE]})
        if plain
        else per_unit(log, everyone, {}, before, key=key, design=design)
    )
    ripe = _[SINCE] + ibis.interval(days=design.window or 0)
    table = table.filter(ripe <= ibis.timestamp(str(end)), _[MET].notnull())
    table = table.mutate(**{ENTRY: ibis.greatest(ripe.date(), _[MET].date())}).cache()
    rows = beside_units(log, table.select(UNIT, VARIANT, SINCE, ENTRY, *before), key)
    rows = rows.filter(_[AT] >= _[SINCE])
    if design.window:
        rows = rows.filter(_[AT] < _[SINCE] + ibis.interval(days=design.window))
    states = _states(log, rows.mutate(**{DAY: _[AT].date()}), measured(0, outcome))
    group = logged_group(outcome, 0, design)
    columns, shift = list(group.all), len(group.columns)
    frames = [collect(_entries(table, columns[shift:], shift), "moments")]
    frames.append(
        collect(_changes(states.join(table.drop(SINCE), UNIT), columns, shift), "moments")
    )
    names = {f"s{i}": f"{group.name}:{i}" for i in range(len(columns))}
    pairs = combinations_with_replacement(range(len(columns)), 2)
    names |= {f"s{i}_{j}": f"{group.name}:{i}:{j}" for i, j in pairs}
    frame = pd.concat(frames, ignore_index=True).rename(
        columns={VARIANT: "variant", DAY: "day", **names}
    )
    frame[[n for n in names.values() if n not in frame.columns]] = 0.0
    frame = frame.groupby(["variant", "day"]).sum().reset_index()
    frame[f"{group.name}:n"] = frame["units"]
    return Moments(frame, ("variant", "day"), (group,), dict.fromkeys(columns, 0.0))


def _states(log: EventLog | Facts, rows: ir.Table, texts: Mapping[str, str]) -> ir.Table:
    """One row per unit and day on which it did something: its values up to the end of that day,
    and before it."""
    roots = [_root(parse_measure(text, "standing")) for text in texts.values()]
    parts = ", ".join(measured_by(log, column, text) for column, text in texts.items())
    cast = {c: _[c].cast("float64") for c in texts}
    if all(type(root) in CARRIED and not root.find(exp.Distinct) for root in roots):
        text = f"SELECT {UNIT}, {DAY}, {parts} FROM acted GROUP BY {UNIT}, {DAY}"
        daily = rows.alias("acted").sql(text, dialect="duckdb").mutate(**cast)
        so_far = ibis.cumulative_window(group_by=UNIT, order_by=DAY)
        carried = {
            c: getattr(_[c], CARRIED[type(r)])().over(so_far)
            for c, r in zip(texts, roots, strict=True)
        }
        found = daily.select(UNIT, DAY, **carried)
    else:
        # No way from one day's value to the next: every day of the unit is read from its assignment
        # on.
        days = rows.select(**{own("acting"): _[UNIT], own("until"): _[DAY]}).distinct()
        seen = rows.join(days, [rows[UNIT] == days[own("acting")], rows[DAY] <= days[own("until")]])
        text = (
            f"SELECT {UNIT}, {own('until')} AS {DAY}, {parts} FROM acted GROUP BY {UNIT}, "
            f"{own('until')}"
        )
        found = seen.alias("acted").sql(text, dialect="duckdb").mutate(**cast)
    found = found.mutate(**{c: _[c].fill_null(0.0) for c in texts})
    order = ibis.window(group_by=UNIT, order_by=DAY)
    return found.mutate(**{own(f"old_{c}"): _[c].lag().over(order).fill_null(0.0) for c in texts})


def _root(tree: exp.Expr) -> exp.Expr:
    return tree.this if isinstance(tree, exp.Filter) else tree


def _entries(table: ir.Table, covariates: list[str], shift: int) -> ir.Table:
    """What the units bring with them on the day from which they count."""
    sums = {"units": _.count()} | {f"s{shift + i}": _[c].sum() for i, c in enumerate(covariates)}
    for (i, a), (j, b) in combinations_with_replacement(enumerate(covariates), 2):
        sums[f"s{shift + i}_{shift + j}"] = (_[a] * _[b]).sum()
    return table.rename({DAY: ENTRY}).group_by(VARIANT, DAY).agg(**sums)


def _changes(states: ir.Table, columns: list[str], shift: int) -> ir.Table:
    """By how much the sums change on a day; what was done before a unit counts arrives with it."""
    states = states.mutate(**{DAY: ibis.greatest(_[DAY], _[ENTRY])})
    old = [_[own(f"old_{c}")] if i < shift else _[c] for i, c in enumerate(columns)]
    sums = {f"s{i}": (_[c] - old[i]).sum() for i, c in enumerate(columns) if i < shift}
    for (i, a), (j, b) in combinations_with_replacement(enumerate(columns), 2):
        if i < shift:
            sums[f"s{i}_{j}"] = (_[a] * _[b] - old[i] * old[j]).sum()
    return states.group_by(VARIANT, DAY).agg(**sums)
