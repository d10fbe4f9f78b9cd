"""What customers did after they met something, against comparable ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab import BadInput
from kpilab.customers import service_effect

ASKED = {"customer": "who", "amount": "amount"}


def drawn(seed: int, lose: float = 0.0, picky: float = 0.0, n: int = 900) -> pd.DataFrame:
    """Customers of two years, each with a pace of its own; one order in twelve is late, after which
    some never come again; or is more often late of those who order seldom."""
    noise, rows = np.random.default_rng(seed), []
    for k in range(n):
        pace, at = noise.gamma(1.5, 40), noise.uniform(0, 400)
        while at < 730:
            late = noise.random() < 0.08 * (1 + picky * (pace > 60))
            rows.append((at, k, late, noise.gamma(3, 15)))
            if (late and noise.random() < lose) or noise.random() < 0.1:
                break
            at += 1 + noise.exponential(20 + pace)
    frame = pd.DataFrame(rows, columns=["at", "who", "late", "amount"])
    days = pd.to_timedelta(frame["at"].astype(int), "D")
    return frame.assign(date=pd.Timestamp("2024-07-01") + days)


def test_a_small_world_can_be_counted_by_hand():
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta([0, 100, 130, 100, 120, 101, 300], "D")
    frame = pd.DataFrame({
        "date": days, "who": ["x", "met", "met", "o1", "o1", "o2", "x"],
        "amount": [1.0, 10, 6, 10, 20, 10, 1], "late": [0, 1, 0, 0, 0, 0, 0],
    })  # fmt: skip
    table = service_effect(frame, "late", within="40d", **ASKED).table
    row = table[(table["view"] == "amount") & (table["stretch"] == 0)].iloc[0]
    # In April came o1 (20 in the days after) and o2 (nothing); who met it brought 6.
    assert row[["actual", "expected", "effect"]].tolist() == [6, 10, -4]


def test_customers_who_stay_away_after_it_are_found_and_sized():
    found = service_effect(drawn(1, lose=0.5), "late", **ASKED)
    assert found.headline.key == "service_effect.less"
    row = found.table.iloc[0]
    # Half of those who met it are gone at once.
    assert row["low"] < -0.5 * row["expected"] < row["high"]
    assert found.total == pytest.approx(found.matched * row["effect"])
    assert not found.unlike


@pytest.mark.slow
def test_where_it_does_nothing_nothing_is_said_even_if_it_meets_others_more_often():
    keys = [service_effect(drawn(s, picky=1.0), "late", **ASKED).headline.key for s in (2, 3)]
    assert keys.count("service_effect.usual") >= 1


def test_a_column_of_text_is_no_truth():
    with pytest.raises(BadInput, match="no truth"):
        service_effect(drawn(7, n=20).assign(late="yes"), "late", **ASKED)
