"""Rows without a value of a dimension are a place like any other."""

from __future__ import annotations

import pandas as pd
import pytest

import kpilab
from kpilab.analysis.rootcause.segment_search import segment_search
from kpilab.core.values import MISSING, Where
from kpilab.engine.column import SIDES
from tests.verdict.hand import shop


@pytest.mark.slow
def test_a_fall_in_rows_without_a_region_is_found_there_and_dated(tmp_path):
    shop(tmp_path, loss=False)
    log = pd.read_parquet(tmp_path / "events.parquet")
    log.loc[log["region"] == "north", "region"] = None
    log.to_parquet(tmp_path / "events.parquet", index=False)
    cause = kpilab.review(kpilab.open_case(tmp_path)).causes[0]
    assert (cause.kind, cause.where) == ("local_regression", Where({"region": (MISSING,)}))
    assert cause.period is not None
    assert str(cause.period.first) == "2025-03-31"
    assert cause.effect is not None
    # A quarter of those rows' orders, as far as the rest can tell what they would have been.
    assert cause.effect.value == pytest.approx(-0.25 * 624, rel=0.03)


def test_a_cube_with_missing_values_is_searched():
    rows = [
        (r, c, 400.0, 1000.0, 200.0 if r is None else 400.0, 1000.0)
        for r in (None, 5.0, 7.0)
        for c in "ab"
    ]
    cube = pd.DataFrame(rows, columns=["region", "channel", *SIDES])
    found = segment_search(cube, driver="rate", dimensions=["region", "channel"]).table
    assert found["where"].tolist() == [Where({"region": (MISSING,)})]
    assert found["change"].iloc[0] == pytest.approx(-0.5, abs=0.01)
