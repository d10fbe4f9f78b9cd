"""The customers behind an amount: what those of both periods did, and whether they are billed by
the month."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from kpilab.core.values import Period
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.growth import by_contract
from kpilab.engine.customers.movements import Movements, movements
from kpilab.engine.customers.windows import Windows
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from kpilab.core.case import Case

SEEN = 365  # days before the end of the current period whose months tell whether there is a rhythm


@dataclass(frozen=True, slots=True)
class Buyers:
    """Attributes:
    amount: the metric that is the sum over them.
    moved: what they did between the periods.
    billed: months of the baseline and of the current period, where both are whole ones and
        customers have an amount in (nearly) every month; else None: an amount that is billed once a
        month has months, and no days.
    """

    amount: str
    moved: Movements
    billed: tuple[int, int] | None


def buyers(case: Case, refused: Collection[str] = ()) -> Buyers | None:
    """The customers of a case; None where it names none, or its amount does not add up over
    them.

    Args:
        refused: metrics that the engine cannot measure.
    """
    customer = case.customer
    metric = case.metrics.get(customer.amount) if customer else None
    if customer is None or metric is None or metric.name in refused:
        return None
    table = case.tables[metric.table]
    if customer.column not in table.table.columns:
        return None
    try:
        moved = movements(table, metric, customer.column, case.baseline, case.current)
        found = amounts(table, metric, customer.column)
    except BadInput:
        return None
    months = Windows.of(case.baseline).months, Windows.of(case.current).months
    if not all(months):
        return Buyers(metric.name, moved, None)
    first = min(case.baseline.first, date.fromordinal(case.current.last.toordinal() - SEEN))
    billed = by_contract(found, Period(first, case.current.last), customer.contract)
    return Buyers(metric.name, moved, months if billed else None)
