"""Paths by the compiled kernel and by the portable expression are the same,
and as a list of events says."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from kpilab import EventLog, paths
from kpilab.engine.events import stream
from kpilab.events import Ways

NAMES = ["cart", "help", "pay", "ship", "visit"]


@pytest.fixture(scope="module")
def log():
    """Ties, duplicates, rows without user, time or event, one user with many rows; in no order."""
    stream.prepare()
    random, n = np.random.default_rng(7), 400
    frame = pd.DataFrame({
        "user": np.where(random.random(n) < 0.1, "bot", random.integers(0, 30, n).astype(str)),
        "event": random.choice(NAMES, n),
        "time": pd.Timestamp("1969-12-25") + pd.to_timedelta(random.integers(0, 14 * 24, n) * 15,
            unit="min"),
    }).astype({"time": "datetime64[us]"})  # fmt: skip
    frame = pd.concat([frame, frame.head(40)], ignore_index=True)
    for k, column in enumerate(("user", "event", "time")):
        frame.loc[k::61, column] = None
    return EventLog(frame)


@pytest.mark.parametrize(
    "options",
    [
        {"start": "cart", "ways": Ways(length=3, most=5)},
        {"end": "pay", "ways": Ways(collapse=True, unit="user")},
        {"start": "cart", "end": "pay", "ways": Ways(length=6, timeout="2h")},
        {"ways": Ways(length=20, timeout="1d", most=7)},
    ],
    ids=["forward", "backward", "between", "long"],
)
def test_kernel_and_expression_are_equal(log, options, monkeypatch):
    fast = paths(log, **options)
    monkeypatch.setattr("kpilab.engine.events.trails.ready", lambda rows: False)
    slow = paths(log, **options)
    pd.testing.assert_frame_equal(fast.table, slow.table, check_dtype=False)
    pd.testing.assert_frame_equal(fast.transitions, slow.transitions, check_dtype=False)
    assert (fast.count, fast.users, fast.events) == (slow.count, slow.users, slow.events)


def test_whole_paths_are_those_of_a_plain_list(log):
    rows = log.table.to_pandas().dropna().sort_values(["user", "time", "event"])
    ways = Counter(" → ".join(e) for _, e in rows.groupby("user")["event"])
    found = paths(log, ways=Ways(unit="user", length=20, most=100)).table
    whole = {w: n for w, n in ways.items() if w.count("→") < 20}
    assert {w: n for w, n in zip(found["path"], found["count"], strict=True) if w in whole} == whole
