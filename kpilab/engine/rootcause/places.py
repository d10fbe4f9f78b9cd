"""Sums of one table by many sets of dimensions at once: by group of units in the two periods, and
by slice of time over the whole history.

A unit (a customer, a user) belongs to one of `GROUPS` groups, whatever it does: the groups differ
by chance alone, and what recurs of a unit recurs inside its group. So they give the noise of any
sum or ratio, and of any difference of two, while only sums leave the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from sqlglot import exp

from kpilab.core.table import EventLog, Table
from kpilab.core.values import Period
from kpilab.engine.column import column, own
from kpilab.engine.dialect import dialect_of, engine_name
from kpilab.engine.door.labels import label
from kpilab.engine.expression import parse_measure, quoted, spelled_out, sql
from kpilab.engine.run import collect_text

if TYPE_CHECKING:
    import ibis.expr.types as ir

GROUPS = 64
SET, GROUP, SIDE, SLICE = own("set"), own("group"), own("side"), own("slice")
DEEPEST = 3
VALUES = tuple(own(f"v{k}") for k in range(DEEPEST))
FINEST = own("finest")
HEX = "0123456789abcdef"
Kept = Mapping[str, Sequence[str]]
BLOCKS = 8  # of days that go together where nobody recurs, in a period


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is summed, and where.

    Attributes:
        table: its rows. sums: name -> aggregate that adds up over rows, checked here.
        unit: column of the unit; None where nobody recurs.
    """

    table: Table
    sums: Mapping[str, str]
    unit: str | None = None


def unit_of(table: Table, customer: str | None) -> str | None:
    """The column of whoever recurs in a table: the case's customer, a user; None for neither."""
    if customer is not None and customer in table.table.columns:
        return customer
    return table.user if isinstance(table, EventLog) else None


def without_days(table: Table, periods: Sequence[Period]) -> Table:
    """The rows on none of the days."""
    rows = table.table
    time = rows[table.roles()["time"]].cast("timestamp")
    for period in periods:
        rows = rows.filter(~_within(time, period))
    return replace(table, table=rows)


def by_group(
    asked: Asked,
    sets: Sequence[tuple[str, ...]],
    periods: tuple[Period, Period],
    kept: Sequence[Kept] | None = None,
) -> pd.DataFrame:
    """Sums of both periods by group of units and each set of dimensions.

    Args:
        kept: of each set, dimension -> its values that are asked for; None for all.

    Returns:
        Columns `SET` (index into `sets`), `VALUES`, `SIDE` (0 baseline, 1 current), `GROUP`, and
        one per sum.
    """
    rows = asked.table.table
    time = rows[asked.table.roles()["time"]].cast("timestamp")
    first, second = (_within(time, p) for p in periods)
    rows = rows.filter(first | second)
    start = ibis.cases(
        (first, ibis.literal(str(periods[0].first)).cast("date")),
        else_=ibis.literal(str(periods[1].first)).cast("date"),
    )
    since = _day(time, start)
    block = max(1, min(p.days for p in periods) // BLOCKS)
    series = _series(asked.table, rows, (since / block).floor().cast("int64"))
    named = series if asked.unit is None else _named(rows, asked.unit, series)
    keys = {SIDE: second.cast("int64"), GROUP: _group(named)}
    return _summed(rows, asked, keys, sets, kept)


def by_slice(
    asked: Asked,
    sets: Sequence[tuple[str, ...]],
    origin: Period,
    days: int,
    kept: Sequence[Kept] | None = None,
) -> pd.DataFrame:
    """Sums over the whole history by slices of `days` days, numbered from the first day of `origin`
    (0) back and forth; as `by_group`, with `SLICE` instead of side and group."""
    rows = asked.table.table
    time = rows[asked.table.roles()["time"]].cast("timestamp")
    rows = rows.filter(time.notnull() & (time < _start(origin.last + timedelta(days=1))))
    number = _day(time, ibis.literal(str(origin.first)).cast("date"))
    return _summed(rows, asked, {SLICE: (number / days).floor().cast("int64")}, sets, kept)


def weights(
    asked: Asked, dimensions: Sequence[str], periods: tuple[Period, Period]
) -> pd.DataFrame:
    """Sums of both periods by each dimension alone, without groups."""
    rows = asked.table.table
    time = rows[asked.table.roles()["time"]].cast("timestamp")
    first, second = (_within(time, p) for p in periods)
    keys = {SIDE: second.cast("int64")}
    return _summed(rows.filter(first | second), asked, keys, [(d,) for d in dimensions], None)


def _start(day: Any) -> Any:
    return ibis.timestamp(str(day))


def _within(time: Any, period: Period) -> Any:
    return (time >= _start(period.first)) & (time < _start(period.last + timedelta(days=1)))


def _day(time: Any, start: Any) -> Any:
    """Days from `start` to a moment."""
    return time.cast("date").delta(start, unit="day").cast("int64")


def _named(rows: ir.Table, unit: str, series: Any) -> Any:
    """Who a row belongs to; rows of nobody go by their series."""
    return column(rows, unit).cast("string").fill_null(series)


def _series(table: Table, rows: ir.Table, block: Any) -> Any:
    """What stands for a unit where nobody recurs: one combination of dimensions in one block of
    days, held against the same block of the other period."""
    text = block.cast("string")
    for dimension in table.dimensions_named:
        text = text + ibis.literal("|") + label(rows[dimension])
    return text


def _group(text: Any) -> Any:
    """The group of a unit: the same on every engine."""
    digest: Any = _md5(text)
    digits: Any = ibis.literal(HEX)
    high, low = (digits.find(digest.substr(k, 1)) for k in (0, 1))
    return (high * 4 + (low / 4).floor()).cast("int64")


@ibis.udf.scalar.builtin(name="md5", signature=(("string",), "string"))
def _md5(text):  # type: ignore[no-untyped-def]  # the engine's own; Ibis reads the signature
    ...


def _summed(
    rows: ir.Table,
    asked: Asked,
    keys: Mapping[str, Any],
    sets: Sequence[tuple[str, ...]],
    kept: Sequence[Kept] | None,
) -> pd.DataFrame:
    """One query: the sums by the keys and each set of dimensions, below each other."""
    dialect = dialect_of(engine_name(asked.table.table))
    quote = "`" if dialect == "spark" else '"'
    used = list(dict.fromkeys(d for names in sets for d in names))
    ours = {d: own(f"d{k}") for k, d in enumerate(used)}
    rows = rows.mutate(**keys, **{name: label(rows[d]) for d, name in ours.items()})
    measured = [_sum(text, rows, dialect) for text in asked.sums.values()]
    names = [quoted(own(f"s{k}"), quote) for k in range(len(measured))]
    # The rows are read once: every set adds up the sums of the finest one.
    finest = ", ".join([*ours.values(), *keys])
    sums = ", ".join(f"{m} AS {n}" for m, n in zip(measured, names, strict=True))
    read = f"SELECT {finest}, {sums} FROM rows_read GROUP BY {finest}"
    added = [f"SUM({n}) AS {n}" for n in names]
    chosen = [{}] * len(sets) if kept is None else kept
    parts = [
        _one(k, s, ours, list(keys), added, c, dialect)
        for k, (s, c) in enumerate(zip(sets, chosen, strict=True))
    ]
    purpose = f"places of table {asked.table.name!r}"
    found = collect_text(rows, " UNION ALL ".join(parts), purpose, once=(FINEST, read))
    named = {own(f"s{k}"): name for k, name in enumerate(asked.sums)}
    found = found.rename(columns=named)
    numbers = [SET, *keys, *named.values()]
    return found.assign(**{c: pd.to_numeric(found[c]).fillna(0.0) for c in numbers})


def _sum(text: str, rows: ir.Table, dialect: str) -> str:
    return sql(spelled_out(parse_measure(text, "measure"), rows.columns), dialect)


def _one(
    k: int,
    names: tuple[str, ...],
    ours: Mapping[str, str],
    keys: Sequence[str],
    sums: Sequence[str],
    kept: Kept,
    dialect: str,
) -> str:
    values = [ours[d] for d in names]
    shown = [f"{v} AS {VALUES[j]}" for j, v in enumerate(values)]
    shown += [f"CAST(NULL AS VARCHAR(1)) AS {v}" for v in VALUES[len(values) :]]
    chosen = [
        f"{ours[d]} IN ({', '.join(_text(v, dialect) for v in kept[d])})"
        for d in names
        if d in kept
    ]
    where = f" WHERE {' AND '.join(chosen)}" if chosen else ""
    grouped = ", ".join([*values, *keys])
    return (
        f"SELECT {k} AS {SET}, {', '.join([*shown, *keys, *sums])} FROM {FINEST}{where} "
        f"GROUP BY {grouped}"
    )


def _text(value: str, dialect: str) -> str:
    return exp.Literal.string(value).sql(dialect=dialect)
