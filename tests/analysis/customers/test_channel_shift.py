"""What the same customers move from one channel to another is told from what always moves."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import Period
from kpilab.customers import channel_shift

NOW = Period(date(2026, 4, 1), date(2026, 6, 30))
ASKED = {"customer": "who", "amount": "amount", "current": NOW, "by": "channel"}


def orders(seed: int, switch: float = 0.0) -> pd.DataFrame:
    """1,500 customers who order twice a quarter, most of them in their own channel; of those of the
    web some go over to the app in the current period."""
    noise, rows, names = np.random.default_rng(seed), [], ["web", "store", "app"]
    own = noise.choice(names, 1500, p=[0.5, 0.35, 0.15])
    over = (own == "web") & (noise.random(1500) < switch)
    for k, quarter in enumerate(pd.date_range("2024-07-01", periods=8, freq="QS")):
        mine = np.where(over & (k == 7), "app", own)
        for _ in range(2):
            here = noise.random(1500) < 0.8
            channel = np.where(
                noise.random(1500) < 0.85, mine, noise.choice(["web", "store", "app"], 1500)
            )
            day = quarter + pd.to_timedelta(noise.integers(0, 90, 1500), "D")
            rows.append(pd.DataFrame({"date": day, "who": np.arange(1500), "channel": channel,
                                      "amount": noise.gamma(3, 20, 1500)})[here])  # fmt: skip
    return pd.concat(rows)


@pytest.mark.slow  # many draws
def test_what_always_moves_is_usual():
    assert sum(len(channel_shift(orders(s), **ASKED).found) > 0 for s in range(8)) <= 2


def test_customers_who_go_over_are_found_and_sized():
    result = channel_shift(orders(1, switch=0.15), **ASKED)
    first = result.found.iloc[0]
    assert (first["source"], first["target"]) == ("web", "app")
    # 112 of 750 customers, 1.6 orders of 60 each, of which 85 % in the channel of their own.
    assert first["low"] < 112 * 1.6 * 60 * 0.85 < first["high"] * 1.1


def test_what_moved_is_the_smaller_of_lost_and_won():
    rows = [("2026-02-01", "a", "web", 100), ("2026-05-01", "a", "app", 60),
            ("2026-02-01", "b", "web", 50), ("2026-05-01", "c", "app", 80),
            ("2025-12-31", "d", "web", 1)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["date", "who", "channel", "amount"])
    table = channel_shift(frame.assign(date=pd.to_datetime(frame["date"])), **ASKED).table
    assert table[["source", "target", "moved"]].to_numpy().tolist() == [["web", "app", 60.0]]
    assert table["net"].tolist() == pytest.approx([60.0])
