"""Quality counts each kind of fault, and finds none where there is none."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.quality import quality
from kpilab.core.table import EventLog, Executions
from kpilab.core.values import Period
from kpilab.errors import BadInput

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
    assert found["rows"].to_dict() == {"empty": 7, "out_of_range": 3, "repeated_rows": 4, "repeated_ids": 5}


def test_a_table_that_ends_early_is_stale():
    data = frame()
    found = faults(data[data["time"] < "2025-03-14"])
    assert found.loc["stale", "detail"] == 3


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
    table = quality(Executions(pd.DataFrame(rows), recorded="entered"), period=Period(FIRST, FIRST)).table
    assert table[["check", "rows"]].to_numpy().tolist() == [["entered_before", 1]]


def test_bad_input():
    with pytest.raises(BadInput, match="no column named 'amout'"):
        faults(frame(), amounts=["amout"])
