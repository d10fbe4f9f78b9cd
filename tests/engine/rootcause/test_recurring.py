"""Noise of rates over what recurs: by the units that are counted, not by days."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import Facts, Period
from kpilab.core.case import Metric
from kpilab.engine.rootcause.recurring import spread_of_units

PERIODS = {"all": Period(date(2025, 1, 1), date(2025, 1, 31))}
ORDERS = Metric(
    "orders_per_customer",
    table="orders",
    numerator="count(distinct order_id)",
    denominator="count(distinct customer)",
)


def orders(each: list[int]) -> Facts:
    """Customers with so many orders each, all on days of their own."""
    who = np.repeat(np.arange(len(each)), each)
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(len(who)) % 31, "D")
    frame = pd.DataFrame({"day": day, "customer": who, "order_id": np.arange(len(who))})
    return Facts(frame, time="day", name="orders")


def test_the_spread_is_that_between_the_units():
    each = [1, 1, 2, 5]
    found = spread_of_units(orders(each), [ORDERS], PERIODS)
    assert found["orders_per_customer"]["all"] == pytest.approx(np.var(each))


def test_what_is_no_rate_of_units_is_left_out():
    value = Metric("value", table="orders", numerator="count(*)", denominator="count(order_id)")
    assert spread_of_units(orders([1, 2]), [value], PERIODS) == {}
