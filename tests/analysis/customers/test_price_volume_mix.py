"""Volume, mix, price, discount, new and lost sum to the change, and mean what they say."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import BadInput, Period
from kpilab.customers import price_volume_mix

BEFORE, NOW = (Period(date(2026, m, 1), date(2026, m, 28)) for m in (1, 2))
ASKED = {"quantity": "qty", "amount": "paid", "baseline": BEFORE, "current": NOW}


def lines(*rows: tuple[int, str, str, float, float, float]) -> pd.DataFrame:
    """Month, category, item, quantity, price, list price."""
    frame = pd.DataFrame(rows, columns=["month", "category", "item", "qty", "price", "list"])
    frame["date"] = pd.to_datetime({"year": 2026, "month": frame["month"], "day": 5})
    return frame.assign(paid=frame["qty"] * frame["price"], listed=frame["qty"] * frame["list"])


def test_a_textbook_case():
    """Sales of two products: 100 at 10 and 100 at 20, then 150 at 11 and 90 at 19.

    Volume: 200 to 240 at the mean price of 15: +600. Mix: 30 more of the one and 30 fewer of the
    other than at equal shares, at 10 and 20: -300. Price: 150 · 1 and 90 · (-1): +60.
    """
    table = lines((1, "c", "a", 100, 10, 10), (1, "c", "b", 100, 20, 20),
                  (2, "c", "a", 150, 11, 11), (2, "c", "b", 90, 19, 19))  # fmt: skip
    parts = price_volume_mix(table, by=["item"], **ASKED).parts
    told = parts[["volume", "mix: item", "list_price", "change"]].tolist()
    assert told == pytest.approx([600, -300, 60, 360])


def test_mix_is_among_categories_and_inside_them():
    table = lines((1, "x", "a", 10, 1, 1), (1, "x", "b", 10, 3, 3), (1, "y", "c", 20, 10, 10),
                  (2, "x", "a", 20, 1, 1), (2, "x", "b", 0.5, 3, 3), (2, "x", "b", 9.5, 3, 3),
                  (2, "y", "c", 10, 10, 10))  # fmt: skip
    parts = price_volume_mix(table, by=["category", "item"], **ASKED).parts
    # 10 units from y at 10 to x at 2; inside x 5 units from b at 3 to a at 1.
    told = parts[["volume", "mix: category", "mix: item", "list_price"]]
    assert told.tolist() == pytest.approx([0, -80, -10, 0])


def test_a_discount_is_no_list_price():
    table = lines((1, "c", "a", 10, 9, 10), (2, "c", "a", 10, 9, 12))
    parts = price_volume_mix(table, by=["item"], listed="listed", **ASKED).parts
    assert parts[["list_price", "discount", "change"]].tolist() == pytest.approx([20, -20, 0])


def test_what_is_sold_once_is_new_or_lost():
    table = lines((1, "c", "a", 10, 9, 9), (2, "c", "b", 10, 7, 7))
    parts = price_volume_mix(table, by=["item"], **ASKED).parts
    assert parts[["new", "lost", "volume"]].tolist() == [70, -90, 0]


@pytest.mark.parametrize("seed", range(5))
def test_parts_sum_to_the_change_of_the_margin_at_any_depth(seed):
    noise, n = np.random.default_rng(seed), 400
    table = lines(*zip(
        noise.integers(1, 3, n), noise.choice(list("xyz"), n), noise.choice(list("abcdefgh"), n),
        noise.integers(1, 9, n).astype(float), noise.uniform(1, 9, n), noise.uniform(1, 9, n),
        strict=True,
    )).assign(cost=noise.uniform(0, 9, n))  # fmt: skip
    found = price_volume_mix(table, by=["category", "item"], listed="listed", cost="cost", **ASKED)
    margin = (table["paid"] - table["cost"]).groupby(table["month"]).sum()
    assert found.parts["change"] == pytest.approx(margin[2] - margin[1], rel=1e-9)
    parts = [c for c in found.items.columns if c in found.parts.index and c != "change"]
    for rows in (found.items, found.table):
        assert rows[parts].sum(axis=1).to_numpy() == pytest.approx(rows["change"].to_numpy())


def test_what_is_missing_is_refused():
    table = lines((1, "c", "a", 10, 9, 9))
    with pytest.raises(BadInput, match="no column named 'units'"):
        price_volume_mix(table, by=["item"], **ASKED | {"quantity": "units"})
    with pytest.raises(BadInput, match="no dimension"):
        price_volume_mix(table, by=[], **ASKED)


@pytest.mark.parametrize("column", ["qty", "paid"])
def test_a_row_with_a_missing_cell_makes_no_price(column):
    table = lines((1, "c", "a", 10, 9, 9), (1, "c", "a", 10, 9, 9), (2, "c", "a", 20, 9, 9),
                  (1, "c", "b", 10, 9, 9), (2, "c", "b", 10, 9, 9))  # fmt: skip
    table.loc[[0, 4], column] = np.nan
    found = price_volume_mix(table, by=["item"], **ASKED)
    # b is neither lost nor new: of its current rows nothing is known.
    assert found.parts[["volume", "list_price", "new", "lost"]].tolist() == [90, 0, 0, 0]
    assert [(n.key, n.values["rows"]) for n in found.notes] == [("door.left_out", 2)]
