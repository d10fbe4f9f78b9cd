"""Clustered: how sure is the change of a place when users, not rows, are what was drawn?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations_with_replacement
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar

import ibis
import numpy as np
import pandas as pd
from ibis import _, literal

from kpilab.core.result import Result
from kpilab.core.table import Facts
from kpilab.core.values import Effect, Message, Where, fraction
from kpilab.engine.column import own
from kpilab.engine.days import day_of, inside
from kpilab.engine.door.labels import meets
from kpilab.engine.run import collect_one
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.stats.tail import critical

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period
    from kpilab.engine.door.tables import Tabular

COLUMNS = ["where", "expected", "actual", "contribution", "low", "high", "users"]
LEFT = own("left")


@dataclass(frozen=True, slots=True, eq=False)
class UserIntervalsResult(Result):
    """Answer of `user_intervals`.

    Attributes:
        table: one row per place, in the order asked; columns `where` (Where), `expected` (the
            baseline scaled to the current period's length; for a rate the numerator at the
            baseline's rate), `actual`, `contribution` (actual − expected), `low`, `high` (its
            interval over users), `users` (with rows in either period).
        level: confidence level of the intervals.
    """

    level: float
    kind: ClassVar[str] = "clustered"

    @property
    def headline(self) -> Message:
        row = self.table.iloc[int(self.table["contribution"].abs().to_numpy().argmax())]
        values = {
            "where": row["where"],
            "contribution": float(row["contribution"]),
            "users": int(row["users"]),
        }
        interval = Effect(float(row["contribution"]), float(row["low"]), float(row["high"]))
        return Message("clustered.largest", values | {"interval": interval})


@keywords("user_intervals")
def user_intervals(
    facts: Facts | Tabular,
    places: Sequence[Where],
    *,
    user: str,
    measure: str | None = None,
    numerator: str | None = None,
    denominator: str | None = None,
    periods: tuple[Period, Period],
    level: float = 0.95,
) -> UserIntervalsResult:
    """Give the change of each place an interval that counts users: rows of one user move together.

    All places come from one pass: sums per user and place, then sums of their products. The
    interval is that of a bootstrap of users in its limit (the delta method over users); a user may
    have rows in both periods.

    Args:
        facts: facts with a time column, one row per action or finer than the user.
        places: segments to look at, such as `localise(...).places`; `Where()` is everything.
        user: column of the user.
        measure: column that adds up; or
        numerator, denominator: columns of a rate.
        periods: baseline and current.
        level: confidence level.

    Returns:
        UserIntervalsResult with one row per place.

    Raises:
        BadInput: unknown columns, no place, or neither or both of measure and rate.

    References: Deng, Knoblich, Lu (2018), Applying the delta method in metric analytics.
    """
    fraction(level, "user_intervals(level=)")
    facts = Facts.of(facts)
    if (measure is None) == (numerator is None or denominator is None) or not places:
        raise BadInput(
            (
                f"{len(places)} places, measure {measure!r}, numerator {numerator!r}, denominator "
                f"{denominator!r}"
            ),
            "user_intervals(places, measure=, numerator=, denominator=)",
            "give at least one place, and either a measure or a numerator and a denominator",
        )
    columns = [measure] if measure is not None else [str(numerator), str(denominator)]
    for column in (user, *columns, *(d for p in places for d in (*p.values, *p.without))):
        if column not in facts.table.columns:
            raise unknown("column", column, facts.table.columns, f"table {facts.name!r}")
    sums = collect_one(_moments(facts, places, user, columns, periods), "user_intervals")
    ratio = periods[1].days / periods[0].days
    rows = [_row(place, k, sums, 2 * len(columns), ratio, level) for k, place in enumerate(places)]
    left = 0 if pd.isna(sums[LEFT]) else int(sums[LEFT])
    notes = (Message("door.left_out", {"rows": left}),) if left else ()
    return UserIntervalsResult(pd.DataFrame(rows, columns=COLUMNS), level, notes=notes)


def _moments(
    data: Facts,
    places: Sequence[Where],
    user: str,
    columns: list[str],
    periods: tuple[Period, Period],
) -> ir.Table:
    """One row: per place the sums over users of each column in each period, and of their
    products; and how many rows are left out, as a value is missing."""
    table, day, nothing = data.table, day_of(data.table, data.time), literal(0.0)
    known: Any = ibis.and_(*[table[c].notnull() for c in columns])
    here: list[Any] = [inside(day, p) for p in periods]
    values = [
        (known & at).ifelse(table[c].cast("float64"), nothing) for c in columns for at in here
    ]
    rows = {LEFT: (~known & (here[0] | here[1])).ifelse(1.0, 0.0)}
    for k, place in enumerate(places):
        hit = meets(table, place)
        rows |= {
            f"s{k}_{i}": v if hit is None else hit.ifelse(v, nothing) for i, v in enumerate(values)
        }
    each = (
        table.select(user=table[user], **rows)
        .group_by("user")
        .agg(**{name: _[name].sum() for name in rows})
    )
    moments = {name: _[name].sum() for name in rows}
    for k in range(len(places)):
        mine = [f"s{k}_{i}" for i in range(len(values))]
        pairs = combinations_with_replacement(range(len(mine)), 2)
        moments |= {f"p{k}_{i}_{j}": (_[mine[i]] * _[mine[j]]).sum() for i, j in pairs}
        moments[f"n{k}"] = reduce(or_, [_[name] != 0 for name in mine]).sum()
    return each.agg([moment.name(name) for name, moment in moments.items()])


def _row(
    place: Where, k: int, sums: dict[str, float], size: int, ratio: float, level: float
) -> dict[str, object]:
    total = np.array([sums[f"s{k}_{i}"] or 0.0 for i in range(size)], dtype=float)
    products = np.zeros((size, size))
    for i, j in combinations_with_replacement(range(size), 2):
        products[i, j] = products[j, i] = sums[f"p{k}_{i}_{j}"] or 0.0
    expected, slope = total[0] * ratio, np.array([-ratio, 1.0])
    if size == 4:
        n0, d0, d1 = total[0], total[2] or np.nan, total[3]
        expected, slope = n0 / d0 * d1, np.array([-d1 / d0, 1.0, n0 * d1 / d0**2, -n0 / d0])
    half = critical(level) * float(np.sqrt(max(slope @ products @ slope, 0.0)))
    gap = float(total[1] - expected)
    named = {
        "where": place,
        "expected": float(expected),
        "actual": float(total[1]),
        "contribution": gap,
    }
    return named | {"low": gap - half, "high": gap + half, "users": int(sums[f"n{k}"] or 0)}
