"""Units of an experiment beside what they did after they were assigned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ibis
from ibis import _

from kpilab.core.table import EventLog, Facts
from kpilab.core.trial import Outcome
from kpilab.engine.column import own
from kpilab.engine.door.keys import moved
from kpilab.engine.events.steps import called, occurring
from kpilab.engine.expression import (
    is_predicate,
    literal,
    missing,
    parse_measure,
    parse_predicate,
    quoted,
    restricted,
    spelled_out,
    sql,
)
from kpilab.errors import BadInput, several, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.case import Case, Test
    from kpilab.core.table import Assignments
    from kpilab.core.trial import Design

Log = EventLog | Facts

# Columns of a table of units. `MET`: when the unit first met the change; null if never, its
# assignment where no exposure is declared. `EARLY`: whether it met it before its assignment.
# `ROWS`: what it did after it.
UNIT, VARIANT, SINCE, VARIANTS, DAY = (
    own(name) for name in ("unit", "variant", "since", "variants", "day")
)
MET, EARLY, ROWS = (own(name) for name in ("met", "early", "rows"))
AT, HIT = own("at"), own("hit")


def units(assignments: Assignments, experiment: str, *, beside: ir.Table) -> ir.Table:
    """One row per unit of the experiment: `UNIT`, `VARIANT` (its first), `SINCE`, `VARIANTS` (how
    many it met).

    Args:
        beside: a table on the engine where the units are wanted.
    """
    table = moved(assignments.table, beside, assignments.name)
    rows = table.select(**{
        UNIT: table[assignments.unit],
        "experiment": table[assignments.experiment].cast("string"),
        VARIANT: table[assignments.variant].cast("string"),
        SINCE: table[assignments.time].cast("timestamp"),
    })  # fmt: skip
    rows = rows.filter(_.experiment == experiment, _[VARIANT].notnull()).group_by(UNIT)
    first, variants = _[VARIANT].argmin(_[SINCE]), _[VARIANT].nunique()
    return rows.agg(**{VARIANT: first, SINCE: _[SINCE].min(), VARIANTS: variants})


def tested_log(case: Case, test: Test, who: Assignments) -> Log:
    """The table that the outcome is measured on: the metric's own,
    or the log that has the predicate's columns."""
    where, metric = f"experiment {test.name!r}", case.metrics.get(test.outcome)
    logs: dict[str, Log] = {**case.of_kind(EventLog), **case.of_kind(Facts)}
    if metric is not None:
        log = logs.get(metric.table)
        if log is None or not _has_units(log, who):
            what = (
                f"table {metric.table!r} of metric {metric.name!r} does not say which unit "
                "a row belongs to"
            )
            raise BadInput(
                what, where, f"choose a metric on a log, or on facts with the column {who.unit!r}"
            )
        return log
    found = [log for log in logs.values() if _has_units(log, who)]
    if not found:
        raise BadInput("no log of what the units did", where, "name a table of kind events")
    return next((log for log in found if _can_tell(log, test.outcome, where)), found[0])


def _can_tell(log: Log, outcome: str, where: str) -> bool:
    """Whether a table holds an event of that name (also one that reads as a condition),
    or the condition's columns."""
    if isinstance(log, EventLog) and occurring(log, [outcome]):
        return True
    return is_predicate(outcome) and not missing(
        parse_predicate(outcome, where), log.table.columns, where
    )


def _has_units(log: Log, who: Assignments) -> bool:
    return isinstance(log, EventLog) or who.unit in log.table.columns


def condition(log: Log, outcome: str) -> str:
    """A predicate on one row as it is; the name of an event as the predicate that it happened."""
    if is_predicate(outcome) and (isinstance(log, Facts) or not called(log, [outcome])):
        return outcome
    if isinstance(log, Facts):
        raise BadInput(
            f"{outcome!r} is no condition",
            f"table {log.name!r}",
            "facts have no events: give a condition",
        )
    return f"CAST({quoted(log.event)} AS VARCHAR) = {literal(outcome)}"


def reached(name: str, predicate: str) -> Outcome:
    """Share of units with at least one row that meets a condition."""
    return Outcome(name, f"max(case when {predicate} then 1 else 0 end)", kind="proportion")


def hits(log: Log, outcome: str) -> ir.Table:
    """The log with a boolean column `HIT`: whether the event is, or meets, `outcome`.

    Args:
        outcome: a SQL condition on one event, or an event name.
    """
    where = f"outcome of table {log.name!r}"
    tree = parse_predicate(condition(log, outcome), where)
    error = several(missing(tree, log.table.columns, where))
    if error:
        raise error
    met = f"COALESCE(CAST({sql(spelled_out(tree, log.table.columns))} AS BOOLEAN), FALSE) AS {HIT}"
    return log.table.alias("logged").sql(f"SELECT *, {met} FROM logged", dialect="duckdb")


def check_units(found: int, experiment: str, assignments: Assignments) -> None:
    if not found:
        raise BadInput(
            f"experiment {experiment!r} has no units",
            f"table {assignments.name!r}, column {assignments.experiment!r}",
            "check the experiment's name in the assignments",
        )


def beside_units(log: Log, who: ir.Table, key: str, exposure: str = "") -> ir.Table:
    """Rows of the log with the columns of their unit, their time `AT`,
    and whether they show the exposure (`HIT`)."""
    table = hits(log, exposure) if exposure else log.table.mutate(**{HIT: ibis.literal(False)})
    return table.mutate(**{AT: _[log.time].cast("timestamp")}).join(who, [(key, UNIT)])


def per_unit(
    log: Log,
    who: ir.Table,
    measures: Mapping[str, str],
    known: Mapping[str, str],
    *,
    key: str,
    design: Design,
    dimensions: Sequence[str] = (),
) -> ir.Table:
    """One row per unit: its variant, what it did after its assignment, and what it did before.

    A unit without rows did nothing: its measures are 0. Further columns: `ROWS`, `MET` and `EARLY`.

    Args:
        measures, known: column -> SQL aggregate over one unit's rows after the assignment, and over
            those before.
        key: column of the log that holds the unit. design: its `before`, `exposure` and `window`.
    """
    for name in dimensions:
        if name not in log.table.columns:
            raise unknown("dimension", name, log.table.columns, f"table {log.name!r}")
    before = ibis.interval(days=max(design.before, 0))
    rows = beside_units(log, who, key, design.exposure)
    if not design.exposure:
        rows = rows.filter(_[AT] >= _[SINCE] - before)
    treated = _[AT] >= _[SINCE]
    if design.window:
        treated &= _[AT] < _[SINCE] + ibis.interval(days=design.window)
    after, earlier = own("after"), own("earlier")
    rows = rows.mutate(
        **{after: treated, earlier: (_[AT] < _[SINCE]) & (_[AT] >= _[SINCE] - before)}
    )
    parts = [UNIT, f"SUM(CASE WHEN {after} THEN 1 ELSE 0 END) AS {ROWS}"]
    parts.append(f"MIN(CASE WHEN {HIT} AND {AT} >= {SINCE} THEN {AT} END) AS {MET}")
    parts.append(f"MAX(CASE WHEN {HIT} AND {AT} < {SINCE} THEN 1 ELSE 0 END) = 1 AS {EARLY}")
    parts += [measured_by(log, name, text, after) for name, text in measures.items()]
    parts += [measured_by(log, name, text, earlier) for name, text in known.items()]
    parts += [f"MIN_BY({quoted(name)}, {AT}) AS {quoted(name)}" for name in dimensions]
    done = rows.alias("exposed").sql(
        f"SELECT {', '.join(parts)} FROM exposed GROUP BY {UNIT}", dialect="duckdb"
    )
    wide = who.left_join(done, UNIT).mutate(
        **{ROWS: _[ROWS].fill_null(0), EARLY: ibis.coalesce(_[EARLY], False)}
    )
    # Without a declared exposure everybody counts as exposed, from the assignment on.
    wide = wide if design.exposure else wide.mutate(**{MET: _[SINCE]})
    return wide.mutate(**{c: _[c].cast("float64").fill_null(0.0) for c in (*measures, *known)})


def measured_by(log: Log, name: str, text: str, phase: str = "") -> str:
    """A column `name`: an aggregate over the rows of a phase (a boolean column),
    all rows if none is named."""
    where = f"metric {name!r}"
    tree = parse_measure(text, where)
    error = several(missing(tree, log.table.columns, where))
    if error:
        raise error
    part = restricted(tree, parse_predicate(phase, where)) if phase else tree
    return f"{sql(spelled_out(part, log.table.columns))} AS {quoted(name)}"
