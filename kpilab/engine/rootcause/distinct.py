"""Distinct: how many different values a column has, as an amount that adds up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from kpilab.engine.days import day_of, inside
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from kpilab.core.table import Facts
    from kpilab.core.values import Period


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
