"""When the customers of each window ordered for the first time, and when again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import pandas as pd

from kpilab.core.values import Where
from kpilab.engine.column import own
from kpilab.engine.customers.amounts import DAY, WHO
from kpilab.engine.customers.history import (
    AMOUNT,
    BIN,
    BINS,
    SINCE,
    STEP,
    WINDOW,
    History,
    in_words,
)
from kpilab.engine.customers.windows import EPOCH, number
from kpilab.engine.dialect import engine_name
from kpilab.engine.run import collect

FIRST, SEEN, WAIT = own("first"), own("seen"), own("wait")


@dataclass(frozen=True, slots=True, eq=False)
class Repeats:
    """One row per new customer, on the engine.

    Attributes:
        each: columns `WHO`, `WINDOW` (of the first order), `SEEN` (days followed), `WAIT` (days to
            the second order; missing: none in them), and the dimensions.
        past: the history they are of.
    """

    each: Any
    past: History


def repeats(past: History, within: int) -> Repeats:
    """The new customers of each window, each followed as long as the customers who came as late in
    the current period are: to the last day seen, and `within` days at most.

    An order is a day with an amount above zero.
    """
    engine, windows = engine_name(past.days), past.windows
    days = past.days.filter(past.days[AMOUNT] > 0).select(WHO, DAY)
    turn = ibis.row_number().over(group_by=WHO, order_by=DAY)
    days = days.mutate(**{STEP: turn})
    orders = days.filter(days[STEP] < 2)
    each = orders.group_by(WHO).agg(**{FIRST: orders[DAY].min(), "later": orders[DAY].max()})
    people = past.people
    each = each.join(people, each[WHO] == people[WHO]).select(each, SINCE, *past.by.values())
    each = each.mutate(**{WINDOW: windows.window(each[FIRST], engine)})
    since = windows.window(each[SINCE], engine)
    # Who was a customer before the rows begin may have ordered before them.
    here = (each[WINDOW] <= 0) & (each[WINDOW] >= past.first) & (since >= past.first)
    here &= (each[WINDOW] > past.first) | ibis.literal(past.dated)
    each = each.filter(here.fill_null(False))
    begun = number(each[FIRST], engine)
    seen = ibis.least(_end(each[WINDOW], past) - begun, within)
    each = each.mutate(**{SEEN: seen.cast("int64"), WAIT: number(each["later"], engine) - begun})
    again = (each[WAIT] > 0) & (each[WAIT] <= each[SEEN])
    wait = again.ifelse(each[WAIT], ibis.null("int64"))
    return Repeats(each.select(WHO, WINDOW, SEEN, *past.by.values(), **{WAIT: wait}).cache(), past)


def _end(window: Any, past: History) -> Any:
    """The last day, as a number, on which a customer of a window is followed."""
    windows, last = past.windows, past.seen.last
    ends = {k: _number(windows.period(k).last) for k in range(past.first, 1)}
    after = _number(last) - ends[0]
    if not windows.months:
        return window * windows.current.days + _number(last)
    return ibis.cases(*[(window == k, end + after) for k, end in ends.items()])


def _number(day: date) -> int:
    return (day - EPOCH).days


def ordered(found: Repeats, within: int) -> pd.DataFrame:
    """One row per window, segment and time followed; columns `bin`, `n` (new customers), `again`
    (of them, who ordered on a second day)."""
    each = found.each.mutate(**{BIN: found.each[SEEN] * BINS // (within + 1)})
    grouped = each.group_by([WINDOW, BIN, *found.past.by.values()]).agg(
        n=each.count(), again=each[WAIT].count()
    )
    return in_words(collect(grouped, "repeat"), found.past)


def waits(found: Repeats, where: Where) -> pd.DataFrame:
    """How long the new customers of a segment waited; one row per `now` (of the current period, or
    of those before it) and `day`: `again` (ordered on it), `ended` (last seen on it)."""
    each = found.each
    for dimension, values in where.values.items():
        each = each.filter(each[found.past.by[dimension]].isin(list(values)))
    again = each[WAIT].notnull()
    each = each.mutate(now=each[WINDOW] == 0, day=each[WAIT].fill_null(each[SEEN]))
    grouped = each.group_by(["now", "day"]).agg(
        again=again.cast("int64").sum(), ended=(~again).cast("int64").sum()
    )
    return collect(grouped, "repeat")
