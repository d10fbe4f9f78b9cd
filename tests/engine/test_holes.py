"""Cells without a value under a sum are said, with how many."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import EventLog, Facts
from kpilab.core.case import Metric
from kpilab.core.values import EVERYWHERE, Period, Where
from kpilab.engine.daily import Measured
from kpilab.engine.holes import holes
from kpilab.operations import control, pace, targets

WEEKS = Period(date(2026, 1, 5), date(2026, 3, 29))
TOTAL = Metric("sales", "shop", measure="sum(amount)")


@pytest.fixture
def shop():
    """Two rows per store and day for twelve weeks; three cells of store "a" are not known."""
    draws = np.random.default_rng(0)
    days = np.repeat(pd.date_range(WEEKS.first, WEEKS.last), 4)
    rows = pd.DataFrame(
        {
            "date": days,
            "store": ["a", "b"] * (len(days) // 2),
            "amount": draws.poisson(50, len(days)),
        }
    )
    rows["amount"] = rows["amount"].astype(float)
    rows.loc[[0, 100, 200], "amount"] = [np.nan, np.inf, np.nan]
    return rows


def said(result) -> list[object]:
    return [n.values["rows"] for n in result.notes if n.key == "door.left_out"]


def test_control_pace_and_targets_say_how_many(shop):
    measured = Measured(Facts(shop, name="shop"), TOTAL)
    assert said(control(measured, period=WEEKS)) == [3]
    assert said(control(measured, period=WEEKS, where=Where({"store": "b"}))) == []
    assert said(targets(measured, 20_000, dimensions=["store"], period=WEEKS, weeks=4)) == [3]
    month = Period(date(2026, 1, 5), date(2026, 1, 31))
    assert said(pace(measured, {"a": 2_000.0, "b": 2_000.0}, by="store", period=month)) == [2]


def test_nothing_is_said_where_nothing_is_missing(shop):
    measured = Measured(
        Facts(shop.fillna({"amount": 1.0}).replace(np.inf, 1.0), name="shop"), TOTAL
    )
    assert said(control(measured, period=WEEKS)) == []


@pytest.mark.parametrize(
    ("metric", "rows"),
    [
        ({"measure": "sum(amount)"}, 1),  # the payment without an amount; a visit has none
        ({"measure": "sum(amount) filter (where event = 'visit')"}, 0),
        ({"measure": "sum(amount) filter (where event = 'pay')"}, 1),
        ({"measure": "sum(amount)", "condition": "user = 'u1'"}, 0),
        ({"measure": "sum(case when event = 'pay' then amount end)"}, 0),
        ({"measure": "sum(coalesce(amount, 0))"}, 0),
        ({"measure": "count(*)"}, 0),
        ({"numerator": "sum(amount)", "denominator": "count(distinct user)"}, 1),
    ],
)
def test_what_a_log_does_not_carry_is_not_missing(metric, rows):
    log = pd.DataFrame(
        {
            "user": ["u1", "u1", "u2", "u2"],
            "time": "2026-01-05 10:00",
            "event": ["visit", "pay", "visit", "pay"],
            "amount": [None, 5.0, None, None],
        }
    )
    found = holes(EventLog(log), Metric("m", "events", **metric), WEEKS, EVERYWHERE)
    assert [n.values["rows"] for n in found] == ([rows] if rows else [])
