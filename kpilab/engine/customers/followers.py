"""What a window brought, from those who bought in the one before it and from the others."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kpilab.engine.column import own
from kpilab.engine.customers.amounts import DAY, WHO, Amounts
from kpilab.engine.customers.windows import Windows
from kpilab.engine.dialect import engine_name
from kpilab.engine.run import collect

WINDOW, AMOUNT = own("window"), own("amount")


def followers(found: Amounts, windows: Windows) -> pd.DataFrame:
    """One row per full window (0: the last) and kind of customer: `early` (with an amount in the
    window before), `amount`; nobody's rows are none of the early."""
    until = found.until(windows.current.last)
    rows: Any = until.rows
    rows = rows.mutate(**{WINDOW: windows.window(rows[DAY], engine_name(rows))})
    rows = rows.filter(rows[WINDOW] >= windows.back_to(found.span[0]))
    # Joined to itself: what it takes to make it is written and done once.
    panel: Any = Amounts(rows, found.metric, found.by).of([WHO, WINDOW], {AMOUNT: None}).cache()
    before = panel.view()
    same = [panel[WHO] == before[WHO], panel[WINDOW] == before[WINDOW] + 1]
    both = panel.left_join(before, same).select(
        panel[WINDOW], panel[AMOUNT], early=before[AMOUNT].notnull()
    )
    grouped = both.group_by([WINDOW, "early"]).agg(amount=both[AMOUNT].cast("float64").sum())
    return collect(grouped, "pull_forward").rename(columns={WINDOW: "window"})
