"""Cells without a value under a sum: an engine leaves them out without a word,
so they are counted here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kpilab.core.table import EventLog, Table
from kpilab.core.values import EVERYWHERE, Message, Period, Where
from kpilab.engine.column import marked
from kpilab.engine.expression import over_missing
from kpilab.engine.metrics import Cut, measure

if TYPE_CHECKING:
    from kpilab.core.case import Metric


def holes(
    table: Table, metric: Metric, period: Period, where: Where = EVERYWHERE
) -> tuple[Message, ...]:
    """How many rows a metric's sums and means leave out because a value is missing; nothing where
    none.

    In a log of events only those events count that carry the value at all: a visit has no amount.
    """
    asked = [
        pair
        for text in (metric.measure, metric.numerator, metric.denominator)
        if (pair := over_missing(text))
    ]
    rows = sum(_counted(table, metric, pair, period, where) for pair in asked)
    return (Message("door.left_out", {"rows": rows}),) if rows else ()


def _counted(
    table: Table, metric: Metric, pair: tuple[str, str], period: Period, where: Where
) -> int:
    by = (table.event,) if isinstance(table, EventLog) else ()
    names = ("without", "with")
    counts = [
        replace(metric, name=n, measure=m, numerator=None, denominator=None, per=None)
        for n, m in zip(names, pair, strict=True)
    ]
    found = measure(table, counts, {"all": period}, Cut(None, by, where))
    if by:
        found = found[(found["with"] > 0) & found[marked(by[0])].notna()]
    return int(found["without"].sum())
