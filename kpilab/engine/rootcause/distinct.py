"""Distinct: how many different values a column has, as an amount that adds up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from kpilab.engine.column import own
from kpilab.engine.days import day_of, inside
from kpilab.engine.door.labels import label
from kpilab.engine.run import as_count, collect_one
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from kpilab.core.table import Facts
    from kpilab.core.values import Period, Where


@dataclass(frozen=True, slots=True)
class Distinct:
    """A measure: how many different values a column has (active users, orders).

    Each is counted once in a period, and shared evenly among the combinations of dimensions in
    which it was seen: places then add up to the whole. A missing value is none.
    """

    column: str

    def __str__(self) -> str:
        return self.column


def shared(
    facts: Facts, measure: Distinct, names: tuple[str, ...], periods: tuple[Period, Period] | None
) -> Facts:
    """One row per period, value and combination; the column holds the value's share in it."""
    if periods is None or periods[0].days != periods[1].days:
        raise BadInput(
            f"different values of {measure.column!r} do not add up over days",
            "localise(measure=Distinct(…), periods=)",
            "give two periods of the same length",
        )
    if measure.column in names:
        raise BadInput(
            f"{measure.column!r} is counted and searched",
            "localise(measure=Distinct(…), dimensions=)",
            "leave the column that is counted out of the dimensions",
        )
    table: Any = facts.table
    day: Any = day_of(table, facts.time)
    before, now = (inside(day, period) for period in periods)
    first = now.ifelse(ibis.literal(periods[1].first), ibis.literal(periods[0].first))
    rows = table.filter(before | now, table[measure.column].notnull())
    rows = rows.select(*names, measure.column, **{facts.time: first}).distinct()
    share = 1.0 / _.count().over(ibis.window(group_by=[measure.column, facts.time]))
    return replace(facts, table=rows.select(*names, facts.time, **{measure.column: share}))


def counted_in(
    facts: Facts, measure: Distinct, places: Sequence[Where], periods: tuple[Period, Period]
) -> list[tuple[int, int]]:
    """How many different values each place has by itself in both periods; (0, 0) also where a place
    is told in other words than the table's (a band, the values put together as "(other)")."""
    if not places:
        return []
    table: Any = facts.table
    day: Any = day_of(table, facts.time)
    counted = {
        own(f"n{k}_{side}"): table[measure.column].nunique(
            where=_met(table, where) & inside(day, period)
        )
        for k, where in enumerate(places)
        for side, period in enumerate(periods)
    }
    found = collect_one(table.agg(**counted), "different values by place")
    return [
        (as_count(found[own(f"n{k}_0")]), as_count(found[own(f"n{k}_1")]))
        for k in range(len(places))
    ]


def _met(table: Any, where: Where) -> Any:
    """Whether a row lies in a place, by the texts of its values."""
    met = _all_of(table, where.values)
    return met & ~_all_of(table, where.without) if where.without else met


def _all_of(table: Any, values: Mapping[str, tuple[object, ...]]) -> Any:
    parts = [label(table[d]).isin(list(_texts(held))) for d, held in values.items()]
    return reduce(and_, parts, ibis.literal(True))


def _texts(values: tuple[object, ...]) -> Iterator[str]:
    """Those of the values, taken out of values that are told as one."""
    for value in values:
        yield from _texts(value) if isinstance(value, tuple) else (str(value),)
