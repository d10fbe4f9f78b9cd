"""Clustered intervals: those of a bootstrap of users, wider than rows would have them;
a rate by the delta method."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.rootcause.user_intervals import user_intervals
from kpilab.core.table import Facts
from kpilab.core.values import Period, Where
from kpilab.errors import BadInput

PERIODS = (
    Period(date(2025, 3, 3), date(2025, 3, 16)),
    Period(date(2025, 3, 17), date(2025, 3, 23)),
)
PLACES = (Where({"app": "ios"}), Where({"app": "ios"}, {"city": "x"}), Where())


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    users = pd.DataFrame(
        {
            "user": range(800),
            "rate": rng.gamma(0.5, 1.0, 800),
            "app": rng.choice(["ios", "web"], 800),
        }
    )
    users["city"] = rng.choice(["x", "y", "z"], 800)
    frame = users.loc[users.index.repeat(rng.poisson(8, 800))].reset_index(drop=True)
    frame["date"] = pd.Timestamp("2025-03-03") + pd.to_timedelta(
        rng.integers(0, 21, len(frame)), unit="D"
    )
    frame["visits"] = rng.poisson(3, len(frame)) + 1
    return frame.assign(orders=rng.binomial(frame["visits"], np.clip(frame["rate"] / 4, 0, 1)))


def bootstrap(rows, inside, value, draws=3000):
    """Standard deviation of `value(n0, n1, d0, d1)` when users are drawn again (Poisson
    weights)."""
    now = (rows["date"] >= "2025-03-17").to_numpy()
    parts = [
        rows[c].where(inside & (now == side), 0)
        for c in ("orders", "visits")
        for side in (False, True)
    ]
    each = np.array([part.groupby(rows["user"]).sum().to_numpy(float) for part in parts])
    weights = np.random.default_rng(1).poisson(1.0, (draws, each.shape[1]))
    return float(np.std(value(*(weights @ each.T).T)))


def test_an_amount_has_the_interval_of_a_bootstrap_of_users(rows):
    result = user_intervals(Facts(rows), PLACES, user="user", measure="orders", periods=PERIODS)
    inside = [
        rows["app"] == "ios",
        (rows["app"] == "ios") & (rows["city"] != "x"),
        rows["app"] != "",
    ]
    for k, keep in enumerate(inside):
        row = result.table.iloc[k]
        error = bootstrap(rows, keep, lambda n0, n1, d0, d1: n1 - n0 / 2)
        assert (row["high"] - row["low"]) / 2 / 1.96 == pytest.approx(
            error, rel=0.06
        )  # Monte-Carlo error 1.3 %
        assert row["users"] == rows.loc[keep & (rows["orders"] > 0), "user"].nunique()
    naive = 1.96 * np.sqrt(result.table["actual"].iloc[2] + result.table["expected"].iloc[2] / 2)
    assert (result.table["high"] - result.table["contribution"]).iloc[2] > 1.3 * naive


def test_a_rate_has_the_interval_of_a_bootstrap_of_users(rows):
    asked = {"numerator": "orders", "denominator": "visits"}
    row = user_intervals(Facts(rows), PLACES[:1], user="user", periods=PERIODS, **asked).table.iloc[
        0
    ]
    error = bootstrap(rows, rows["app"] == "ios", lambda n0, n1, d0, d1: n1 - n0 / d0 * d1)
    assert (row["high"] - row["low"]) / 2 / 1.96 == pytest.approx(error, rel=0.06)


def test_bad_input_is_named(rows):
    with pytest.raises(BadInput, match="no column named 'usr'"):
        user_intervals(Facts(rows), PLACES, user="usr", measure="orders", periods=PERIODS)
    with pytest.raises(BadInput, match="0 places"):
        user_intervals(Facts(rows), (), user="user", measure="orders", periods=PERIODS)


def test_a_place_is_picked_whatever_its_value_is(rows):
    """Rows without a value, truths, and numbers that an empty cell made floats,
    as pandas picks them."""
    given = rows.assign(
        app=rows["app"].mask(rows["app"] == "web"),
        member=rows["city"] == "x",
        shop=rows["city"].map({"x": 1.0, "y": 2.0}),
    )
    places = [
        Where({"app": None}),
        Where({"member": True}),
        Where({"shop": 2}),
        Where({}, {"app": "ios"}),
    ]
    found = user_intervals(
        Facts(given), places, user="user", measure="orders", periods=PERIODS
    ).table["actual"]
    current = given[given["date"] >= pd.Timestamp(PERIODS[1].first)]
    picked = [current["app"].isna(), current["member"], current["shop"] == 2, current["app"].isna()]
    assert found.tolist() == [float(current.loc[p, "orders"].sum()) for p in picked]


def test_a_row_of_which_one_part_is_missing_is_left_out_of_both(rows):
    asked = {"user": "user", "numerator": "orders", "denominator": "visits", "periods": PERIODS}
    holed = rows.assign(orders=rows["orders"].where(rows.index % 9 != 0))
    found = user_intervals(holed, PLACES, **asked)
    pd.testing.assert_frame_equal(
        found.table, user_intervals(holed.dropna(), PLACES, **asked).table
    )
    inside = holed["date"].between("2025-03-03", "2025-03-23")
    left = int((holed["orders"].isna() & inside).sum())
    assert [(n.key, n.values["rows"]) for n in found.notes] == [("door.left_out", left)]
