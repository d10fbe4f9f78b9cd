"""What the same customers took from one value of a dimension and gave to another."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kpilab.core.values import Period
from kpilab.engine.column import own
from kpilab.engine.customers.amounts import DAY, WHO, Amounts
from kpilab.engine.customers.windows import Windows
from kpilab.engine.dialect import engine_name
from kpilab.engine.run import collect

AMOUNT, WINDOW, LESS, MORE = own("amount"), own("window"), own("less"), own("more")


def shifts(found: Amounts, current: Period, dimension: str) -> pd.DataFrame:
    """One row per window and pair of values: `moved` (what customers with an amount in the window
    and the one before it spent less in `source` and more in `target`: the smaller of the two),
    `mm` (its square), `customers` (who did), and `base` (what customers of both windows spent in
    `source` before).
    """
    windows, by = Windows.of(current), found.by[dimension]
    until = found.until(current.last)
    first = windows.back_to(found.span[0])
    rows: Any = until.rows.filter(until.rows[WHO].notnull())
    rows = rows.mutate(**{WINDOW: windows.window(rows[DAY], engine_name(rows))})
    rows = rows.filter(rows[WINDOW] >= first)
    panel: Any = Amounts(rows, found.metric, found.by).of([WHO, WINDOW, by], {AMOUNT: None})
    panel = panel.mutate(**{AMOUNT: panel[AMOUNT].cast("float64")}).cache()
    now = panel.select(WHO, WINDOW, by, b=panel[AMOUNT], a=panel[AMOUNT] * 0)
    before = panel.select(
        WHO, **{WINDOW: panel[WINDOW] + 1}, **{by: panel[by]}, b=panel[AMOUNT] * 0, a=panel[AMOUNT]
    )
    each: Any = now.union(before)
    each = each.filter((each[WINDOW] <= 0) & (each[WINDOW] > first))
    each = each.group_by([WHO, WINDOW, by]).agg(a=each.a.sum(), b=each.b.sum())
    both = each.group_by([WHO, WINDOW]).agg(was=each.a.sum(), now=each.b.sum())
    both = both.filter((both.was > 0) & (both.now > 0)).select(WHO, WINDOW)
    each = each.semi_join(both, [WHO, WINDOW]).cache()
    lost = each.filter(each.a > each.b)
    lost = lost.select(WHO, WINDOW, source=lost[by], less=lost.a - lost.b)
    won = each.filter(each.b > each.a)
    won = won.select(WHO, WINDOW, target=won[by], more=won.b - won.a)
    won = won.mutate(all=won.more.sum().over(group_by=[WHO, WINDOW]))
    lost = lost.mutate(all_less=lost.less.sum().over(group_by=[WHO, WINDOW]))
    pairs: Any = lost.join(won, [WHO, WINDOW])
    # The smaller of all lost and all won, by the shares of both.
    total = (pairs["all"] < pairs.all_less).ifelse(pairs["all"], pairs.all_less)
    pairs = pairs.mutate(moved=total * (pairs.less / pairs.all_less) * (pairs.more / pairs["all"]))
    grouped = pairs.group_by([WINDOW, "source", "target"]).agg(
        moved=pairs.moved.sum(), mm=(pairs.moved * pairs.moved).sum(), customers=pairs.count()
    )
    base = each.group_by([WINDOW, by]).agg(base=each.a.sum(), now=each.b.sum())
    told = collect(grouped, "channel_shift").rename(columns={WINDOW: "window"})
    beside = collect(base, "channel_shift").rename(columns={WINDOW: "window", by: "source"})
    return beside.merge(told, on=["window", "source"], how="left")
