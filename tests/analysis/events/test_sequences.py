"""Sequences: what follows an event, and what does not."""

from __future__ import annotations

import pandas as pd

from kpilab import EventLog
from kpilab.events import sequences


def test_two_of_one_name_at_one_moment_do_not_follow_each_other():
    rows = [("a", "x", 0), ("a", "x", 0), ("b", "x", 0), ("c", "x", 0), ("c", "x", 5)]
    frame = pd.DataFrame(rows, columns=["user", "event", "time"])
    frame["time"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame["time"], unit="min")
    for adjacent in (False, True):
        row = sequences(EventLog(frame), ("x", "x"), within="1h", adjacent=adjacent).table.iloc[0]
        assert list(row[["times", "followed", "users", "users_followed"]]) == [5, 1, 3, 1]
