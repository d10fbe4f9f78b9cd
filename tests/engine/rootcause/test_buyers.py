"""The customers behind an amount: who is billed by the month is told by the rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import kpilab
from kpilab.engine.rootcause.buyers import buyers


@pytest.mark.parametrize(
    ("company", "amount", "billed"),
    [("c963af4d6", "mrr", (3, 3)), ("ce090b64f", None, None), ("cc15d50bc", None, None)],
)
def test_invoices_of_every_month_are_contracts_and_orders_are_not(
    shared: Path, company, amount, billed
):
    case = kpilab.open_case(shared / "companies" / company)
    found = buyers(case)
    if case.customer is None:
        assert found is None
        return
    assert found is not None
    assert found.amount == (amount or case.customer.amount)
    assert found.billed == billed


def test_without_customers_or_their_amount_there_are_none(shared: Path):
    case = kpilab.open_case(shared / "companies" / "c963af4d6")
    assert buyers(replace(case, customer=None)) is None
    assert buyers(case, {"mrr"}) is None
