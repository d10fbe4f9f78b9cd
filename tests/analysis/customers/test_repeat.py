"""Second orders are counted of customers followed as long."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import BadInput, Period
from kpilab.core.values import Where
from kpilab.customers import Entities, repeat

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
ASKED = {"customer": "who", "amount": "amount", "current": MARCH}


def rows(*orders: tuple[str, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(orders, columns=["date", "who", "amount"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


def months(seed: int, fewer: float = 0.0) -> pd.DataFrame:
    """300 new customers a month for a year, half of whom order again; of the web's in March some
    do not."""
    noise, parts = np.random.default_rng(seed), []
    for m, day in enumerate(pd.date_range("2025-04-01", periods=12, freq="MS")):
        way = noise.choice(["web", "shop", "fair"], 300)
        chance = np.where((way == "web") & (m == 11), 0.5 * (1 - fewer), 0.5)
        first = noise.uniform(0, 28, 300)
        second = first + 1 + noise.exponential(15, 300)
        who = np.arange(300) + 1000 * m
        for at, there in ((first, first >= 0), (second, noise.random(300) < chance)):
            days = day + pd.to_timedelta(at, "D")
            parts.append(pd.DataFrame({"date": days, "who": who, "way": way})[there])
    return pd.concat(parts).assign(amount=10.0)


def test_days_to_the_second_order_are_counted_and_who_is_young_is_followed_shorter():
    early = [("2026-01-02", f"old{k}", 1.0) for k in range(3)]
    frame = rows(
        *early, ("2026-03-01", "a", 5), ("2026-03-03", "a", 5), ("2026-03-01", "b", 5),
        ("2026-03-01", "b", 7), ("2026-03-30", "c", 5), ("2026-03-10", "old0", 5),
        ("2026-03-12", "b", -5),
    )  # fmt: skip
    found = repeat(frame, **ASKED)
    now = found.curve[found.curve["period"] == "current"].set_index("day")
    # Two purchases of one day are one order, a refund is none, who ordered before is not new.
    assert now["risk"][[0, 1, 2, 3]].tolist() == [3, 3, 2, 1]
    assert now["rate"][[1, 2, 30]].tolist() == [0, 0.5, 0.5]
    assert found.days == 30


def test_a_fall_of_one_segment_is_found_and_no_other():
    found = repeat(months(1, fewer=0.6), by=["way"], **ASKED)
    assert found.places["where"].tolist() == [Where({"way": ("web",)})]
    row = found.places.iloc[0]
    assert row["rate"] < row["rate_high"] < row["expected"]
    assert row["effect"] < row["high"] < 0
    assert row["effect"] == pytest.approx(row["again"] - row["expected"] * row["customers"])
    assert "web" in found.summary("zh")


@pytest.mark.slow
def test_nothing_is_found_where_nothing_happened():
    assert sum(len(repeat(months(s), by=["way"], **ASKED).places) for s in range(2, 5)) <= 1


def test_segments_of_a_dimension_sum_to_all():
    found = repeat(months(8), by=["way"], **ASKED)
    whole = found.curve[found.curve["period"] == "current"]
    assert found.table["customers"].sum() == whole["risk"].iloc[0] == 300
    # Nobody leaves sight before the end but those who came later.
    assert whole["rate"].iloc[-1] > found.table["again"].sum() / 300


def test_the_customers_own_table_says_who_is_new_and_of_which_segment():
    frame = months(9)
    people = frame.groupby("who", as_index=False)[["date", "way"]].min()
    people = people.rename(columns={"who": "id"})
    told = repeat(frame.drop(columns="way"), by=["way"], **ASKED,
                  customers=Entities(people, time="date"))  # fmt: skip
    right = repeat(frame, by=["way"], **ASKED)
    assert told.table["customers"].sum() == right.table["customers"].sum()
    assert told.placebos > right.placebos  # the earliest month is one of new customers as well


def test_nobody_followed_for_a_day_is_refused():
    day = Period(date(2026, 3, 31), date(2026, 3, 31))
    with pytest.raises(BadInput, match="nobody who came"):
        repeat(rows(("2026-03-31", "a", 1.0)), **ASKED | {"current": day})
