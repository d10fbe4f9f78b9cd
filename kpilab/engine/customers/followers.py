"""What the days after a mark brought from those who bought in the days before it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd

from kpilab.engine.column import own
from kpilab.engine.customers.amounts import DAY, WHO, Amounts
from kpilab.engine.customers.windows import EPOCH, FAR, number
from kpilab.engine.dialect import engine_name
from kpilab.engine.run import collect

MARK, INTO, AMOUNT = own("mark"), own("into"), own("amount")


def followers(found: Amounts, at: date, before: int, after: int) -> pd.Series:
    """The amount of the days after each mark, from those who bought in the days before it; 0 is the
    mark asked about, the others lie the longer of the two stretches apart. Nobody's rows are none
    of theirs.

    Args:
        at: the first day after the mark. before, after: how many days.
    """
    step = max(before, after)
    rows: Any = found.until(at + timedelta(days=after - 1)).rows
    past = number(rows[DAY], engine_name(rows)) - (at - EPOCH).days + FAR * step
    rows = rows.mutate(**{MARK: past // step - FAR, INTO: past % step})
    bought = rows.filter(rows[INTO] >= step - before, rows[WHO].notnull())
    bought = bought.select(WHO, **{MARK: bought[MARK] + 1}).distinct()
    late = Amounts(rows.filter(rows[INTO] < after), found.metric, found.by)
    late = late.of([WHO, MARK], {AMOUNT: None})
    both: Any = late.join(bought, [WHO, MARK])
    grouped = both.group_by(MARK).agg(**{AMOUNT: both[AMOUNT].cast("float64").sum()})
    return collect(grouped, "pull_forward").set_index(MARK)[AMOUNT]
