"""What an order holds: its parts sum to the change of the amount."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import BadInput, Period
from kpilab.core.values import Message
from kpilab.customers import Lines, basket

BEFORE = Period(date(2026, 1, 1), date(2026, 1, 31))
NOW = Period(date(2026, 2, 1), date(2026, 2, 28))
LINES = Lines("order", item="product", quantity="pieces")
ASKED = {"customer": "who", "amount": "amount", "baseline": BEFORE, "current": NOW}


def rows(*lines: tuple[str, str | None, str | None, str, float, float]) -> pd.DataFrame:
    columns = ["date", "order", "who", "product", "pieces", "amount"]
    frame = pd.DataFrame(lines, columns=columns)
    return frame.assign(date=pd.to_datetime(frame["date"]))


def drawn(seed: int, tea: float = 0.3) -> pd.DataFrame:
    """900 orders a month of 300 customers, some loyal to tea; in February tea goes along less or
    more often."""
    noise, parts = np.random.default_rng(seed), []
    likes = noise.beta(2, 2, 300)
    for m, day in ((1, "2026-01-01"), (2, "2026-02-01")):
        who = noise.zipf(1.5, 900) % 300
        order = np.arange(900) + 1000 * m
        days = pd.Timestamp(day) + pd.to_timedelta(noise.integers(0, 28, 900), "D")
        chance = likes[who] * (0.6 if m == 1 else 2 * tea)
        for product, there in (("bread", order > 0), ("tea", noise.random(900) < chance)):
            part = {"date": days, "order": order, "who": who, "product": product}
            parts.append(pd.DataFrame(part)[there])
    frame = pd.concat(parts, ignore_index=True)
    frame["pieces"] = noise.integers(1, 4, len(frame))
    return frame.assign(amount=frame["pieces"] * noise.gamma(9, 1, len(frame)))


def test_a_usual_order_says_of_how_many_comparisons_it_is_one():
    found = basket(drawn(1), LINES, **ASKED)
    assert found.headline.key == "basket.usual"
    assert found.headline.values["looks"] == found.table["p"].notna().sum()


def test_orders_items_and_prices_can_be_counted_by_hand():
    found = basket(rows(
        ("2026-01-02", "1", "a", "tea", 1, 10), ("2026-01-02", "1", "a", "bread", 1, 10),
        ("2026-01-31", "2", "b", "tea", 2, 20), ("2026-02-01", "2", "b", "bread", 1, 5),
        ("2026-02-03", "3", "a", "tea", 3, 60), ("2026-03-03", "4", "a", "tea", 3, 60),
        ("2026-02-03", None, "a", "tea", 3, 60),
    ), LINES, **ASKED)  # fmt: skip
    table = found.table.set_index(["measure", "item"])
    # An order that goes on after midnight is one, of the day it began.
    assert (found.orders_before, found.orders_now) == (2, 1)
    assert table.loc[("amount", ""), ["before", "now"]].tolist() == [22.5, 60]
    assert table.loc[("items", ""), ["before", "now"]].tolist() == [2.5, 3]
    assert table.loc[("price", ""), ["before", "now"]].tolist() == [9, 20]
    assert table.loc[("attach", "bread"), ["before", "now"]].tolist() == [1, 0]
    assert found.parts["effect"].tolist() == [-22.5, 4.5, 33]
    assert Message("door.left_out", {"rows": 1}) in found.notes


@pytest.mark.parametrize("seed", range(4))
def test_the_parts_sum_to_the_change(seed):
    frame = drawn(seed)
    found = basket(frame, LINES, **ASKED)
    month = frame.groupby(frame["date"].dt.month)["amount"].sum()
    assert found.now == pytest.approx(month[2], rel=1e-9)
    assert found.parts["effect"].sum() == pytest.approx(month[2] - month[1], rel=1e-9)


def test_what_goes_along_less_often_is_found():
    found = basket(drawn(5, tea=0.15), LINES, **ASKED)
    row = found.table.set_index("item").loc["tea"]
    assert row["high"] < 0
    assert row["q"] < 0.01
    assert any(n.key == "basket.attach" for n in found.notes)


@pytest.mark.slow
def test_the_interval_holds_and_what_is_as_it_was_is_seldom_called():
    told = [basket(drawn(s), LINES, **ASKED).table for s in range(30)]
    assert sum((t["q"] <= 0.05).any() for t in told) <= 4
    # Customers who order often and always like weigh more than as many orders would.
    inside = sum(t.set_index("item").loc["tea", ["low", "high"]].prod() <= 0 for t in told)
    assert inside >= 26


def test_an_order_of_nobody_counts_as_one_of_a_customer_of_its_own():
    frame = drawn(6)
    whole = basket(frame.assign(who=None), LINES, **ASKED)
    own = basket(frame.assign(who=frame["order"]), LINES, **ASKED)
    pd.testing.assert_frame_equal(whole.table, own.table)


def test_a_period_without_orders_is_refused():
    with pytest.raises(BadInput, match="has no order"):
        basket(rows(("2026-01-02", "1", "a", "tea", 1, 10)), LINES, **ASKED)
