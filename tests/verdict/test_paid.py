"""Customers who stayed and spend less buy less, or pay less for as much."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from kpilab.core.case import Case, Customer, Goal, Metric
from kpilab.core.table import Entities, Facts
from kpilab.core.tree import MetricTree
from kpilab.core.values import EVERYWHERE, Message, Period, Where
from kpilab.questions.series import measured
from kpilab.verdict.paid import less_for_as_much

SAID = Message("churn.orders")
TEAM = Where({"plan": ("team",)})
MONTHS = ("2026-01-15", "2026-02-15")


def case(*, seats: int = 10, price: float = 2.0, freight: bool = False) -> Case:
    """Two plans of ten seats at 2 each; in February the team has so many at so much."""
    bills = [
        (day, plan, s, s * p, 5)
        for day, plan, s, p in (
            (MONTHS[0], "team", 10, 2.0), (MONTHS[0], "solo", 10, 2.0),
            (MONTHS[1], "team", seats, price), (MONTHS[1], "solo", 10, 2.0),
        )
    ]  # fmt: skip
    frame = pd.DataFrame(bills, columns=["day", "plan", "seats", "amount", "freight"])
    frame["account"] = frame["plan"]
    metrics = {"mrr": Metric("mrr", "bills", "sum(amount)")}
    metrics["seats"] = Metric("seats", "bills", "sum(seats)")
    if freight:
        metrics["freight"] = Metric("freight", "bills", "sum(freight)")
    people = pd.DataFrame({"account": ["team", "solo"], "plan": ["team", "solo"]})
    return Case(
        "c", Path(), "c",
        {"baseline": Period(date(2026, 1, 1), date(2026, 1, 31)),
         "current": Period(date(2026, 2, 1), date(2026, 2, 28))},
        {"bills": Facts(frame, time="day", dimensions=("plan",), name="bills"),
         "accounts": Entities(people, key="account", name="accounts")},
        metrics, Goal("mrr", MetricTree("mrr", {})),
        customer=Customer("accounts", "account", "mrr"),
    )  # fmt: skip


def told(made: Case, spent: float, where: Where = TEAM) -> Message | None:
    return less_for_as_much(made, measured(made, "mrr"), where, spent, SAID)


def test_as_many_seats_at_less_each_are_a_lower_price():
    said = told(case(price=1.5), 0.75)
    assert said is not None
    assert said.key == "churn.paid"
    assert (said.values["quantity"], said.values["now"], said.values["rest"]) == ("seats", 0.75, 1)


def test_fewer_seats_at_the_same_price_are_less_bought():
    assert told(case(seats=7), 0.7) is None


@pytest.mark.parametrize(("seats", "named"), [(9, True), (6, False)])
def test_what_makes_most_of_it_names_it(seats, named):
    made = case(seats=seats, price=1.6)
    assert (told(made, seats * 1.6 / 20) is not None) is named


def test_what_does_not_grow_with_what_is_bought_cannot_say_so_alone():
    assert told(case(seats=7, freight=True), 0.7) is None
    assert told(case(price=1.5, freight=True), 0.75) is not None


def test_everywhere_there_are_no_others():
    said = told(case(price=1.0), 0.7, EVERYWHERE)
    assert said is not None
    assert said.values["rest"] is None
    assert said.values["now"] == pytest.approx(0.75)


def test_without_a_quantity_nothing_is_said():
    made = case(price=1.5)
    assert told(replace(made, metrics={"mrr": made.metrics["mrr"]}), 0.75) is None
