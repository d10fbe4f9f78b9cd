"""Columns whose names differ in case alone: each is read under its own name."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import Facts, Period, experiment
from kpilab.core.case import Metric
from kpilab.engine.metrics import Cut, measure
from kpilab.experiments import Outcome, Units

DAYS = pd.date_range("2026-01-01", periods=4)
PERIODS = {"all": Period(date(2026, 1, 1), date(2026, 1, 4))}


@pytest.mark.parametrize(("column", "total"), [("Revenue", 10.0), ("revenue", 100.0)])
def test_a_measure_reads_the_column_of_its_own_spelling(column, total):
    rows = pd.DataFrame({"date": DAYS, "Revenue": [1, 2, 3, 4], "revenue": [10, 20, 30, 40]})
    found = measure(Facts(rows), [Metric("m", "facts", measure=f"sum({column})")], PERIODS, Cut())
    assert found["m"].tolist() == [total]


def test_a_condition_does_too():
    rows = pd.DataFrame({"date": DAYS, "n": 1, "City": list("aabb"), "city": list("xxxy")})
    asked = [Metric("m", "facts", measure="sum(n)", condition="city = 'x' and City = 'b'")]
    assert measure(Facts(rows), asked, PERIODS, Cut())["m"].tolist() == [1.0]


def test_an_outcome_of_units_does_too():
    rng = np.random.default_rng(1)
    units = pd.DataFrame(
        {"variant": ["A", "B"] * 50, "Paid": rng.normal(10, 1, 100), "paid": rng.normal(99, 1, 100)}
    )
    for column in ("Paid", "paid"):
        table = experiment(Units(units), metrics=[Outcome("m", column)], control="A").table
        assert table["value"].iloc[0] == pytest.approx(
            units.loc[units["variant"] == "B", column].mean()
        )
