"""Outages names hours that only the log lost, and is silent about quiet nights,
days off and broken steps."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.data.outages import outages
from kpilab.core.table import EventLog
from kpilab.core.values import Period
from kpilab.errors import BadInput
from kpilab.show import say

FIRST = dt.date(2025, 3, 3)
PERIOD = Period(FIRST, FIRST + dt.timedelta(days=27))
DAY = np.array([0, 0, 0, 0, 0, 1, 2, 4, 6, 7, 7, 8, 9, 8, 7, 7, 8, 9, 10, 9, 6, 4, 2, 1]) / 115
STEPS = {"visit": 1.0, "order": 0.5, "pay": 0.3}


def shop(seed: int, left=lambda store, step, hour: 1.0, rows: int = 150) -> EventLog:
    """Three stores over 28 days; `left(store, step, hour since the start)` scales what the log
    keeps."""
    rng, found = np.random.default_rng(seed), []
    for s, store in enumerate(("S1", "S2", "S3")):
        for day in range(28):
            today = rows * (1 + s / 2) * (1.3 if day % 7 >= 5 else 1.0) * rng.gamma(100, 0.01)
            for hour in range(24):
                for step, rate in STEPS.items():
                    n = rng.poisson(today * DAY[hour] * rate * left(store, step, day * 24 + hour))
                    time = pd.Timestamp(FIRST) + pd.Timedelta(days=day, hours=hour, minutes=7)
                    found += [(time, "u", step, store)] * n
    return EventLog(
        pd.DataFrame(found, columns=["time", "user", "event", "store"]), dimensions=("store",)
    )


def at(day: int, hour: int) -> pd.Timestamp:
    return pd.Timestamp(FIRST) + pd.Timedelta(days=day, hours=hour)


def lost(day: int, first: int, last: int, share: float = 1.0):
    return lambda store, step, hour: (
        1 - share if store == "S2" and day * 24 + first <= hour <= day * 24 + last else 1.0
    )


def test_five_hours_of_one_store_are_found_dated_and_sized():
    table = outages(shop(1, lost(17, 11, 15)), period=PERIOD).table
    assert table[["dimension", "value", "first", "last"]].to_numpy().tolist() == [
        ["store", "S2", at(17, 11), at(17, 15)]
    ]
    true = 150 * 1.5 * 1.8 * DAY[11:16].sum()
    assert table["low"].iloc[0] < true < table["high"].iloc[0]


def test_the_whole_log_silent_for_four_hours():
    silent = lambda store, step, hour: 0.0 if 400 <= hour <= 403 else 1.0  # noqa: E731
    row = outages(shop(2, silent), period=PERIOD).table.iloc[0]
    assert row["dimension"] is None
    assert (row["first"], row["last"]) == (at(0, 400), at(0, 403))


@pytest.mark.parametrize("seed", range(4))
def test_silent_when_nothing_is_missing(seed):
    result = outages(shop(seed), period=PERIOD)
    assert result.table.empty
    assert result.headline.key == "outages.none"


def test_a_quiet_day_everywhere_and_a_broken_step_are_no_outage():
    quiet = lambda store, step, hour: 0.4 if 240 <= hour < 264 else 1.0  # noqa: E731
    assert outages(shop(5, quiet), period=PERIOD).table.empty

    def broken(store, step, hour):
        return 0.0 if store == "S2" and step == "visit" and 416 <= hour <= 424 else 1.0

    assert outages(shop(6, broken), period=PERIOD).table.empty


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_can_be_said_and_drawn(lang):
    result = outages(shop(1, lost(17, 11, 15)), period=PERIOD)
    assert "2025-03-20 11:00" in say(result.headline, lang)
    assert result.chart(lang).to_dict()


def test_bad_input():
    log = shop(7, rows=5)
    with pytest.raises(BadInput, match="13 days"):
        outages(log, period=Period(FIRST, FIRST + dt.timedelta(days=12)))
    with pytest.raises(BadInput, match="no dimension named 'shop'"):
        outages(log, period=PERIOD, dimensions=["shop"])
    days = EventLog(pd.DataFrame({"time": [FIRST], "user": "u", "event": "pay"}))
    with pytest.raises(BadInput, match="holds days, not times"):
        outages(days, period=PERIOD)
