"""What customers who met something did before and after it, beside others as active at the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import numpy as np

from kpilab.engine.column import own
from kpilab.engine.customers.amounts import DAY, WHO, Amounts
from kpilab.engine.customers.windows import EPOCH, month_of, number
from kpilab.engine.dialect import engine_name
from kpilab.engine.run import as_count, as_sum, collect_one

MET, AT, SUM, FIRST, MONTH = own("met"), own("at"), own("sum"), own("first"), own("month")
BACK = 3  # stretches before, of which one is matched on and the others are placebos
VIEWS = ("amount", "again")


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """Attributes:
    met, others: orders at which it was met, and those compared with; matched: of the former.
    actual, expected: per customer who met it, and of the comparable.
    effect, error: their difference, and its standard error over customers; NaN where none are.
    """

    met: int
    matched: int
    others: int
    actual: float
    expected: float
    effect: float
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class Exposed:
    """Orders with what came before and after each, on the engine.

    Attributes:
        orders: one row per customer and day up to the first on which it was met; `MET`, `MONTH`,
            `a0` (amount in the days after), `a1` … (in the stretches of as many days before), `c1`
            … (orders in them), and the dimension as `strata`.
        days: of a stretch. first, last: days of the rows.
    """

    orders: Any
    days: int
    first: date
    last: date


def exposed(found: Amounts, met: str, days: int, strata: str | None) -> Exposed:
    """Every order up to the first one at which a customer met it.

    Args:
        found: rows with the column `met`, true (or a number above zero) where it was met.
    """
    rows: Any = found.rows
    flag = rows[met] if rows[met].type().is_boolean() else rows[met].cast("float64") > 0
    rows = rows.filter(rows[WHO].notnull() & rows[met].notnull())
    rows = rows.mutate(**{MET: flag.cast("int64")})
    first, last = found.span
    panel: Any = Amounts(rows, found.metric, found.by).of([WHO, DAY], {SUM: None})
    marks = rows.group_by([WHO, DAY]).agg(
        **{MET: rows[MET].max()},
        strata=rows[found.by[strata]].min() if strata else ibis.literal(""),
    )
    same = [panel[WHO] == marks[WHO], panel[DAY] == marks[DAY]]
    orders = panel.join(marks, same).select(panel, marks[MET], marks.strata)
    orders = orders.filter(orders[SUM] > 0)
    at = number(orders[DAY], engine_name(orders))
    amount, month = orders[SUM].cast("float64"), month_of(orders[DAY])
    orders = orders.mutate(**{AT: at, SUM: amount, MONTH: month})
    when = (orders[MET] > 0).ifelse(orders[AT], ibis.null("int64"))
    orders = orders.mutate(**{FIRST: when})
    orders = orders.mutate(**{FIRST: orders[FIRST].min().over(group_by=WHO)}).cache()
    other = orders.select(WHO, AT, SUM).view()
    pairs = orders.join(other, orders[WHO] == other[WHO]).select(
        orders[WHO], orders[AT], orders[MET], orders[MONTH], orders[FIRST], orders.strata,
        gap=other[AT] - orders[AT], other=other[SUM],
    )  # fmt: skip
    pairs = pairs.filter((pairs[FIRST].isnull() | (pairs[AT] <= pairs[FIRST])).fill_null(False))
    parts = {"a0": _within(pairs, 1, days, pairs.other)}
    for k in range(1, BACK + 2):
        low, high = -k * days, -(k - 1) * days - 1
        parts[f"a{k}"] = _within(pairs, low, high, pairs.other)
        parts[f"c{k}"] = _within(pairs, low, high, ibis.literal(1.0))
    keys = [WHO, AT, MET, MONTH, "strata"]
    return Exposed(pairs.group_by(keys).agg(**parts).cache(), days, first, last)


def _within(pairs: Any, low: int, high: int, value: Any) -> Any:
    return pairs.gap.between(low, high).ifelse(value, 0.0).sum()


def contrast(found: Exposed, back: int, view: str) -> Contrast:
    """Those who met it against others of the same month, dimension and as many orders in the two
    stretches before: in the days after (0), or in a stretch before, where nothing had happened."""
    rows, days = found.orders, found.days
    begin = (found.first - EPOCH).days + (back + 1) * days
    end = (found.last - EPOCH).days - days
    rows = rows.filter((rows[AT] >= begin) & (rows[AT] <= end))
    one: Any = ibis.least(rows[f"c{back + 1}"], 3.0)
    two: Any = ibis.least(rows[f"c{back + 2}"], 2.0) if back + 2 <= BACK + 1 else ibis.literal(0.0)
    y = rows[f"a{back}"]
    y = y if view == "amount" else (y > 0).ifelse(1.0, 0.0)
    rows = rows.mutate(one=one, two=two, y=y, t=rows[MET].cast("float64"))
    keys = [MONTH, "strata", "one", "two"]
    sums = rows.group_by(keys).agg(
        n1=rows.t.sum(), n0=(1 - rows.t).sum(), y1=(rows.t * rows.y).sum(),
        y0=((1 - rows.t) * rows.y).sum(),
    )  # fmt: skip
    sums = sums.mutate(both=(sums.n1 > 0) & (sums.n0 > 1)).cache()
    used = sums.filter(sums.both)
    expected = used.n1 * used.y0 / used.n0
    row = collect_one(
        used.agg(n1=used.n1.sum(), n0=used.n0.sum(), y1=used.y1.sum(), e=expected.sum()),
        "service_effect",
    )
    every = collect_one(sums.agg(n=sums.n1.sum()), "service_effect")["n"]
    n1 = as_sum(row["n1"])
    if not n1:
        return Contrast(as_count(every), 0, 0, *[float("nan")] * 4)
    y1, e = as_sum(row["y1"]), as_sum(row["e"])
    effect = (y1 - e) / n1
    same = [rows[k] == used[k] for k in keys]
    each = rows.join(used, same)
    each = each.select(rows[WHO], rows.t, rows.y, used.n1, used.n0, used.y0)
    # A single one who met it is as far from the effect on all as it is seen to be; few others vary
    # more than around their own mean.
    beyond = each.y - each.y0 / each.n0
    others = (each.n1 / each.n0) * (each.n0 / (each.n0 - 1)).sqrt() * beyond
    per = each.group_by(WHO).agg(e=(each.t * (beyond - effect) - (1 - each.t) * others).sum())
    spread = as_sum(collect_one(per.agg(v=(per.e * per.e).sum()), "service_effect")["v"])
    error = float(np.sqrt(spread)) / n1 if spread > 0 else float("nan")
    return Contrast(
        as_count(every), int(n1), as_count(row["n0"]), y1 / n1, e / n1, effect, error
    )  # fmt: skip
