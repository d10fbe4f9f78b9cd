"""Columns and metrics of a case that suit a question about customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from kpilab.core.case import Change, Customer, Metric
from kpilab.core.table import Entities, Facts
from kpilab.engine.customers.baskets import Lines
from kpilab.questions import customers


def test_a_case_without_customers_lets_nothing_be_asked(asked):
    assert customers.rows(asked) is None
    assert customers.segments(asked) == customers.ways(asked) == customers.keys(asked) == ()
    assert customers.spends(asked) == {}
    assert customers.amount_column(asked) is None


def test_a_campaign_ends_as_the_current_period_begins_or_when_the_log_says(asked):
    start = asked.current.first
    plain = customers.peaks(replace(asked, changes=()))
    assert [p.days for p in plain] == [7, 14, 28]
    assert {(start - p.last).days for p in plain} == {1}
    near = Change(date=date.fromordinal(start.toordinal() - 5), text="sale ended")
    far = Change(date=date.fromordinal(start.toordinal() - 50), text="office moved")
    both = customers.peaks(replace(asked, changes=(near, far)))
    assert {(start - p.last).days for p in both} == {1, 5}


ROWS = pd.DataFrame({
    "day": pd.to_datetime(["2026-01-01"]), "stop": [3], "note": ["x"], "order_id": [1], "who": [1],
    "product": ["tea"], "cost": [4], "qty": [2.5], "gift": [True], "late": [False],
    "amount": [5.0], "listed": [6.0],
})  # fmt: skip
METRICS = {
    "revenue": {"measure": "sum(amount)"},
    "spent": {"measure": "sum(cost)"},
    "units": {"measure": "sum(qty)"},
    "discount": {"numerator": "sum(listed - amount)", "denominator": "sum(listed)"},
    "late": {"measure": "count(*) filter (where late)", "better": "down"},
}


@pytest.fixture
def sold(asked):
    """A case whose rows hold more than one column for each question."""
    people = Entities(pd.DataFrame({"who": [1], "region": ["a"]}), key="who", name="people",
                      dimensions=("region",))  # fmt: skip
    rows = Facts(ROWS.rename(columns={"who": "people.who"}), time="day", name="lines")
    ads = pd.DataFrame({"day": ROWS["day"], "region": ["a"], "visits": [3], "price": [2.0]})
    metrics = {n: Metric(n, "lines", **m) for n, m in METRICS.items()}
    metrics |= {n: Metric(n, "ads", measure=t)
                for n, t in (("visits", "sum(visits)"), ("ad_cost", "sum(price)"))}  # fmt: skip
    tables = {"people": people, "lines": rows,
              "ads": Facts(ads, time="day", name="ads", dimensions=("region",))}  # fmt: skip
    return replace(
        asked, tables=tables, metrics=metrics, customer=Customer("people", "who", "revenue")
    )


def test_columns_that_look_like_it_come_first(sold):
    assert customers.keys(sold)[0] == "order_id"
    assert customers.items(sold)[0] == "product"
    assert customers.pieces(sold) == customers.quantities(sold)[0] == "qty"
    assert customers.truths(sold) == ("late", "gift")
    assert customers.listed(sold) == "listed"
    assert customers.lines(sold) == Lines("order_id", "product", "qty")
    assert customers.spend(sold) == ("ad_cost", "region")


def test_money_is_no_quantity_and_visits_are_no_spend(sold):
    kept = {n: m for n, m in sold.metrics.items() if n not in ("units", "ad_cost", "discount")}
    bare = replace(sold, metrics=kept)
    assert customers.quantities(bare) == ("cost",)
    assert customers.pieces(bare) is customers.spend(bare) is customers.listed(bare) is None
