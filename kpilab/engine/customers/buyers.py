"""How often and how lately customers bought: customers alike counted together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import ibis

from kpilab.core.table import Table
from kpilab.engine.column import own
from kpilab.engine.customers.windows import number
from kpilab.engine.days import day_of
from kpilab.engine.dialect import engine_name
from kpilab.engine.door.labels import label
from kpilab.engine.run import collect, collect_one
from kpilab.errors import unknown

if TYPE_CHECKING:
    import pandas as pd

WHO, DAY = own("who"), own("day")
MOST = 100_000  # customers, above whom ages are counted in weeks


def buyers(table: Table, customer: str, until: date, by: Sequence[str]) -> pd.DataFrame:
    """One row per kind of customer and segment: `x` (days with a purchase after the first one),
    `last` and `age` (weeks from the first to the last one, and to the end), `n` customers.

    A customer has the segment of the first purchase.

    Raises:
        BadInput: a column that is not there.
    """
    for column in (customer, *by):
        if column not in table.table.columns:
            raise unknown("column", column, table.table.columns, f"table {table.name!r}")
    rows: Any = table.table
    day = day_of(rows, table.roles()["time"])
    names = {own(f"by{k}"): d for k, d in enumerate(by)}
    rows = rows.mutate(
        **{WHO: rows[customer], DAY: day}, **{c: label(rows[d]) for c, d in names.items()}
    )
    rows = rows.filter(rows[WHO].notnull(), rows[DAY].notnull(), rows[DAY] <= ibis.literal(until))
    engine = engine_name(rows)
    each = rows.group_by([WHO, DAY]).agg(**{c: rows[c].min() for c in names})
    first = each[DAY] == each[DAY].min().over(group_by=WHO)
    each = each.mutate(**{c: first.ifelse(each[c], ibis.null("string")) for c in names})
    each = each.group_by(WHO).agg(
        x=each.count() - 1, first=each[DAY].min(), end=each[DAY].max(),
        **{c: each[c].max() for c in names},
    ).cache()  # fmt: skip
    count = collect_one(each.agg(n=each.count()), "lifetime")["n"]
    step = 1 if count <= MOST else 7
    begin, end = number(each["first"], engine), number(each["end"], engine)
    over = number(ibis.literal(until), engine)
    kinds = each.mutate(last=(end - begin) // step * step, age=(over - begin) // step * step)
    kinds = kinds.group_by(["x", "last", "age", *names]).agg(n=kinds.count())
    found = collect(kinds, "lifetime").rename(columns=names)
    return found.assign(last=found["last"] / 7.0, age=found["age"] / 7.0)
