"""Contracts: an amount that customers are billed once a month has months, and no days."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from kpilab.core.values import Period
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.growth import by_contract
from kpilab.engine.customers.windows import Windows
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from kpilab.core.case import Case, Metric
    from kpilab.engine.rootcause.cells import Cells

SEEN = 365  # days before the end of the current period whose months tell whether there is a rhythm


def months_billed(case: Case, cells: Cells, metric: Metric) -> tuple[int, int] | None:
    """Months of the baseline and of the current period, where both are whole ones and the metric is
    the amount of customers who have one in (nearly) every month; else None."""
    customer = case.customer
    months = Windows.of(case.baseline).months, Windows.of(case.current).months
    if customer is None or customer.amount != metric.name or not all(months):
        return None
    table = cells.tables[metric.table]
    if customer.column not in table.table.columns:
        return None
    first = min(case.baseline.first, date.fromordinal(case.current.last.toordinal() - SEEN))
    try:
        found = amounts(table, metric, customer.column)
    except BadInput:
        return None
    billed = by_contract(found, Period(first, case.current.last), customer.contract)
    return months if billed else None
