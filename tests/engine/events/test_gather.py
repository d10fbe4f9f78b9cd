"""What a funnel over a large log puts into the engine is gone when nobody asks for it any more."""

from __future__ import annotations

import gc

import ibis
import numpy as np
import pandas as pd
import pytest

from kpilab import EventLog, funnel
from kpilab.engine.events import gather, stream
from kpilab.engine.events.step_rows import rows_of
from kpilab.engine.events.steps import Steps, planned


def test_outcomes_do_not_stay_in_the_engine():
    stream.prepare()
    con = ibis.duckdb.connect()
    rows = pd.DataFrame(
        {"user": [1, 1, 2], "event": ["a", "b", "a"], "time": pd.to_datetime(["2026-01-01"] * 3)}
    )
    log = EventLog(con.create_table("events", rows))
    assert funnel(log, ["a", "b"], breakdown="user").table["users"].tolist() == [2, 1]
    gc.collect()
    assert con.list_tables() == ["events"]
    assert not [t for t in ibis.get_backend().list_tables() if t.startswith("kpilab")]


def test_outcomes_stay_while_they_are_asked_for():
    con = ibis.duckdb.connect()
    rows = con.create_table("rows", pd.DataFrame({"unit": [1, 1], "t": [0, 1], "mask": [1, 2]}))
    found = stream.outcomes(rows, stream.Chain(2), ("unit",)).mutate(twice=ibis._.level * 2)
    gc.collect()
    assert found.to_pandas()["twice"].tolist() == [4]


@pytest.mark.parametrize("kind", [int, str])
def test_a_log_that_is_too_large_is_read_in_shares(monkeypatch, kind):
    rng, n = np.random.default_rng(3), 4000
    frame = pd.DataFrame({
        "user": rng.integers(0, 300, n).astype(kind), "event": rng.choice(["a", "b", "c"], n),
        "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 10**6, n), unit="s"),
    })  # fmt: skip
    con = ibis.duckdb.connect()
    log = EventLog(con.create_table("events", frame))
    rows, keys = rows_of(log, planned(Steps(["a", "b", "c"]), "2d", log), by="session")
    whole = (
        stream.outcomes(rows, stream.Chain(3, 2 * 86_400_000_000), keys).order_by(keys).to_pandas()
    )
    monkeypatch.setattr(gather, "BUDGET", 1e5)
    assert len(gather.shares(rows, keys)) == 5
    shared = stream.outcomes(rows, stream.Chain(3, 2 * 86_400_000_000), keys)
    pd.testing.assert_frame_equal(shared.order_by(keys).to_pandas(), whole)
    del shared
    gc.collect()
    assert not [t for t in con.list_tables() if t.startswith("kpilab")]
