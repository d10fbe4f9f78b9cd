"""What a funnel over a large log puts into the engine is gone when nobody asks for it any more."""

from __future__ import annotations

import gc

import ibis
import pandas as pd

from kpilab import EventLog, funnel
from kpilab.engine import stream


def test_outcomes_do_not_stay_in_the_engine():
    stream.prepare()
    con = ibis.duckdb.connect()
    rows = pd.DataFrame({"user": [1, 1, 2], "event": ["a", "b", "a"], "time": pd.to_datetime(["2026-01-01"] * 3)})
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
