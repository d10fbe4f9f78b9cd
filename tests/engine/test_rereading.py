"""Counts by segment of a re-read experiment, whatever the dimensions are called."""

from __future__ import annotations

from datetime import date

import ibis
import pandas as pd

from kpilab.engine.rereading import segment_counts


def test_a_dimension_may_be_called_like_a_column_of_the_answer():
    con = ibis.duckdb.connect()
    who = con.create_table("who", pd.DataFrame({"unit": ["a", "b", "c"], "variant": ["A", "B", "B"]}))
    seen = pd.DataFrame({
        "unit": ["a", "b", "b"], "time": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"]),
        "hit": [True, False, True], "variant": ["x", "y", "z"], "d1": ["n", "s", "n"],
    })  # fmt: skip
    events = con.create_table("events", seen)
    found = segment_counts(who, events, ("variant", "d1"), date(2026, 1, 31))
    rows = {
        (r.variant, r.dimension, None if pd.isna(r.value) else r.value): (r.units, r.hits) for r in found.itertuples()
    }
    assert rows == {
        ("A", "", None): (1, 1), ("B", "", None): (2, 1),
        ("A", "variant", "x"): (1, 1), ("B", "variant", "y"): (1, 1), ("B", "variant", None): (1, 0),
        ("A", "d1", "n"): (1, 1), ("B", "d1", "s"): (1, 1), ("B", "d1", None): (1, 0),
    }  # fmt: skip
