"""Cohorts are compared at the same age, and their cells sum to the amount."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import BadInput
from kpilab.customers import Entities, cohorts

LAST = date(2026, 6, 30)
ASKED = {"customer": "who", "amount": "amount", "until": LAST}


def drawn(seed: int, worse: float = 0.0) -> pd.DataFrame:
    """200 new customers a month, each with an order a month on average for half a year; those of
    March 2026 spend less."""
    noise, rows = np.random.default_rng(seed), []
    for m, day in enumerate(pd.date_range("2025-07-01", "2026-06-01", freq="MS")):
        first = noise.uniform(0, 28, 200)
        who = np.arange(200) + 1000 * m
        at = np.concatenate([first, noise.uniform(first, 180, (5, 200)).ravel()])
        frame = pd.DataFrame({"at": at, "who": np.tile(who, 6)})
        frame["date"] = day + pd.to_timedelta(frame["at"], "D")
        size = noise.gamma(4, 5, len(frame)) * (1 - worse if m == 8 else 1)
        rows.append(frame.assign(amount=size, region=np.where(frame["who"] % 3 == 0, "a", "b")))
    return pd.concat(rows)[["date", "who", "amount", "region"]]


def test_a_small_triangle_can_be_counted_by_hand():
    rows = [("2026-04-02", "a", 10), ("2026-04-09", "a", 5), ("2026-06-01", "a", 5),
            ("2026-04-30", "b", 20), ("2026-05-01", "b", 2), ("2026-05-05", "c", 7),
            ("2026-07-01", "c", 99)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["date", "who", "amount"])
    found = cohorts(frame.assign(date=pd.to_datetime(frame["date"])), **ASKED).table
    assert found["cohort"].dt.month.tolist() == [4, 4, 4, 5, 5]
    assert found["size"].tolist() == [2, 2, 2, 1, 1]
    assert found["active"].tolist() == [2, 1, 1, 1, 0]
    assert found["orders"].tolist() == [3, 1, 1, 1, 0]
    assert found["amount"].tolist() == [35, 2, 5, 7, 0]
    assert found["value"].tolist() == [17.5, 18.5, 21, 7, 7]


@pytest.mark.parametrize("grain", ["week", "month", "quarter"])
def test_the_cells_sum_to_the_amount_and_the_interval_is_that_of_the_customers(grain):
    frame = drawn(1)
    found = cohorts(frame, by=["region"], grain=grain, **ASKED)
    last = LAST if grain != "week" else date(2026, 6, 28)  # the last Sunday
    counted = frame[frame["date"].dt.date <= last]
    assert found.table["amount"].sum() == pytest.approx(counted["amount"].sum(), rel=1e-9)
    assert found.curve["amount"].sum() == pytest.approx(counted["amount"].sum(), rel=1e-9)
    if grain == "month":
        mine = counted[(counted["who"] // 1000 == 2) & (counted["region"] == "a")]
        each = mine[mine["date"] < "2025-12-01"].groupby("who")["amount"].sum()
        cells = found.table.set_index(["region", "cohort", "age"])
        cell = cells.loc[("a", pd.Timestamp("2025-09-01"), 2)]
        assert cell["value"] == pytest.approx(each.mean())
        half = 1.959964 * each.std() / np.sqrt(len(each))
        assert cell["value_high"] - cell["value"] == pytest.approx(half, rel=1e-6)


def test_a_cohort_worth_less_at_its_age_is_found_and_a_young_one_is_not():
    found = cohorts(drawn(2, worse=0.3), **ASKED)
    told = found.changes.sort_values("q").iloc[0]
    assert told["cohort"] == pd.Timestamp("2026-03-01")
    assert told["high"] < 0
    # The cohort of June has brought a fraction of what older ones have, and is none the worse.
    assert found.changes.set_index("cohort").loc["2026-06-01", "q"] > 0.05


def test_nothing_is_found_where_cohorts_are_alike():
    assert sum((cohorts(drawn(s), **ASKED).changes["q"] <= 0.05).any() for s in range(3, 6)) <= 1


def test_the_customers_own_table_counts_those_who_bought_nothing():
    frame = drawn(4)
    people = frame.groupby("who", as_index=False)["date"].min().rename(columns={"who": "id"})
    more = pd.DataFrame({"id": [-1, -2], "date": pd.Timestamp("2026-02-03")})
    table = Entities(pd.concat([people, more]), time="date")
    found = cohorts(frame, customers=table, **ASKED).table.set_index("cohort")["size"]
    assert found["2026-02-01"].unique().tolist() == [202]


def test_no_whole_month_is_refused():
    frame = drawn(5)
    with pytest.raises(BadInput, match="no customer came"):
        cohorts(frame, **ASKED | {"until": date(2025, 7, 20)})
    with pytest.raises(BadInput, match="no grain named 'year'"):
        cohorts(frame, grain="year", **ASKED)
