"""Small groups: values of a dimension that few people have are put together on the engine,
before they are read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

import ibis
from ibis import _

from kpilab.core.table import EventLog, Table
from kpilab.core.values import Where
from kpilab.engine.column import own
from kpilab.engine.door.labels import label
from kpilab.engine.metrics import segment
from kpilab.engine.run import collect, collect_one

if TYPE_CHECKING:
    import ibis.expr.types as ir

Role = TypeVar("Role", bound=Table)
Values = Mapping[str, tuple[str, ...]]


def together(least: int) -> str:
    """What stands for all groups of fewer than `least` people: «(<10)», in any language."""
    return f"(<{least})"


def small_groups(log: EventLog, least: int) -> dict[str, tuple[str, ...]]:
    """Dimension -> its values that fewer than `least` users of the log have, as text, in order."""
    found: dict[str, tuple[str, ...]] = {}
    for name in log.dimensions:
        rows = log.table.select(value=log.table[name].cast("string"), person=log.table[log.user])
        sizes = (
            rows.filter(rows.value.notnull()).group_by("value").agg(people=rows.person.nunique())
        )
        few = sizes.filter(cast("ir.IntegerColumn", sizes.people) < ibis.literal(least))
        frame = collect(few.order_by("value"), f"groups of {name!r}")
        if len(frame):
            found[name] = tuple(frame["value"].tolist())
    return found


def grouped(table: Role, small: Values, least: int) -> Role:
    """The table with these values of its dimensions put together; empty where a dimension is not
    text.

    No row is lost, so every total stays what it was.
    """
    rows, changed = table.table, {}
    for name, values in small.items():
        if name in table.dimensions_named:
            kind = rows[name].type()
            label = ibis.literal(together(least)) if kind.is_string() else ibis.null(kind)
            few = rows[name].cast("string").isin([ibis.literal(v) for v in values])
            changed[name] = few.ifelse(label, rows[name])
    return replace(table, table=rows.mutate(**changed)) if changed else table


def small_combinations(
    log: EventLog, names: Sequence[str], where: Where, least: int
) -> set[tuple[str, ...]]:
    """Combinations of values (as text, see `label`) that fewer than `least` users inside a segment
    have."""
    rows = segment(log, where)
    keys = {own(f"by{k}"): label(rows[name]) for k, name in enumerate(names)}
    sizes = (
        rows.select(person=rows[log.user], **keys)
        .group_by(list(keys))
        .agg(people=_.person.nunique())
    )
    few = sizes.filter(cast("ir.IntegerColumn", sizes.people) < ibis.literal(least)).select(*keys)
    frame = collect(few, f"groups of {' × '.join(names)}")
    return set(frame.itertuples(index=False, name=None))


def people(tables: Collection[Table], where: Where) -> int | None:
    """How many users the segment holds in the first log that knows its dimensions;
    None where none does."""
    for table in tables:
        named = {*where.values, *where.without}
        if isinstance(table, EventLog) and named <= set(table.dimensions):
            rows = segment(table, where)
            return int(
                collect_one(rows.agg(people=rows[table.user].nunique()), "people of a segment")[
                    "people"
                ]
            )
    return None
