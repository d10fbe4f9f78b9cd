"""Metrics as tables and daily series."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kpilab.core.case import Metric
from kpilab.core.values import Where
from kpilab.errors import BadInput
from kpilab.questions.series import by_day, days_of, declared, is_share, measured, watched


def test_metrics_of_several_tables_stand_side_by_side(asked):
    days = by_day(asked, ["takings", "visits"])
    assert days["takings"].tolist() == [float(k) for k in range(14)]
    assert days["visits"].tolist() == [1.0] * 14


def test_one_metric_in_a_segment(asked):
    assert days_of(asked, "takings", where=Where({"city": ("A",)}))["takings:num"].sum() == 91
    assert measured(asked, "takings").table.name == "till"


def test_what_somebody_looks_at_without_the_goal(asked):
    assert watched(asked) == ("callbacks", "visits")


def test_an_unknown_metric_is_refused(asked):
    with pytest.raises(BadInput, match="'visist'"):
        declared(asked, "visist")


@pytest.mark.parametrize(
    ("metric", "values", "share"),
    [
        ({"numerator": "count(*)", "denominator": "count(*)"}, (0.2, 0.3), True),
        ({"numerator": "count(*)", "denominator": "count(*)"}, (0.2, 1.3), False),
        ({"numerator": "count(*)", "denominator": "count(*)", "unit": "min"}, (0.2, 0.3), False),
        ({"measure": "count(*)"}, (1.0, 1.0), False),
    ],
)
def test_a_rate_between_nothing_and_all_is_a_share(asked, metric, values, share):
    metrics = {**asked.metrics, "rate": Metric("rate", "till", **metric)}
    assert is_share(replace(asked, metrics=metrics), "rate", *values) == share
