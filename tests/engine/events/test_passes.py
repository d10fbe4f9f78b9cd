"""The expression of a chain is written once, and its outcomes go when nobody asks for them."""

from __future__ import annotations

import gc

import ibis
import pandas as pd
import pytest

from kpilab.engine.events import passes, windows
from kpilab.engine.events.chain import Chain

CHAIN, KEYS = Chain(2, within=100, groups=((0,), (1,))), ("unit",)
ROWS = pd.DataFrame({"unit": [1, 1, 2, 2], "t": [10, 20, 10, 300], "mask": [1, 2, 1, 2]})


@pytest.fixture
def con():
    return ibis.duckdb.connect()


def ordered(table) -> pd.DataFrame:
    return table.order_by("unit").to_pandas()


def test_the_outcomes_are_those_of_the_expression(con):
    rows = con.create_table("rows", ROWS)
    found = ordered(passes.expressed(rows, CHAIN, KEYS))
    assert found["level"].tolist() == [2, 1]
    pd.testing.assert_frame_equal(found, ordered(windows.outcomes(rows, CHAIN, KEYS)))


def test_other_rows_are_asked_with_the_same_text(con):
    rows = con.create_table("rows", ROWS)
    passes.expressed(rows, CHAIN, KEYS)
    written = passes._written.cache_info().misses
    late = ordered(passes.expressed(rows.filter(rows["t"] > 10), Chain(1), KEYS))
    assert late["unit"].tolist() == []
    part = ordered(passes.expressed(rows.filter(rows["unit"] == 2), CHAIN, KEYS))
    assert part["level"].tolist() == [1]
    assert passes._written.cache_info().misses == written + 1  # that of the other chain


def test_what_nobody_asks_for_any_more_is_dropped(con):
    rows = con.create_table("rows", ROWS)
    before = con.list_tables()
    found = passes.expressed(rows, CHAIN, KEYS)
    assert len(con.list_tables()) == len(before) + 1
    del found
    gc.collect()
    assert con.list_tables() == before
