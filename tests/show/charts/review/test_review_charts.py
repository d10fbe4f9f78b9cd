"""Charts of the goal step and the bridge: what is drawn is what was computed."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
import vl_convert

from kpilab.analysis.rootcause.attainment import AttainmentResult
from kpilab.analysis.rootcause.drivers import DriversResult
from kpilab.analysis.rootcause.history import HistoryResult
from kpilab.core.finding import BridgeRow
from kpilab.report.words import Words
from kpilab.show.charts.review.bridge import bridge
from tests.report import reviews

NAN = float("nan")


def goals() -> AttainmentResult:
    rows = [
        ("orders", "goal", None, 100.0, 80.0, -0.2, -0.3, -0.1, 0.001, NAN, None),
        ("rate", "kpi", "ann", 0.4, 0.41, 0.025, -0.01, 0.06, 0.2, 0.4, True),
        ("zero", "kpi", "bob", 0.0, 3.0, NAN, NAN, NAN, NAN, 5.0, False),
    ]
    names = [
        "metric",
        "role",
        "owner",
        "baseline",
        "current",
        "change",
        "low",
        "high",
        "p",
        "target",
        "reached",
    ]
    table = pd.DataFrame(rows, columns=names)
    return AttainmentResult(table.assign(like=table["baseline"]), level=0.95)


def split() -> DriversResult:
    row = {
        "ratio": False,
        "baseline": 9.0,
        "current": 8.0,
        "change": -0.1,
        "low": -0.2,
        "high": 0.1,
        "p": 0.1,
    }
    ends = {"contribution": -4.0, "contribution_low": -6.0, "contribution_high": -2.0}
    rows = [
        {"driver": "visits", "watched": True} | row | ends,
        {"driver": "pay", "watched": False} | row | ends,
    ]
    return DriversResult(
        pd.DataFrame(rows),
        mix=pd.DataFrame(),
        goal="orders",
        scale=1.0,
        unexplained=0.0,
        level=0.95,
    )


def days() -> HistoryResult:
    dates = pd.date_range("2026-01-01", periods=6)
    table = pd.DataFrame(
        {"date": dates, "period": ["baseline"] * 3 + ["current"] * 3, "value": range(6)}
    )
    parts = [table.assign(metric=m, role=r) for m, r in (("orders", "goal"), ("rate", "kpi"))]
    return HistoryResult(pd.concat(parts, ignore_index=True))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("result", [goals(), split(), days()], ids=lambda r: r.kind)
def test_each_chart_can_be_drawn(result, lang):
    assert vl_convert.vegalite_to_svg(result.chart(lang).to_json()).startswith("<svg")


def test_an_unwatched_driver_says_so():
    assert "pay (not monitored)" in split().chart().to_json()
    assert "pay (未监控)" in split().chart("zh").to_json()


def test_reaching_the_target_is_written_beside_the_kpi():
    text = goals().chart().to_json()
    assert "target reached" in text
    assert "target missed" in text


def test_the_bridge_begins_at_expected_and_ends_at_the_log():
    review = reviews.story()
    rows = max(bridge(review, Words(review, "en").say).to_dict()["datasets"].values(), key=len)
    assert (rows[0]["stop"], rows[-1]["stop"]) == (52_000.0, 44_500.0)
    assert rows[-2]["stop"] == pytest.approx(44_500.0)
    cause = next(r for r in rows if r["text"] == "−5,200")
    assert cause["high"] - cause["low"] == pytest.approx(1_800.0)


def test_rows_with_the_same_label_stay_apart():
    review = reviews.story()
    twin = BridgeRow(reviews.said("Rest: twin"), -1.0)
    review = replace(review, bridge=(twin, twin))
    sets = bridge(review, Words(review, "en").say).to_dict()["datasets"].values()
    names = [row["middle"] for row in max(sets, key=len)]
    assert len(names) == len(set(names)) == 4


def test_small_steps_beside_large_totals_are_seen():
    goal = replace(reviews.story().goal, expected=238_000.0, logged=234_000.0)
    review = replace(reviews.story(), goal=goal, bridge=(BridgeRow(reviews.said("a: b"), -4000.0),))
    chart = bridge(review, Words(review, "en").say)
    # From zero, both totals would fill the width and the step none of it.
    assert ">0<" not in svg(chart)


def test_a_bridge_of_a_share_is_in_per_cent_and_points():
    goal = replace(reviews.story().goal, expected=0.12, logged=0.1)
    review = replace(reviews.story(), goal=goal, bridge=(BridgeRow(reviews.said("a: b"), -0.02),))
    text = svg(bridge(replace(review, shares=("paid_orders",)), Words(review, "en").say))
    assert all(said in text for said in ("12.0 %", "−2.0 pp", "10.0 %"))


def svg(chart):
    return vl_convert.vegalite_to_svg(chart.to_json())
