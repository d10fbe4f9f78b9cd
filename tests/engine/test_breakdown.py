"""Sums by one dimension after the other equal a query for each."""

from __future__ import annotations

import ibis
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from kpilab.engine.breakdown import broken_down, together
from kpilab.engine.run import MAX_ROWS

VALUES = st.sampled_from(["a", "b", None])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), VALUES, VALUES, st.integers(0, 9)), min_size=1, max_size=30
    )
)
def test_it_equals_a_query_per_dimension(rows):
    frame = pd.DataFrame(rows, columns=["day", "x", "y", "n"]).astype({"x": "str", "y": "str"})
    con = ibis.duckdb.connect()
    table = con.create_table("t", frame)
    sums = {"rows": "COUNT(*)", "n": "SUM(n)"}
    found = broken_down(table, {"day": table["day"]}, ("x", "y"), sums, "test")
    whole = found[found["dimension"] == ""].set_index("day")
    assert whole["rows"].to_dict() == frame.groupby("day").size().to_dict()
    assert whole["n"].astype(int).to_dict() == frame.groupby("day")["n"].sum().to_dict()
    for name in ("x", "y"):
        own = found[found["dimension"] == name]
        got = {
            (r.day, None if pd.isna(r.value) else r.value): (r.rows, int(r.n))
            for r in own.itertuples()
        }
        wanted = {
            (day, None if pd.isna(value) else value): (len(part), part["n"].sum())
            for (day, value), part in frame.groupby(["day", name], dropna=False)
        }
        assert got == wanted


def test_without_dimensions_there_are_the_sums_over_all():
    table = ibis.duckdb.connect().create_table("t", pd.DataFrame({"day": [1, 1, 2]}))
    found = broken_down(table, {"day": table["day"]}, (), {"rows": "COUNT(*)"}, "test")
    assert found.sort_values("day")["rows"].tolist() == [2, 1]
    assert set(found["dimension"]) == {""}


def test_large_dimensions_are_asked_for_apart():
    sizes = {"a": 10, "b": 10, "c": MAX_ROWS}
    assert list(together(sizes, 5)) == [("a", "b"), ("c",)]
    assert list(together({}, 5)) == [()]
