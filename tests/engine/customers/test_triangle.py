"""The triangle of cohorts is what the customers' own sums by day say, whether rows are read as they
are or have to be summed first."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.core.table import Entities, Facts
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.triangle import triangle

LAST = date(2026, 6, 20)


def log(seed: int, taken_back: float) -> pd.DataFrame:
    """Orders of 60 customers, several on a day; some are taken back on it, or another day."""
    noise, n = np.random.default_rng(seed), 900
    frame = pd.DataFrame({
        "date": pd.Timestamp("2025-12-20") + pd.to_timedelta(noise.integers(0, 200, n), "D"),
        "who": noise.zipf(1.4, n) % 60, "amount": noise.integers(0, 5, n).astype(float),
        "way": noise.choice(["a", "b"], n),
    })  # fmt: skip
    back = frame[noise.random(n) < taken_back]
    later = pd.to_timedelta(noise.integers(0, 2, len(back)) * 9, "D")
    return pd.concat([frame, back.assign(amount=-back["amount"], date=back["date"] + later)])


def by_hand(frame: pd.DataFrame, since: pd.Series | None = None) -> pd.DataFrame:
    """Cells by cohort and age, from the sum of each customer and day."""
    frame = frame[frame["date"].dt.date <= LAST]
    days = frame.groupby(["who", "date"], as_index=False)["amount"].sum()
    days = days[days["amount"] != 0]
    since = days.groupby("who")["date"].min() if since is None else since
    days["month"], start = _month(days["date"]), _month(since)
    days["cohort"] = days["who"].map(start)
    last = 2026 * 12 + 4  # May is the last whole month
    days = days[(days["month"] <= last) & days["month"].ge(days["cohort"])]
    days["orders"] = (days["amount"] > 0).astype(int)
    each = days.groupby(["cohort", "who", "month"], as_index=False)[["amount", "orders"]].sum()
    so_far = each.groupby("who")["amount"].cumsum()
    each["squares"] = so_far**2 - (so_far - each["amount"]) ** 2
    each["active"], each["age"] = each["orders"].gt(0).astype(int), each["month"] - each["cohort"]
    return each.groupby(["cohort", "age"])[["active", "orders", "amount", "squares"]].sum()


def _month(days: pd.Series) -> pd.Series:
    return days.dt.year * 12 + days.dt.month - 1


@pytest.mark.parametrize("taken_back", [0.0, 0.4])
@pytest.mark.parametrize("by", [[], ["way"]])
def test_cells_are_those_of_the_sums_by_day(taken_back, by):
    frame = log(1, taken_back)
    found = triangle(amounts(Facts(frame), "amount", "who", by), LAST, "month", None, by)
    names = ["active", "orders", "amount", "squares"]
    cells = found.cells.groupby(["cohort", "age"])[names].sum()
    pd.testing.assert_frame_equal(cells, by_hand(frame), check_dtype=False, check_index_type=False)
    start = frame[frame["date"].dt.date <= LAST].groupby(["who", "date"])["amount"].sum()
    first = _month(start[start != 0].reset_index().groupby("who")["date"].min())
    sizes = found.sizes.groupby("cohort")["size"].sum().to_dict()
    assert sizes == first[first <= 2026 * 12 + 4].value_counts().to_dict()


@pytest.mark.parametrize("taken_back", [0.0, 0.4])
def test_rows_before_a_customer_was_one_do_not_count(taken_back):
    frame = log(2, taken_back)
    own = pd.DataFrame({"id": range(65), "since": pd.Timestamp("2026-01-01")})
    own["since"] += pd.to_timedelta(own["id"] * 2, "D")
    people = Entities(own, time="since")
    found = triangle(amounts(Facts(frame), "amount", "who"), LAST, "month", people, [])
    cells = found.cells.set_index(["cohort", "age"]).sort_index()
    expected = by_hand(frame, own.set_index("id")["since"])
    pd.testing.assert_frame_equal(cells, expected, check_dtype=False, check_index_type=False)
    assert found.sizes["size"].sum() == 65  # those without an amount as well


def test_a_customer_has_the_segment_of_the_first_row():
    rows = [("2026-01-05", "a", 0.0, "y"), ("2026-01-09", "a", 5.0, "z"),
            ("2026-01-07", "b", 5.0, "y"), ("2026-01-07", "b", 5.0, "x")]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["date", "who", "amount", "way"])
    frame["date"] = pd.to_datetime(frame["date"])
    found = triangle(
        amounts(Facts(frame), "amount", "who", ["way"]), date(2026, 1, 31), "month", None, ["way"]
    )
    assert sorted(found.sizes[found.by["way"]]) == ["x", "y"]
