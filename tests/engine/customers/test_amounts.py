"""Whether rows stand for what their customers had."""

from __future__ import annotations

import pandas as pd
import pytest

from kpilab.core.case import Metric
from kpilab.core.table import Facts
from kpilab.engine.customers.amounts import DAY, WHO, amounts
from kpilab.errors import BadInput

ROWS = pd.DataFrame({
    "date": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-02", "2026-01-03"]),
    "who": ["a", "a", "a", "b"], "amount": [2.0, 3.0, -1.0, 0.0], "good": [True, True, False, True],
})  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "condition", "adds"),
    [
        ("sum(amount)", None, False),
        ("sum(amount)", "good", True),
        ("sum(amount) filter (where good)", None, True),
        ("sum(amount) - sum(amount) filter (where good)", None, False),
        ("count(*)", None, False),
    ],
)
def test_rows_are_pieces_where_none_takes_away(measure, condition, adds):
    metric = Metric("m", "facts", measure=measure, condition=condition)
    found = amounts(Facts(ROWS), metric, "who")
    assert found.only_adds() == adds
    pieces, single = found.pieces([WHO, DAY], "m")
    assert single == adds
    rows = pieces.execute()
    assert (rows["m"] != 0).all()
    summed = found.of([WHO, DAY], {"m": None}).execute()
    summed = summed[summed["m"] != 0].set_index([WHO, DAY])["m"].sort_index()
    assert rows.groupby([WHO, DAY])["m"].sum().to_dict() == summed.to_dict()


@pytest.mark.parametrize("condition", [None, "good"])
def test_by_day_the_amounts_are_the_same(condition):
    metric = Metric("m", "facts", measure="sum(amount)", condition=condition)
    found = amounts(Facts(ROWS), metric, "who")
    daily = found.by_day()
    sums = [
        f.of([WHO], {"m": None}).execute().set_index(WHO)["m"].to_dict() for f in (found, daily)
    ]
    assert sums[0] == sums[1]
    assert daily.rows.count().execute() == 3
    assert daily.span == found.span
    assert daily.only_adds() == (condition == "good")
    assert daily.until(daily.span[0]).span == (daily.span[0], daily.span[0])


def test_no_row_has_no_days():
    with pytest.raises(BadInput, match="no row has a day"):
        amounts(Facts(ROWS.iloc[:0]), "amount", "who").by_day()
