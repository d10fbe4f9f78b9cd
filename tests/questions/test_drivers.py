"""What goals are made of."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from kpilab.core.case import Case, Funnel, Goal, Metric
from kpilab.core.table import EventLog, Facts
from kpilab.core.tree import MetricTree
from kpilab.core.values import Period
from kpilab.questions.drivers import goal_drivers, mechanisms

DAY = Period(date(2026, 1, 1), date(2026, 1, 2))
LINES = Facts(
    pd.DataFrame({"date": ["2026-01-01"], "amount": [1.0], "listed": [1.0], "cost": [1.0]}),
    name="lines",
)
LOG = EventLog(
    pd.DataFrame({"time": ["2026-01-01"], "user": ["u"], "event": ["visit"], "paid": [1.0]}),
    name="log",
)
STOCK = Facts(pd.DataFrame({"date": ["2026-01-01"], "on_hand": [1]}), name="stock")


def case(*metrics: Metric, goal: str, formula: str | None = None, funnel: bool = False) -> Case:
    tree = MetricTree.parse(goal, formula) if formula else MetricTree(goal, {})
    steps = Funnel("way", "log", ("visit", "cart", "pay"), pd.Timedelta("7D").to_pytimedelta())
    return Case(
        "c",
        Path(),
        "c",
        {"baseline": DAY, "current": DAY},
        {"lines": LINES, "log": LOG, "stock": STOCK},
        {m.name: m for m in metrics},
        Goal(goal, tree),
        funnels={"way": steps} if funnel else {},
    )


REVENUE = Metric("revenue", "lines", "sum(amount)")
DISCOUNT = Metric(
    "discount", "lines", numerator="sum(listed - amount)", denominator="sum(listed)", better="down"
)
IN_STOCK = Metric(
    "in_stock", "stock", numerator="count(*) filter (where on_hand > 0)", denominator="count(*)"
)


def test_a_sum_is_rows_and_how_much_each():
    found = goal_drivers(case(REVENUE, goal="revenue"))
    assert [(d.name, d.kind, d.passes_on) for d in found] == [
        ("lines", "volume", None),
        ("revenue_per_lines", "rate", 1.0),
    ]


def test_metrics_give_the_names():
    orders = Metric("orders", "lines", "count(*)")
    basket = Metric("basket", "lines", numerator="sum(amount)", denominator="count(*)")
    found = goal_drivers(case(REVENUE, orders, basket, goal="revenue"))
    assert [d.name for d in found] == ["orders", "basket"]


def test_a_count_is_rows_alone():
    assert len(goal_drivers(case(Metric("orders", "lines", "count(*)"), goal="orders"))) == 1


def test_a_ratio_that_moves_the_same_sum_is_a_driver():
    found = goal_drivers(case(REVENUE, DISCOUNT, goal="revenue"))
    assert found[-1].name == "discount"
    assert found[-1].passes_on == -1


def test_a_ratio_is_its_own_driver():
    found = goal_drivers(case(DISCOUNT, goal="discount"))
    assert [(d.name, d.num, d.den) for d in found] == [
        ("discount", "sum(listed - amount)", "sum(listed)")
    ]


def test_a_funnel_that_leads_to_the_goal_is_followed_step_by_step():
    won = Metric("won", "log", "sum(paid) filter (where event = 'pay')")
    names = [d.name for d in goal_drivers(case(won, goal="won", funnel=True))]
    assert names == ["visit", "cart_per_visit", "pay_per_cart", "won_per_log"]
    assert [d.name for d in goal_drivers(case(won, goal="won"))] == ["log", "won_per_log"]


def test_the_leaves_of_a_formula_that_the_goal_grows_with():
    visits = Metric("visits", "log", "count(*)")
    rate = Metric(
        "rate", "log", numerator="count(*) filter (where event = 'pay')", denominator="count(*)"
    )
    orders = Metric("orders", "log", "count(*) filter (where event = 'pay')")
    found = goal_drivers(case(orders, visits, rate, goal="orders", formula="visits * rate"))
    assert [(d.name, d.kind) for d in found] == [("visits", "volume"), ("rate", "rate")]
    added = goal_drivers(case(orders, visits, rate, goal="orders", formula="visits + rate"))
    assert added == ()


@pytest.mark.parametrize("measure", ["count(distinct amount)", "avg(amount)", "max(amount)"])
def test_what_does_not_add_up_is_not_searched(measure):
    assert goal_drivers(case(Metric("odd", "lines", measure), goal="odd")) == ()


def test_what_may_stand_behind_a_move():
    units = Metric("units", "lines", "sum(cost)")
    made = case(REVENUE, DISCOUNT, IN_STOCK, units, goal="revenue")
    assert [m.name for m in mechanisms(made, goal_drivers(made))] == ["discount", "in_stock"]
