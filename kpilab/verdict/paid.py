"""Whether customers who stayed buy less, or pay less for as much."""

from __future__ import annotations

from math import log

import pandas as pd

from kpilab.core.case import Case, Metric
from kpilab.core.values import Message, Where
from kpilab.engine.daily import Measured
from kpilab.engine.expression import quoted
from kpilab.engine.metrics import PERIOD, Cut, measure
from kpilab.questions.customers import quantities
from kpilab.verdict.tuned import MOST_OF_IT


def less_for_as_much(
    case: Case, asked: Measured, where: Where, spent: float, said: Message
) -> Message | None:
    """The sentence that adds what they pay for each, where this makes most of what they spend less;
    None where they buy less, or nothing says how much they buy.

    What is paid for each is the amount over what is bought, against the customers elsewhere. Of
    several quantities each must say so: one that does not grow with what is bought (freight) would
    always.

    Args:
        asked: the amount and its rows. where: the segment. spent: what those who stayed spend, as
            part of what was to be expected, > 0. said: the sentence that says it.
    """
    counted = _counted(case, asked)
    if not counted or spent <= 0 or spent == 1:
        return None
    inside = _sums(case, asked, counted, where)
    rest = _sums(case, asked, counted, Where({})) - inside if where else None
    told = []
    for quantity in counted:
        here = _each(inside, asked.metric.name, quantity.name)
        there = 1.0 if rest is None else _each(rest, asked.metric.name, quantity.name)
        if here is None or there is None or log(here / there) / log(spent) < MOST_OF_IT:
            return None
        told.append((here, there, quantity.name))
    here, there, name = told[0]
    values = {"said": said, "quantity": name, "now": here, "rest": there if where else None}
    return Message("churn.paid", values)


def _counted(case: Case, asked: Measured) -> list[Metric]:
    """What the rows hold so many of: whole numbers that a metric adds up."""
    known = asked.table.table.schema()
    return [
        Metric(column, asked.metric.table, measure=f"sum({quoted(column)})")
        for column in quantities(case)
        if known[column].is_integer()
    ]


def _sums(case: Case, asked: Measured, counted: list[Metric], where: Where) -> pd.DataFrame:
    """Amount and quantities in a place, one row per period."""
    metrics = [asked.metric, *counted]
    periods = {"baseline": case.baseline, "current": case.current}
    found = measure(asked.table, metrics, periods, Cut(where=where))
    return found.set_index(PERIOD)[[m.name for m in metrics]].astype(float)


def _each(sums: pd.DataFrame, amount: str, quantity: str) -> float | None:
    """What each costs now as part of what it did; None where it costs nothing."""
    ends = [sums[c].get(p, 0.0) for c in (amount, quantity) for p in ("baseline", "current")]
    if min(ends) <= 0:
        return None
    before, now, many, fewer = ends
    return float((now / fewer) / (before / many))
