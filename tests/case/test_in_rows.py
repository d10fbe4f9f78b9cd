"""Metrics that stand in rows, one below the other, and which of a table's numbers is its goal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.cli.first import written

DAYS = pd.date_range("2026-01-05", periods=28)


def sales() -> pd.DataFrame:
    frame = pd.DataFrame({"day": DAYS.repeat(2), "store": ["north", "south"] * 28})
    frame["orders"] = 20 + np.arange(56) % 5
    frame["revenue"] = frame["orders"] * 30.5
    frame["margin_rate"] = 0.2
    return frame


@pytest.mark.parametrize("across", [False, True], ids=["down", "days across"])
def test_metrics_in_rows_are_metrics_of_their_own(tmp_path, across):
    names = ["day", "store"]
    frame = sales().melt(names, var_name="metric", value_name="value")
    if across:
        frame = frame.assign(day=frame["day"].dt.strftime("%Y-%m-%d")).pivot(
            index=["store", "metric"], columns="day", values="value"
        )
        frame = frame.reset_index()
    frame.to_csv(tmp_path / "sales.csv", index=False)
    case = written(tmp_path).case
    assert case.goal.metric == "revenue"
    assert case.tables["sales"].dimensions_named == ("store",)
    assert case.metrics["orders"].measure == "sum(value)"
    assert case.metrics["margin_rate"].is_ratio


@pytest.mark.parametrize(
    ("other", "values"),
    [
        ("cumulative_revenue", sales()["revenue"].cumsum()),
        ("revenue ytd", sales()["revenue"].cumsum()),
        ("target_revenue", 1000.5),
        ("sales_plan", 900.5),
        ("销售额目标", 900.5),
    ],
)
def test_what_is_wanted_or_summed_up_already_is_no_goal(tmp_path, other, values):
    frame = sales()
    frame.insert(1, other, values)
    frame.to_csv(tmp_path / "sales.csv", index=False)
    assert written(tmp_path).case.goal.metric == "revenue"


def test_where_no_column_is_called_like_an_amount_all_others_are_told(tmp_path):
    across = sales().pivot(index="day", columns="store", values="revenue").reset_index()
    across.to_csv(tmp_path / "sales.csv", index=False)
    first = written(tmp_path)
    assert first.case.goal.metric == "north"
    assert first.alternatives == ("sales.south",)
