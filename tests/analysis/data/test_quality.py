"""Quality counts each kind of fault, and finds none where there is none."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.data.quality import quality
from kpilab.core.case import Metric
from kpilab.core.table import Benchmark, EventLog, Executions, Facts
from kpilab.core.values import Period, Where
from kpilab.errors import BadInput
from kpilab.show import say

FIRST = dt.date(2025, 3, 3)
PERIOD = Period(FIRST, FIRST + dt.timedelta(days=13))


def frame(seed: int = 1) -> pd.DataFrame:
    """200 rows a day in office hours, with an amount."""
    rng = np.random.default_rng(seed)
    n = 14 * 200
    day = np.repeat(np.arange(14), 200)
    hour = rng.normal(13, 2, n).clip(6, 20)
    return pd.DataFrame(
        {
            "time": (pd.Timestamp(FIRST) + pd.to_timedelta(day * 24 + hour, unit="h")).floor("s"),
            "user": np.arange(n).astype(str),
        }
        | {"event": "pay", "amount": rng.lognormal(3, 0.5, n)}
    )


def faults(data: pd.DataFrame, **options) -> pd.DataFrame:
    options = {"unique": ["user"], "amounts": ["amount"], "ranges": {"amount": (0, None)}} | options
    return quality(EventLog(data), period=PERIOD, **options).table.set_index("check")


def test_a_clean_table_has_no_fault():
    assert faults(frame()).empty


def test_each_fault_is_counted():
    data = frame()
    data.loc[:6, "event"] = None
    data.loc[10:12, "amount"] = -1.0
    data.loc[20, "user"] = "21"
    found = faults(pd.concat([data, data.tail(4)]))
    assert found["rows"].to_dict() == {
        "empty": 7,
        "out_of_range": 3,
        "repeated_rows": 4,
        "repeated_ids": 5,
    }


def test_a_table_that_ends_early_is_stale():
    data = frame()
    found = faults(data[data["time"] < "2025-03-14"])
    assert found.loc["stale", "detail"] == 3


@pytest.mark.parametrize("left", [2, 6])
def test_a_table_that_ends_in_a_trickle_has_ended(left):
    """A few late rows of the last days do not make them days that came."""
    days = pd.date_range("2025-01-06", periods=56).repeat(200)
    rows = pd.DataFrame({"time": days, "user": "u", "event": "pay", "amount": 1.0})
    ended = rows["time"] >= "2025-02-24"
    kept = rows[~ended | (rows.groupby("time").cumcount() < left)]
    period = Period(dt.date(2025, 1, 6), dt.date(2025, 3, 2))
    found = quality(EventLog(kept), period=period, goal=GOAL).table
    row = found[found["check"] == "trickle"].iloc[0]
    assert (row["first"], row["detail"], row["rows"]) == (dt.date(2025, 2, 24), 7, 7 * left)
    assert row["effect"] == pytest.approx(-7 * 200, rel=0.05)
    assert "trickle" not in set(quality(EventLog(rows), period=period).table["check"])
    closed = rows[~ended | (rows["time"].dt.dayofweek == 0)]  # a Monday alone is a day that came
    assert "stale" in set(quality(EventLog(closed), period=period).table["check"])


def test_a_day_in_another_time_zone_and_a_day_in_cents():
    data = frame()
    moved = data["time"].dt.date == FIRST + dt.timedelta(days=5)
    data.loc[moved, "time"] -= pd.Timedelta(hours=5)
    data.loc[data["time"].dt.date == FIRST + dt.timedelta(days=8), "amount"] *= 100
    found = faults(data)
    assert found.loc["clock", ["first", "detail"]].tolist() == [FIRST + dt.timedelta(days=5), -5]
    assert found.loc["unit", ["first", "detail"]].tolist() == [FIRST + dt.timedelta(days=8), 100]


def test_entered_before_it_was_done():
    rows = {"date": [FIRST] * 3, "actor": "a", "action": "v", "quantity": 1, "id": [1, 2, 3]}
    rows["entered"] = [FIRST, FIRST - dt.timedelta(days=1), FIRST]
    table = quality(
        Executions(pd.DataFrame(rows), recorded="entered"), period=Period(FIRST, FIRST)
    ).table
    assert table[["check", "rows"]].to_numpy().tolist() == [["entered_before", 1]]


def test_bad_input():
    with pytest.raises(BadInput, match="no column named 'amout'"):
        faults(frame(), amounts=["amout"])


GOAL = Metric("revenue", "events", measure="sum(amount)")


def test_each_fault_says_where_when_and_what_it_holds_of_the_goal():
    data = frame().assign(store=lambda f: np.where(f.index % 5 == 0, "S1", "S2"))
    copied = data[(data["store"] == "S1") & (data["time"].dt.date == FIRST + dt.timedelta(days=3))]
    log = EventLog(pd.concat([data, copied]), dimensions=("store",))
    row = quality(log, period=PERIOD, goal=GOAL).table.iloc[0]
    assert row[["check", "dimension", "value", "rows"]].tolist() == [
        "repeated_rows",
        "store",
        "S1",
        len(copied),
    ]
    assert (row["first"], row["last"]) == (
        FIRST + dt.timedelta(days=3),
        FIRST + dt.timedelta(days=3),
    )
    assert row["effect"] == pytest.approx(copied["amount"].sum())
    assert (row["low"], row["high"]) == (0.0, row["effect"])


def test_the_effect_of_cents_is_what_the_factor_adds():
    data = frame()
    cents = data["time"].dt.date == FIRST + dt.timedelta(days=8)
    true = data.loc[cents, "amount"].sum()
    data.loc[cents, "amount"] *= 100
    row = quality(EventLog(data), period=PERIOD, amounts=["amount"], goal=GOAL).table.iloc[0]
    assert row["effect"] == pytest.approx(99 * true)


def test_days_missing_at_the_end_are_sized_from_the_others():
    data = frame()
    gone = data["time"] >= "2025-03-14"
    row = quality(EventLog(data[~gone]), period=PERIOD, goal=GOAL).table.iloc[0]
    assert row["low"] < -data.loc[gone, "amount"].sum() < row["high"] < 0


def test_a_weekly_table_is_not_stale_within_its_week():
    weeks = pd.DataFrame(
        {"date": [FIRST, FIRST + dt.timedelta(days=7)], "series": "us", "value": [1.0, 2.0]}
    )
    assert quality(Benchmark(weeks), period=PERIOD).table.empty


def test_an_empty_table_has_no_fault():
    assert quality(EventLog(frame().head(0)), period=PERIOD, unique=["user"], goal=GOAL).table.empty


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_fault_can_be_said(lang):
    data = frame()
    data.loc[:6, "event"] = None
    result = quality(EventLog(data[data["time"] < "2025-03-14"]), period=PERIOD)
    assert [m.key for m in result.statements] == ["quality.empty", "quality.stale"]
    assert all("{" not in say(m, lang) for m in (*result.statements, result.headline))


def test_a_few_unlike_orders_a_day_are_in_the_right_unit():
    """Seven orders a day whose amounts lie decades apart:
    the median of a day is ten times the usual one by chance."""
    rng = np.random.default_rng(4)
    n = 120 * 7
    time = pd.Timestamp(FIRST) + pd.to_timedelta(np.repeat(np.arange(120), 7) * 24 + 12, unit="h")
    amount, profit = rng.lognormal(4, 1.8, n), rng.normal(3, 60, n)
    table = EventLog(
        pd.DataFrame(
            {"time": time, "user": np.arange(n), "event": "pay"}
            | {"amount": amount, "profit": profit}
        )
    )
    period = Period(FIRST, FIRST + dt.timedelta(days=119))
    assert quality(table, period=period, amounts=["amount", "profit"]).table.empty


@pytest.mark.parametrize("per_day", [3, 50])
def test_two_price_levels_are_no_slip_and_a_slip_of_both_is(per_day):
    """Days with more of the dear ones have a median a hundred times the usual one."""
    rng = np.random.default_rng(6)
    day = np.repeat(np.arange(40), per_day)
    prices = pd.DataFrame({
        "date": pd.Timestamp(FIRST) + pd.to_timedelta(day, "D"),
        "order": np.arange(len(day)),
        "amount": rng.choice([1.0, 100.0], len(day), p=[0.6, 0.4]),
    })  # fmt: skip
    period = Period(FIRST, FIRST + dt.timedelta(days=39))
    assert quality(Facts(prices), period=period, amounts=["amount"]).table.empty
    if per_day < 10:
        return  # so few of two prices say nothing of a day
    prices.loc[day == 7, "amount"] *= 100
    found = quality(Facts(prices), period=period, amounts=["amount"]).table
    assert found[["first", "detail"]].to_numpy().tolist() == [[FIRST + dt.timedelta(days=7), 100]]


def test_days_on_which_other_things_happen_have_not_slipped():
    """A mailing at nine on five days of the week;
    on the other two what is left is spread over the day."""
    rng = np.random.default_rng(5)
    days = [FIRST + dt.timedelta(days=k) for k in range(56)]
    hours = [
        np.r_[np.full(900 * (d.weekday() not in (1, 2)), 9), rng.integers(1, 20, 110)] for d in days
    ]
    time = np.concatenate(
        [pd.Timestamp(d) + pd.to_timedelta(h, unit="h") for d, h in zip(days, hours, strict=True)]
    )
    table = EventLog(
        pd.DataFrame({"time": time, "user": np.arange(len(time)).astype(str), "event": "sent"})
    )
    found = quality(table, period=Period(days[0], days[-1])).table
    assert "clock" not in set(found["check"])


def test_a_fault_without_a_segment_is_said_without_one():
    """Beside a fault with a segment, a table keeps the other's missing one as NaN."""
    data = frame().assign(store=lambda f: np.where(f.index % 5 == 0, "S1", "S2"))
    copied = data[(data["store"] == "S1") & (data["time"].dt.date == FIRST + dt.timedelta(days=3))]
    data.loc[:6, "event"] = None
    result = quality(EventLog(pd.concat([data, copied]), dimensions=("store",)), period=PERIOD)
    assert [Where.of(*r) for r in result.table[["dimension", "value"]].to_numpy()] == [
        Where(),
        Where({"store": "S1"}),
    ]


def test_days_without_rows_that_come_every_month_are_no_end_of_the_data():
    days = [d for d in pd.date_range("2025-01-01", "2025-06-30") if d.day <= 27]
    rows = pd.DataFrame({"date": days, "amount": 1.0})
    half_year = Period(dt.date(2025, 1, 1), dt.date(2025, 6, 30))
    assert "stale" not in set(quality(Facts(rows), period=half_year).table["check"])
    cut = rows[rows["date"] < "2025-06-15"]
    found = quality(Facts(cut), period=half_year).table
    assert found.loc[found["check"] == "stale", "detail"].tolist() == [16.0]
