"""Lifetime counts customers and what is to come of them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import BadInput
from kpilab.customers import lifetime


def orders(seed: int) -> pd.DataFrame:
    """600 customers of two regions; those of the south stop after an order twice as often."""
    noise, rows = np.random.default_rng(seed), []
    for k in range(600):
        at, stop = noise.uniform(0, 200), 0.1 if k % 2 else 0.3
        while at < 455:
            rows.append((at, k, "north" if k % 2 else "south"))
            at += noise.exponential(30)
            if noise.random() < stop:
                break
    frame = pd.DataFrame(rows, columns=["at", "who", "region"])
    return frame.assign(date=pd.Timestamp("2025-01-01") + pd.to_timedelta(frame["at"], "D"))


def test_orders_to_come_are_within_the_interval_and_segments_differ():
    frame, until = orders(1), date(2025, 12, 31)
    result = lifetime(frame, customer="who", until=until, ahead="90d", by=["region"])
    table = result.table.set_index("region")
    later = frame[frame["date"].dt.date > until].groupby("region").size()
    assert table["customers"].to_dict() == {"north": 300, "south": 300}
    total = table["expected"].sum()
    assert total == pytest.approx(later.sum(), rel=0.2)
    assert table.loc["north", "expected"] > table.loc["south", "expected"]
    assert (table["low"] < table["expected"]).all()
    assert (table["expected"] < table["high"]).all()


def test_few_customers_are_no_model():
    with pytest.raises(BadInput, match="too few"):
        lifetime(orders(1).head(20), customer="who", until=date(2025, 12, 31))
