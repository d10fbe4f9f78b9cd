"""Sums by many sets of dimensions at once."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from kpilab.core.table import Facts
from kpilab.core.values import Period
from kpilab.engine.rootcause.places import (
    GROUP,
    GROUPS,
    SET,
    SIDE,
    SLICE,
    VALUES,
    Asked,
    by_group,
    by_slice,
    weights,
)

BASE = Period(date(2026, 1, 5), date(2026, 2, 1))
NOW = Period(date(2026, 2, 2), date(2026, 3, 1))
RNG = np.random.default_rng(0)
ROWS = pd.DataFrame(
    {
        "day": RNG.choice(pd.date_range("2025-11-03", "2026-03-01"), 4000),
        "who": RNG.integers(0, 300, 4000),
        "region": RNG.choice(["north", "south", None, "it's"], 4000),
        "item": RNG.choice(["a", "b"], 4000),
        "paid": RNG.gamma(2, 10, 4000),
    }
)
ASKED = Asked(
    Facts(ROWS, time="day", dimensions=("region", "item")),
    {"rows": "count(*)", "paid": "sum(paid) filter (where item = 'a')"},
    "who",
)
SETS = [(), ("region",), ("region", "item")]


def whole(period: Period) -> pd.DataFrame:
    return ROWS[ROWS["day"].between(pd.Timestamp(period.first), pd.Timestamp(period.last))]


def test_groups_add_up_to_each_place():
    found = by_group(ASKED, SETS, (BASE, NOW))
    for side, period in enumerate((BASE, NOW)):
        rows = whole(period)
        total = found[(found[SET] == 0) & (found[SIDE] == side)]
        assert total["rows"].sum() == len(rows)
        assert np.isclose(total["paid"].sum(), rows.loc[rows["item"] == "a", "paid"].sum())
        one = found[(found[SET] == 2) & (found[SIDE] == side) & (found[VALUES[0]] == "it's")]
        one = one[one[VALUES[1]] == "b"]
        assert one["rows"].sum() == ((rows["region"] == "it's") & (rows["item"] == "b")).sum()
        assert (one["paid"] == 0).all()


def test_a_unit_stays_in_its_group():
    found = by_group(ASKED, [()], (BASE, NOW))
    assert found[GROUP].between(0, GROUPS - 1).all()
    assert found[GROUP].nunique() > 0.9 * GROUPS
    alone = Asked(
        Facts(ROWS[ROWS["who"] == 7], time="day", dimensions=("region",)), {"n": "count(*)"}, "who"
    )
    assert by_group(alone, [(), ("region",)], (BASE, NOW))[GROUP].nunique() == 1


def test_rows_without_a_value_are_a_place_of_their_own():
    found = by_group(ASKED, SETS, (BASE, NOW), [{"region": ["(missing)"]}] * len(SETS))
    rows = whole(NOW)
    one = found[(found[SET] == 1) & (found[SIDE] == 1)]
    assert one["rows"].sum() == rows["region"].isna().sum()


def test_slices_count_from_the_baseline_back_and_forth():
    found = by_slice(ASKED, [()], BASE, 7).sort_values(SLICE)
    assert found[SLICE].tolist() == list(range(-9, 4))
    week = Period(date(2026, 1, 12), date(2026, 1, 18))
    assert found.loc[found[SLICE] == 1, "rows"].item() == len(whole(week))


def test_weights_hold_each_dimension_alone():
    found = weights(ASKED, ("item",), (BASE, NOW))
    assert found["rows"].sum() == len(whole(BASE)) + len(whole(NOW))


def test_without_a_unit_some_days_of_a_combination_are_one():
    alone = ROWS[(ROWS["region"] == "north") & (ROWS["item"] == "a")]
    asked = Asked(Facts(alone, time="day", dimensions=("region", "item")), {"n": "count(*)"})
    found = by_group(asked, [()], (BASE, NOW))
    assert found.groupby(SIDE)[GROUP].nunique().tolist() == [9, 9]
    assert found[GROUP].nunique() == 9
