"""The network has a spoke for every related KPI; a panel's chart has a line for every unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.relation import panel, screen
from kpilab.show import chart


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_spoke_for_every_related_kpi_and_a_tie_for_every_echo(lang):
    random, n = np.random.default_rng(1), 104
    new = random.standard_normal((5, n))
    orders, visits = np.cumsum(new[0]), np.cumsum(new[1])
    frame = pd.DataFrame(
        {
            "orders": orders,
            "visits": visits,
            "page views": 3 * visits + 0.1 * new[2],
            "mails": np.cumsum(new[3]),
            "revenue": np.cumsum(new[4] + 1.5 * new[0]),
        },
        pd.date_range("2024-01-01", periods=n, freq="W-MON"),
    )
    spec = chart(screen(frame, goal="revenue"), lang).to_dict()
    lines, ties = spec["vconcat"][1]["layer"][:2]
    rows = spec["datasets"]
    assert [row["kpi"] for row in rows[lines["data"]["name"]]] == ["orders"]
    assert {(r["kpi"], r["kpi2"]) for r in rows[ties["data"]["name"]]} in (
        {("visits", "page views")},
        {("page views", "visits")},
    )


def test_a_layer_without_marks_is_not_drawn():
    random, n = np.random.default_rng(1), 104
    days = pd.date_range("2024-01-01", periods=n, freq="W-MON")
    alone = pd.DataFrame(
        random.standard_normal((n, 3)).cumsum(0), days, ["orders", "mails", "goal"]
    )
    spec = chart(screen(alone, goal="goal"), "en").to_dict()
    drawn = spec["vconcat"][1]["layer"]
    assert all(spec["datasets"][layer["data"]["name"]] for layer in drawn)
    assert not [layer for layer in drawn if layer["mark"]["type"] == "rule"]


def test_every_store_has_its_mean_and_the_slope_inside_it():
    random = np.random.default_rng(2)
    frames = [
        pd.DataFrame(
            {"store": k, "week": range(20), "visits": 10 * k + random.standard_normal(20).cumsum()}
        )
        for k in range(6)
    ]
    frame = pd.concat(frames).assign(
        sales=lambda f: 100 - 5 * f["store"] + 0.5 * (f["visits"] - 10 * f["store"])
    )
    found = panel(frame, unit="store", time="week", kpi="visits", goal="sales")
    spec = chart(found, "en").to_dict()
    drawn = pd.DataFrame(spec["datasets"][spec["layer"][0]["data"]["name"]])
    slopes = (drawn["y_to"] - drawn["y_from"]) / (drawn["kpi_to"] - drawn["kpi_from"])
    assert len(drawn) == 6
    assert slopes.to_numpy() == pytest.approx(0.5)
