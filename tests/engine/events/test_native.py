"""The kernels are on their way as soon as a large log is opened, and never for a small one."""

from __future__ import annotations

import pandas as pd
import pytest

from kpilab import EventLog
from kpilab.engine.events import native


@pytest.mark.parametrize(
    ("rows", "begun"), [(native.WORTH_LOADING - 1, 0), (native.WORTH_LOADING, 1)]
)
def test_opening_a_large_log_begins_to_load_the_kernels(monkeypatch, rows, begun):
    calls = []
    monkeypatch.setattr(native, "_loading", lambda: calls.append(1))
    frame = pd.DataFrame(
        {"user": 1, "time": pd.Timestamp("2026-01-01"), "event": "a"}, index=range(rows)
    )
    EventLog(frame)
    assert len(calls) == begun


@pytest.mark.parametrize(("pattern", "begun"), [("log.csv", 0), ("l*.csv", 1)])
def test_so_does_a_large_file(monkeypatch, tmp_path, pattern, begun):
    calls = []
    monkeypatch.setattr(native, "_loading", lambda: calls.append(1))
    monkeypatch.setattr(native, "WORTH_EXPECTING", 60)
    for name in ("log.csv", "log2.csv"):
        (tmp_path / name).write_text("user,time,event\n1,2026-01-01 00:00:00,a\n")
    EventLog(tmp_path / pattern)
    assert len(calls) == begun
