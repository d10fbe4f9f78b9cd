"""Reconcile names the days on which log and books part, against their usual scatter."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.data.reconcile import reconcile
from kpilab.core.case import Metric
from kpilab.core.table import Facts
from kpilab.core.values import Period
from kpilab.engine.daily import Measured
from kpilab.errors import BadInput

FIRST = dt.date(2025, 3, 3)
PERIOD = Period(FIRST, FIRST + dt.timedelta(days=29))


def side(values: np.ndarray, store: str = "S1") -> Measured:
    days = pd.date_range(FIRST, periods=len(values))
    table = Facts(
        pd.DataFrame({"date": days, "store": store, "amount": values}), dimensions=("store",)
    )
    return Measured(table, Metric("amount", "facts", measure="sum(amount)"))


def test_a_day_half_missing_is_named():
    books = np.full(30, 1000.0)
    logged = np.random.default_rng(1).normal(980, 10, 30)
    logged[12] = 490
    result = reconcile(side(logged), side(books), period=PERIOD)
    assert result.differing["day"].dt.date.tolist() == [FIRST + dt.timedelta(days=12)]
    assert result.differing["missing"].iloc[0] == pytest.approx(490, abs=15)
    assert result.table["usual"].iloc[0] == pytest.approx(0.98, abs=0.01)


def test_a_constant_ratio_and_the_usual_scatter_are_agreement():
    rng = np.random.default_rng(2)
    books = rng.poisson(400, 30).astype(float)
    assert reconcile(side(rng.poisson(0.9 * books)), side(books), period=PERIOD).differing.empty
    assert reconcile(side(books), side(books), period=PERIOD).differing.empty


def test_by_segment_and_bad_input():
    books = np.full(30, 100.0)
    logged = books.copy()
    logged[3:6] = 10
    result = reconcile(side(logged), side(books), period=PERIOD, by="store")
    assert set(result.differing["segment"]) == {"S1"}
    assert len(result.differing) == 3
    with pytest.raises(BadInput, match="no dimension named 'shop'"):
        reconcile(side(logged), side(books), period=PERIOD, by="shop")
    with pytest.raises(BadInput, match="5 days"):
        reconcile(side(logged), side(books), period=Period(FIRST, FIRST + dt.timedelta(days=4)))
    with pytest.raises(BadInput, match="neither side has rows"):
        reconcile(
            side(logged),
            side(books),
            period=Period(dt.date(2020, 1, 1), dt.date(2020, 1, 30)),
            by="store",
        )


def test_rows_without_a_value_are_a_segment():
    days = pd.date_range("2026-01-05", periods=14)
    rows = pd.DataFrame(
        [(d, s, 10.0) for d in days for s in ("north", None)], columns=["date", "store", "sales"]
    )
    side = Measured(Facts(rows), Metric(name="sales", table="facts", measure="sum(sales)"))
    found = reconcile(side, side, period=Period(days[0].date(), days[-1].date()), by="store")
    assert set(found.table["segment"]) == {"north", "(missing)"}


def test_segments_written_otherwise_are_not_agreement():
    with pytest.raises(BadInput, match="'1' in the log, '01' in the books"):
        reconcile(
            side(np.full(30, 9.0), "1"), side(np.full(30, 9.0), "01"), period=PERIOD, by="store"
        )
    one, other = side(np.full(30, 9.0)), side(np.full(30, 9.0), "S2")
    both = Facts(
        pd.concat([t.table.table.to_pandas() for t in (one, other)]), dimensions=("store",)
    )
    found = reconcile(Measured(both, one.metric), one, period=PERIOD, by="store")
    values = [dict(n.values) for n in found.notes if n.key == "reconcile.apart"]
    assert values == [{"by": "store", "segments": ("S2",), "n": 1}]
