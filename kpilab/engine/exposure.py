"""Units of an experiment beside what they did after they were assigned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
from ibis import _

from kpilab.core.table import Facts
from kpilab.engine.expression import (
    is_predicate,
    missing,
    parse_measure,
    parse_predicate,
    quoted,
    restricted,
    sql,
)
from kpilab.engine.steps import called
from kpilab.errors import BadInput, several, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import Assignments, EventLog
    from kpilab.core.trial import Design
    from kpilab.core.values import Period


def units(assignments: Assignments, experiment: str, *, beside: ir.Table) -> ir.Table:
    """One row per unit of the experiment: `unit`, `variant` (its first), `since`, `variants` (how many it met).

    Args:
        beside: a table on the engine where the units are wanted.
    """
    table = moved(assignments.table, beside, assignments.name)
    rows = table.select(
        unit=table[assignments.unit],
        experiment=table[assignments.experiment].cast("string"),
        variant=table[assignments.variant].cast("string"),
        time=table[assignments.time].cast("timestamp"),
    )
    rows = rows.filter(_.experiment == experiment).group_by("unit")
    return rows.agg(variant=_.variant.argmin(_.time), since=_.time.min(), variants=_.variant.nunique())


def window(who: ir.Table, period: Period) -> ir.Table:
    """Units assigned inside the period to one variant only."""
    end = ibis.timestamp(str(period.last + timedelta(days=1)))
    return who.filter(_.variants == 1, _.since >= ibis.timestamp(str(period.first)), _.since < end)


def hits(log: EventLog | Facts, outcome: str) -> ir.Table:
    """The log with a boolean column `hit`: whether the event is, or meets, `outcome`.

    Args:
        outcome: a SQL condition on one event, or an event name.
    """
    if not is_predicate(outcome) or (not isinstance(log, Facts) and called(log, [outcome])):
        if isinstance(log, Facts):
            raise BadInput(
                f"{outcome!r} is no condition", f"table {log.name!r}", "facts have no events: give a condition"
            )
        return log.table.mutate(hit=_[log.event].cast("string") == outcome)
    where = f"outcome of table {log.name!r}"
    tree = parse_predicate(outcome, where)
    error = several(missing(tree, log.table.columns, where))
    if error:
        raise error
    condition = f"COALESCE(CAST({sql(tree)} AS BOOLEAN), FALSE) AS hit"
    return log.table.alias("logged").sql(f"SELECT *, {condition} FROM logged", dialect="duckdb")


def after_assignment(
    log: EventLog, outcome: str, who: ir.Table, *, until: date, dimensions: Sequence[str] = ()
) -> ir.Table:
    """Events of the units from their assignment to the end of the day `until`.

    Columns: unit, variant, since, time, `hit`, and the dimensions.
    """
    for name in dimensions:
        if name not in log.table.columns:
            raise unknown("dimension", name, log.table.columns, f"table {log.name!r}")
    rows = hits(log, outcome)
    end = ibis.timestamp(str(until + timedelta(days=1)))
    rows = rows.select("hit", *dimensions, who=rows[log.user], time=rows[log.time].cast("timestamp"))
    joined = rows.filter(_.time < end).join(who, [("who", "unit")])
    return joined.filter(_.time >= _.since).drop("who")


def moved(table: ir.Table, other: ir.Table, name: str) -> ir.Table:
    """The table on the engine of `other`: as it is if it lives there already, else copied."""
    mine, theirs = table.get_backend(), other.get_backend()
    return table if mine is theirs else theirs.create_table(f"{name}_copy", table.to_pyarrow(), overwrite=True)


def check_units(found: int, experiment: str, assignments: Assignments) -> None:
    if not found:
        raise BadInput(
            f"experiment {experiment!r} has no units",
            f"table {assignments.name!r}, column {assignments.experiment!r}",
            "check the experiment's name in the assignments",
        )


def per_unit(
    log: EventLog | Facts,
    who: ir.Table,
    measures: Mapping[str, str],
    known: Mapping[str, str],
    *,
    key: str,
    design: Design,
    dimensions: Sequence[str] = (),
) -> ir.Table:
    """One row per unit: its variant, what it did after its assignment, and what it did before.

    A unit without rows did nothing: its measures are 0. Further columns: `idle` (no row after the assignment),
    `rows`, `met` (exposed after its assignment; true where none is declared) and `early` (exposed before).

    Args:
        measures, known: column -> SQL aggregate over one unit's rows after the assignment, and over those before.
        key: column of the log that holds the unit. design: its `before`, `exposure` and `window`.
    """
    exposure, window, before = design.exposure, design.window, ibis.interval(days=max(design.before, 0))
    table = hits(log, exposure).rename(met_row="hit") if exposure else log.table.mutate(met_row=ibis.literal(False))
    rows = table.mutate(who=_[key], at=_[log.time].cast("timestamp")).join(who, [("who", "unit")])
    if not exposure:
        rows = rows.filter(_.at >= _.since - before)
    treated = _.at >= _.since
    if window:
        treated &= _.at < _.since + ibis.interval(days=window)
    rows = rows.mutate(treated=treated, known=(_.at < _.since) & (_.at >= _.since - before))
    parts = ["unit", "SUM(CASE WHEN treated THEN 1 ELSE 0 END) AS rows"]
    parts += ['MAX(met_row AND "at" >= since) AS met', 'MAX(met_row AND "at" < since) AS early']
    for phase, wanted in (("treated", measures), ("known", known)):
        parts += [_measured(log, name, text, phase) for name, text in wanted.items()]
    for name in dimensions:
        if name not in log.table.columns:
            raise unknown("dimension", name, log.table.columns, f"table {log.name!r}")
        parts.append(f'MIN_BY({quoted(name)}, "at") AS {quoted(name)}')
    done = rows.alias("exposed").sql(f"SELECT {', '.join(parts)} FROM exposed GROUP BY unit", dialect="duckdb")
    wide = who.left_join(done, "unit").mutate(rows=_.rows.fill_null(0))
    # Without a declared exposure everybody counts as exposed.
    wide = wide.mutate(idle=_.rows == 0, met=ibis.coalesce(_.met, False) if exposure else ibis.literal(True))
    wide = wide.mutate(early=ibis.coalesce(_.early, False))
    return wide.mutate(**{c: _[c].cast("float64").fill_null(0.0) for c in (*measures, *known)})


def _measured(log: EventLog | Facts, name: str, text: str, phase: str) -> str:
    """One aggregate over a unit's rows of a phase."""
    where = f"metric {name!r}"
    tree = parse_measure(text, where)
    error = several(missing(tree, log.table.columns, where))
    if error:
        raise error
    return f"COALESCE({sql(restricted(tree, parse_predicate(phase, where)))}, 0) AS {quoted(name)}"
