"""Retention and activity: small logs whose answer can be counted by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import EventLog, retention
from kpilab.errors import BadInput
from kpilab.events import Return, activity


def log_of(days, **more):
    """{user: [days]} from Monday 2026-01-05 (day 0)."""
    rows = [
        (u, pd.Timestamp("2026-01-05 12:00") + pd.Timedelta(days=d), "open")
        for u, ds in days.items()
        for d in ds
    ]
    frame = pd.DataFrame(rows, columns=["user", "time", "event"]).sample(frac=1, random_state=3)
    for column, values in more.items():
        frame[column] = frame["user"].map(values)
    return EventLog(frame)


def rates(table):
    return {(int(r["age"])): (int(r["users"]), int(r["size"])) for _, r in table.iterrows()}


LOG = {"ann": [0, 1, 3], "bob": [0, 3], "cid": [1, 2], "dan": [0]}


def test_n_day_counts_who_comes_back_on_exactly_that_day():
    curve = retention(log_of(LOG), grain="day").curve
    assert rates(curve) == {0: (4, 4), 1: (2, 4), 2: (0, 4), 3: (2, 3)}


def test_rolling_counts_who_comes_back_then_or_later():
    table = retention(log_of(LOG), grain="day", back=Return(how="rolling")).table
    assert rates(table[table["cohort"] == date(2026, 1, 5)]) == {
        0: (3, 3),
        1: (2, 3),
        2: (2, 3),
        3: (2, 3),
    }


def test_brackets_count_a_user_once():
    table = retention(
        log_of(LOG), grain="day", back=Return(how="bracket", brackets=(1, 3, 4))
    ).table
    assert rates(table[table["cohort"] == date(2026, 1, 5)]) == {0: (3, 3), 1: (1, 3), 3: (2, 3)}


def test_weeks_begin_on_monday():
    table = retention(log_of({"ann": [6, 7]})).table
    assert table["cohort"].tolist() == [date(2026, 1, 5)] * 2
    assert rates(table) == {0: (1, 1), 1: (1, 1)}


def test_retention_by_a_dimension():
    curve = retention(
        log_of(LOG, kind={"ann": "a", "bob": "a", "cid": "b", "dan": "b"}), grain="day", by="kind"
    ).curve
    assert rates(curve[curve["kind"] == "b"])[1] == (1, 2)


def test_dau_wau_mau_are_distinct_users():
    days = {f"u{k}": list(range(k, 40, 3 + k)) for k in range(6)}
    table = activity(log_of(days)).table.set_index("day")
    for d in range(27, 39):
        row = table.loc[date(2026, 1, 5) + pd.Timedelta(days=d)]
        for name, length in (("dau", 1), ("wau", 7), ("mau", 28)):
            assert row[name] == sum(any(d - length < x <= d for x in ds) for ds in days.values()), (
                name,
                d,
            )
    assert np.isnan(table["mau"].iloc[5])


def test_lifecycle_parts_sum_to_the_active_users():
    life = activity(log_of({"ann": [0, 7, 21], "bob": [7, 14], "cid": [0]})).lifecycle
    assert life.drop(columns="bucket").to_dict("list") == {
        "new": [2, 1, 0, 0], "returning": [0, 1, 1, 0], "resurrected": [0, 0, 0, 1], "dormant": [0,
            1, 1, 1],
    }  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        {"back": "opem"},
        {"grain": "year"},
        {"start": "opem"},
        {"by": "kind"},
    ],
)
def test_bad_input_is_named(options):
    with pytest.raises(BadInput):
        retention(log_of(LOG), **options)


@pytest.mark.parametrize("rest", [("n-day",), ("bracket", (3, 1)), ("bracket", (0, 1))])
def test_a_bad_return_is_named(rest):
    with pytest.raises(BadInput):
        Return("open", *rest)


@pytest.mark.few(2)
@pytest.mark.parametrize("grain", ["day", "week", "month"])
@pytest.mark.parametrize("days", [40, 300])
def test_bits_and_distinct_rows_count_alike(grain, days, monkeypatch):
    random = np.random.default_rng(days)
    n = 400
    frame = pd.DataFrame({
        "user": random.integers(0, 40, n), "event": random.choice(["open", "buy"], n),
        "os": random.choice(["ios", "web", None], n),
        "time": pd.Timestamp("1969-12-20") + pd.to_timedelta(random.integers(0, days * 86400, n),
            unit="s"),
    })  # fmt: skip
    frame.loc[::50, "user"] = None
    options = {"grain": grain, "start": "buy", "back": "open", "by": "os"}
    fast = retention(EventLog(frame), **options)
    monkeypatch.setattr("kpilab.analysis.events.retention.returns", lambda *_, **__: None)
    pd.testing.assert_frame_equal(fast.table, retention(EventLog(frame), **options).table)
