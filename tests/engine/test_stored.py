"""Columns read as they are stored tell no more and no less than those that are looked through."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis import _

from kpilab.core.trial import Units
from kpilab.engine.experiments.moments import Group
from kpilab.engine.experiments.scan import moments
from kpilab.engine.stored import as_stored

GROUPS = [Group("x", ("x",)), Group("y", ("y",))]


@pytest.fixture
def table(tmp_path):
    def kept(*odd):
        rng = np.random.default_rng(1)
        frame = pd.DataFrame({"variant": ["A", "B"] * 1500, "x": rng.normal(5, 1, 3000), "y": 1.0})
        for k, value in enumerate(odd):
            frame.loc[2000 + k, "x"] = value
        # As arrays: pandas would write NaN as a missing value.
        columns = {c: pa.array(frame[c].to_numpy(), from_pandas=False) for c in ("x", "y")}
        rows = pa.table({"variant": frame["variant"].tolist()} | columns)
        pq.write_table(rows, tmp_path / "units.parquet")
        return Units(ibis.duckdb.connect().read_parquet(tmp_path / "units.parquet")).table

    return kept


def test_where_all_are_numbers_the_door_asks_nothing(table):
    rows = table()
    assert "ISFINITE" in ibis.to_sql(rows)
    assert "ISFINITE" not in ibis.to_sql(as_stored(rows, ["variant"]))
    assert moments(rows, GROUPS, by=["variant"]).stored


@pytest.mark.parametrize("odd", [(np.nan,), (np.inf,), (-np.inf, np.inf), (np.inf, np.nan)])
def test_what_is_no_number_is_left_out_as_ever(table, odd):
    found = moments(table(*odd), GROUPS, by=["variant"])
    assert not found.stored
    assert found.frame["x:n"].sum() == 3000 - len(odd)
    assert np.isfinite(found.frame["x:0:0"]).all()
    assert found.frame["y:n"].sum() == 3000


def test_a_filter_or_a_float_as_key_keeps_the_question(table):
    rows = table()
    assert as_stored(rows.filter(_.x > 5)) is None
    assert as_stored(rows, ["x"]) is None
