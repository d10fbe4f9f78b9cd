"""The rows of a log as a chain reads them: units, moments, and a bit for every step they meet."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import ibis

from kpilab.core.values import EVERYWHERE, Where
from kpilab.engine.column import column
from kpilab.engine.dialect import dialect_of, engine_name
from kpilab.engine.door.labels import one_of
from kpilab.engine.events.sessions import day_start, readable, with_session
from kpilab.engine.events.steps import Exclusion, Plan, Step
from kpilab.engine.expression import missing, parse_predicate, sql
from kpilab.engine.metrics import segment
from kpilab.errors import several, unknown, unknown_problem

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import EventLog
    from kpilab.core.values import Period


def rows_of(
    log: EventLog, plan: Plan, *, by: str = "user", where: Where = EVERYWHERE,
    period: Period | None = None,
    keep: tuple[str, ...] = (),
) -> tuple[ir.Table, tuple[str, ...]]:  # fmt: skip
    """Rows a chain can read: the keys of a unit, `t`, `mask`, and the columns to `keep`.

    Args:
        log: the events. plan: the funnel. by: "user" or "session".
        where: only events of this segment. period: only events of these days.
        keep: columns needed later.

    Raises:
        BadInput: an unknown column, or `by` that is neither user nor session.
    """
    if by not in ("user", "session"):
        raise unknown("unit", by, ("user", "session"), "Steps, argument 'unit'")
    _check_columns(log, plan, keep, where)
    table = readable(replace(log, table=segment(log, where)))
    if period is not None:
        t = column(table, "kpilab_t")
        table = table.filter(t >= day_start(period.first), t < day_start(period.last, 1))
    keys: tuple[str, ...] = ("unit",)
    if by == "session":
        table, keys = with_session(log, table), ("unit", "session")
    names = [name for b in plan.bits() if (name := plan.named(b)) is not None]
    # DuckDB reads a mask off the events' dictionary; asked for the names as well, it would look at
    # every row twice.
    if (
        plan.chain.mode != "strict"
        and len(names) == len(plan.bits())
        and engine_name(table) != "duckdb"
    ):
        table = table.filter(column(table, "kpilab_event").cast("string").isin(sorted(set(names))))
    table = _with_conditions(table, plan)
    mask = _mask(table, plan)
    session = {"session": table["kpilab_session"]} if by == "session" else {}
    held = {f"hold_{c}": table[c] for c in plan.hold}
    rows = table.select(
        unit=table["kpilab_unit"],
        t=table["kpilab_t"],
        mask=mask,
        **session,
        **held,
        **{c: table[c] for c in keep},
    )
    if plan.chain.mode != "strict":
        rows = rows.filter(rows["mask"] != 0)
    return (_held(rows, plan, keys), (*keys, *held)) if plan.hold else (rows, keys)


def _check_columns(log: EventLog, plan: Plan, keep: tuple[str, ...], where: Where) -> None:
    named = [
        *keep,
        *where.values,
        *where.without,
        *plan.hold,
        *(c for b in plan.bits() for c in b.where),
    ]
    known = list(log.table.columns)
    problems = [
        unknown_problem("column", c, known, f"table {log.name!r}")
        for c in dict.fromkeys(named)
        if c not in known
    ]
    for bit in plan.bits():
        if (text := plan.condition(bit)) is not None:
            problems += missing(
                parse_predicate(text, "steps"),
                known,
                f"step {text!r}, which is no event of the log",
            )
    error = several(problems)
    if error:
        raise error


def _with_conditions(table: ir.Table, plan: Plan) -> ir.Table:
    """The table with a column `kpilab_bit<k>` for every condition that was given as SQL text."""
    texts = {k: text for k, b in enumerate(plan.bits()) if (text := plan.condition(b)) is not None}
    if not texts:
        return table
    backend = table.get_backend()
    dialect = dialect_of(backend.name)
    parsed = {
        k: sql(parse_predicate(text, "funnel, argument 'steps'"), dialect)
        for k, text in texts.items()
    }
    columns = ", ".join(f"({text}) AS kpilab_bit{k}" for k, text in parsed.items())
    # The inner text is compiled by Ibis, the conditions were parsed and checked; nothing else is
    # pasted in.
    return backend.sql(  # type: ignore[attr-defined]  # every SQL backend has it
        f"SELECT *, {columns} FROM ({ibis.to_sql(table, dialect=backend.name)}) AS rows_of_log"
    )


def _mask(table: ir.Table, plan: Plan) -> ir.IntegerValue:
    """Each row's bits; one look at the event where every bit has a name of its own."""
    names = [name for b in plan.bits() if not b.where and (name := plan.named(b)) is not None]
    if len(set(names)) == len(plan.bits()):
        event = column(table, "kpilab_event").cast("string")
        return event.cases(*[(name, 1 << k) for k, name in enumerate(names)], else_=0).cast("int32")
    bits: list[Any] = [_condition(table, bit, k) for k, bit in enumerate(plan.bits())]
    return reduce(add, [c.fill_null(False).cast("int32") * (1 << k) for k, c in enumerate(bits)])


def _condition(table: ir.Table, bit: Step | Exclusion, k: int) -> ir.BooleanValue:
    """Whether a row meets one bit."""
    if f"kpilab_bit{k}" in table.columns:
        met = column(table, f"kpilab_bit{k}")
    elif isinstance(bit.event, str):
        met = column(table, "kpilab_event").cast("string") == bit.event
    else:
        met = bit.event(table)
    for name, wanted in bit.where.items():
        values = wanted if isinstance(wanted, list | tuple | set | frozenset) else (wanted,)
        met = met & one_of(column(table, name), tuple("" if v is None else v for v in values))
    return met


def _held(rows: ir.Table, plan: Plan, keys: tuple[str, ...]) -> ir.Table:
    """Rows once for every value their unit's first step had; held steps count under their own value
    only.

    A missing value agrees with nothing: the unit has met the first step, and can go no further.
    """
    columns = [f"hold_{c}" for c in plan.hold]
    first = rows.filter((column(rows, "mask") & 1) != 0).select(*keys, *columns).distinct()
    first = first.rename({f"first_{c}": c for c in columns})
    joined = rows.inner_join(first, [rows[k].identical_to(first[k]) for k in keys]).select(
        rows, *[first[f"first_{c}"] for c in columns]
    )
    mask = column(joined, "mask")
    for name in plan.hold:
        mine, theirs = column(joined, f"hold_{name}"), joined[f"first_hold_{name}"]
        later = sum(1 << k for k, s in enumerate(plan.required) if k and name in s.hold)
        mask = mine.identical_to(theirs).ifelse(mask, mask - (mask & 1))
        mask = (mine == theirs).fill_null(False).ifelse(mask, mask - (mask & later))
    kept = [
        c
        for c in joined.columns
        if c not in columns and c not in ("mask", *(f"first_{c}" for c in columns))
    ]
    rows = joined.select(*kept, mask=mask, **{c: joined[f"first_{c}"] for c in columns})
    return rows if plan.chain.mode == "strict" else rows.filter(rows["mask"] != 0)
