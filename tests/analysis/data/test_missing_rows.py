"""Gaps finds what only the log lost, and is silent about everything else."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.data.missing_rows import missing_rows
from kpilab.core.case import Metric
from kpilab.core.table import EventLog, Facts
from kpilab.core.values import Period
from kpilab.engine.daily import Measured
from kpilab.errors import BadInput

FIRST = dt.date(2025, 3, 3)
PERIOD = Period(FIRST, FIRST + dt.timedelta(days=55))
WEEK = (1.0, 0.9, 0.9, 1.0, 1.2, 1.5, 1.3)
STEPS = {"visit": 1.0, "order": 0.5, "pay": 0.3}


def day(k: int) -> dt.date:
    return FIRST + dt.timedelta(days=k)


def shop(
    seed: int, change=lambda store, step, k: 1.0, books=lambda store, k: 1.0
) -> tuple[EventLog, Measured]:
    """A log of three stores over 56 days, and the books of what was paid;
    the two callables scale the rates."""
    rng, rows, paid = np.random.default_rng(seed), [], []
    for s, store in enumerate(("S1", "S2", "S3")):
        for k in range(56):
            level = (30 + 15 * s) * WEEK[k % 7]
            paid.append((day(k), store, int(rng.poisson(level * STEPS["pay"] * books(store, k)))))
            for step, rate in STEPS.items():
                n = rng.poisson(level * rate * change(store, step, k))
                rows += [
                    (pd.Timestamp(day(k)) + pd.Timedelta(hours=9), f"u{i}", step, store)
                    for i in range(n)
                ]
    log = EventLog(
        pd.DataFrame(rows, columns=["time", "user", "event", "store"]), dimensions=("store",)
    )
    ledger = Facts(pd.DataFrame(paid, columns=["date", "store", "paid"]), dimensions=("store",))
    return log, Measured(ledger, Metric("paid", "facts", measure="sum(paid)"))


def lost(first: int, last: int, left: float = 0.2):
    return lambda store, step, k: left if store == "S2" and first <= k <= last else 1.0


def test_three_days_of_one_store_are_found_dated_and_sized():
    log, books = shop(1, lost(40, 42))
    row = missing_rows(log, period=PERIOD, books=books).table.iloc[0]
    assert (row["dimension"], row["value"], row["first"], row["last"]) == (
        "store",
        "S2",
        day(40),
        day(42),
    )
    true = sum(45 * WEEK[k % 7] * 1.8 * 0.8 for k in (40, 41, 42))
    assert row["low"] < true < row["high"]
    assert row["confirmed"] in (True, None)


def test_the_goal_lost_in_the_log_is_a_share_of_the_current_period():
    log, books = shop(1, lost(35, 48))
    goal = Measured(log, Metric("pays", "events", measure="count(*) filter (where event = 'pay')"))
    row = missing_rows(
        log, period=PERIOD, books=books, goal=goal, current=Period(day(28), day(55))
    ).table.iloc[0]
    assert row["confirmed"]
    assert row["goal_share"] == pytest.approx(0.8 * 14 / 28 / 3, abs=0.04)


@pytest.mark.parametrize("entries", [0.0, -1.0])
def test_books_without_usual_entries_for_a_segment_speak_neither_for_nor_against(entries):
    log, _ = shop(1, lost(40, 46, 0.0))
    rows = [(day(k), s, entries if s == "S2" else 9.0) for s in ("S1", "S2") for k in range(56)]
    table = pd.DataFrame(rows, columns=["date", "store", "paid"])
    books = Measured(
        Facts(table, dimensions=("store",)), Metric("paid", "facts", measure="sum(paid)")
    )
    row = missing_rows(log, period=PERIOD, books=books, goal=books).table.iloc[0]
    assert (row["value"], row["first"], row["last"]) == ("S2", day(40), day(46))
    assert row["confirmed"] is None
    assert row[["books_share", "books_low", "books_high"]].isna().all()


def test_of_a_goal_of_nothing_no_share_is_lost():
    log, books = shop(1, lost(40, 46, 0.0))
    goal = Measured(books.table, Metric("none", "facts", measure="sum(paid) * 0"))
    row = missing_rows(log, period=PERIOD, books=books, goal=goal).table.iloc[0]
    assert row["goal_lost"] == 0
    assert np.isnan(row["goal_share"])


def test_silent_when_nothing_is_missing():
    for seed in range(3):
        log, books = shop(seed)
        assert missing_rows(log, period=PERIOD, books=books).table.empty
        assert missing_rows(log, period=PERIOD).table.empty


def test_a_shop_that_really_closed_is_no_gap():
    closed = lost(40, 46, 0.0)
    log, books = shop(2, closed, lambda store, k: closed(store, "", k))
    assert missing_rows(log, period=PERIOD, books=books).table.empty


def test_a_drop_at_one_step_only_is_no_gap():
    log, books = shop(
        3, lambda store, step, k: 0.1 if store == "S2" and step == "order" and k >= 40 else 1.0
    )
    assert missing_rows(log, period=PERIOD, books=books).table.empty


def test_a_value_that_replaces_another_is_no_gap():
    moved = {"S1": lambda k: 1.0 if k < 30 else 0.03, "S2": lambda k: 0.0 if k < 30 else 30 / 45}
    log, _ = shop(4, lambda store, step, k: moved.get(store, lambda k: 1.0)(k))
    assert missing_rows(log, period=PERIOD).table.empty


def test_bad_input_says_how_to_mend_it():
    log, _ = shop(5)
    with pytest.raises(BadInput, match="20 days"):
        missing_rows(log, period=Period(day(0), day(19)))
    with pytest.raises(BadInput, match="no dimension named 'shop'"):
        missing_rows(log, period=PERIOD, dimensions=["shop"])
    with pytest.raises(BadInput, match="no event named 'oder'"):
        missing_rows(log, period=PERIOD, events=["oder"])


@pytest.mark.parametrize(
    ("case", "where", "first", "last"),
    [
        ("s1bc82245", ("store", "S1"), dt.date(2025, 4, 9), dt.date(2025, 4, 16)),
        ("s22451e80", ("platform", "android"), dt.date(2025, 4, 6), dt.date(2025, 4, 13)),
    ],
)
def test_development_cases(shared, case, where, first, last):
    folder = shared / "cases" / case
    dimension, value = where
    log = EventLog(
        folder / "events.parquet", user="user_id", time="ts", dimensions=(dimension, "user_type")
    )
    books = Measured(
        Facts(folder / "facts.parquet"), Metric("ledger", "facts", measure="sum(ledger_goal)")
    )
    table = missing_rows(log, period=PERIOD, books=books).table
    assert table[["dimension", "value", "first", "last"]].to_numpy().tolist() == [
        [dimension, value, first, last]
    ]
    assert table["confirmed"].tolist() == [True]
