"""Counts as rows: of each row that stands for `count` units, one row a unit, and of those who did
something, yes or no. An experiment told as counts per arm and day is read like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from kpilab.engine.column import column, own
from kpilab.engine.door.reading import Expand, wanted
from kpilab.engine.run import as_count, collect, collect_one
from kpilab.errors import nearest

if TYPE_CHECKING:
    import ibis.expr.types as ir

FIRST = 3  # rows that are named in a fault


def expanded(table: ir.Table, expand: Expand, name: str) -> ir.Table:
    """The table with one row a unit.

    Args:
        table: rows that each stand for several units, on DuckDB.
        expand: which column says how many, and which how many of them did something.
        name: of the table, for faults.

    Raises:
        BadInput: a column that is not there or is no count, or more who did than there are.
    """
    for key, given in (("count", expand.count), *(("outcomes", c) for c in expand.outcomes)):
        if given not in table.columns:
            what = f"no column named {given!r}"
            raise wanted(name, f"expand.{key}", what, nearest(given, table.columns))
        if not table.schema()[given].is_numeric():
            mend = "name a column of whole numbers"
            raise wanted(name, f"expand.{key}", f"column {given!r} holds no numbers", mend)
    if expand.unit in table.columns:
        what = f"there is a column {expand.unit!r} already"
        raise wanted(name, "expand.unit", what, "choose another name")
    _counts(table, expand, name)
    return _units(table, expand, name)


def _counts(table: ir.Table, expand: Expand, name: str) -> None:
    """Refuse rows whose counts are no counts."""
    count = column(table, expand.count)
    bad: Any = count.isnull() | (count < 0) | (count != count.round())
    for outcome in expand.outcomes:
        did = column(table, outcome)
        bad |= did.isnull() | (did < 0) | (did != did.round()) | (did > count)
    wrong = collect(table.filter(bad).limit(FIRST), f"table {name!r}")
    if len(wrong):
        rows = "; ".join(
            ", ".join(f"{c} = {v}" for c, v in row.items()) for row in wrong.to_dict("records")
        )
        what = f"rows whose counts are missing, or no whole numbers up to {expand.count!r}: {rows}"
        raise wanted(name, "expand", what, "mend the rows, or leave the column out of `outcomes`")


def _units(table: ir.Table, expand: Expand, name: str) -> ir.Table:
    at, row = own("unit_at"), own("unit_row")
    order = [table[c] for c in table.columns]
    numbered = table.mutate(**{row: ibis.row_number().over(ibis.window(order_by=order))})
    # A list of places unnested would be carried along with each of its own elements.
    most = as_count(collect_one(table.agg(n=table[expand.count].max()), f"rows of {name}")["n"])
    places = ibis.range(0, most).unnest().name(at).as_table()
    rows = numbered.join(places, places[at] < column(numbered, expand.count))
    place = column(rows, at)
    told = {c: (place < column(rows, c)).cast("int64") for c in expand.outcomes}
    unit = column(rows, row).cast("string") + "/" + place.cast("string")
    return rows.mutate(**told, **{expand.count: 1, expand.unit: unit}).drop(at, row)
