"""Panels and the Goodhart test."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.relation.goodhart import goodhart
from kpilab.analysis.relation.panel import panel
from kpilab.errors import BadInput
from kpilab.show import say
from kpilab.stats.relation.panel import panel_slopes


def stores(seed, units, slope=0.0, between=0.0, periods=30):
    rng = np.random.default_rng(seed)
    common = np.cumsum(rng.standard_normal((2, periods)) + 0.3, axis=1)
    size = rng.normal(0, 10, (units, 1))
    x = size + common[0] + np.cumsum(rng.standard_normal((units, periods)), axis=1)
    y = (
        between * size
        + common[1]
        + slope * (x - size)
        + np.cumsum(rng.standard_normal((units, periods)), axis=1)
    )
    return x, y


def long(x, y):
    units, periods = x.shape
    return pd.DataFrame(
        {
            "store": np.repeat(np.arange(units), periods),
            "week": np.tile(np.arange(periods), units),
            "kpi": x.ravel(),
            "goal": y.ravel(),
        }
    )


@pytest.mark.few(1)
@pytest.mark.parametrize("units", [8, 20])
def test_a_common_trend_is_not_a_relation(units):
    p = np.array([panel_slopes(*stores(s, units)).p for s in range(1000)])
    assert np.mean(p < 0.05) <= 0.07 + 0.014  # 7 % and two Monte-Carlo errors


def test_opposite_slopes_are_flagged():
    result = panel(
        long(*stores(1, 20, slope=0.5, between=-1.0)),
        unit="store",
        time="week",
        kpi="kpi",
        goal="goal",
    )
    assert result.ecological
    assert result.table["low"].iat[0] < 0.5 < result.table["high"].iat[0]
    assert "misleads" in say(result.headline, "en")


def test_too_few_units_is_said():
    with pytest.raises(BadInput, match="3 units"):
        panel(long(*stores(1, 3)), unit="store", time="week", kpi="kpi", goal="goal")


def test_a_kpi_that_stops_mattering_is_found():
    rng = np.random.default_rng(3)
    weeks = pd.date_range("2024-01-01", periods=104, freq="7D")
    dx = rng.standard_normal(104)
    dy = np.where(np.arange(104) < 52, 1.0, 0.0) * dx + 0.7 * rng.standard_normal(104)
    result = goodhart(
        pd.Series(np.cumsum(dx), weeks), pd.Series(np.cumsum(dy), weeks), since=weeks[52].date()
    )
    assert result.p < 0.05
    assert result.change.low < -1 < result.change.high
    assert abs((result.searched - weeks[52].date()).days) < 120
    with pytest.raises(BadInput, match="on each side"):
        goodhart(
            pd.Series(np.cumsum(dx), weeks),
            pd.Series(np.cumsum(dy), weeks),
            since=date(2024, 1, 15),
        )


def series(seed=7, n=104):
    weeks = pd.date_range("2024-01-01", periods=n, freq="7D")
    rng = np.random.default_rng(seed)
    return (pd.Series(np.cumsum(rng.normal(size=n)), weeks) for _ in range(2))


def test_goodhart_reads_periods_and_refuses_what_it_cannot():
    kpi, goal = series()
    since = date(2025, 1, 6)
    one = goodhart(kpi, goal, since=since)
    other = goodhart(kpi.to_period("W"), goal.set_axis(goal.index.date), since=since)
    assert (one.p, one.searched) == (other.p, other.searched)
    for wrong, k, g in (
        ("occurs twice", pd.concat([kpi, kpi.tail(1)]), goal),
        ("no dates", kpi.reset_index(drop=True), goal),
        ("the goal never changes", kpi, goal * 0 + 1),
    ):
        with pytest.raises(BadInput, match=wrong):
            goodhart(k, g, since=since)


def test_names_and_types_of_a_panels_columns_do_not_matter():
    data = long(*stores(1, 8, slope=0.5))
    one = panel(data, unit="store", time="week", kpi="kpi", goal="goal")
    names = {"store": "goal", "week": "unit", "kpi": "time", "goal": "kpi"}
    weeks = pd.date_range("2026-01-05", periods=30, freq="7D").to_period("W")
    other = data.assign(week=weeks[data["week"]]).rename(columns=names)
    assert panel(other, unit="goal", time="unit", kpi="time", goal="kpi").table.equals(one.table)


def test_a_missing_or_infinite_cell_of_a_panel_is_left_out():
    data = long(*stores(1, 8, slope=0.5))
    tables = [
        panel(
            data.assign(kpi=data["kpi"].where(data.index != 5, gone)),
            unit="store",
            time="week",
            kpi="kpi",
            goal="goal",
        )
        for gone in (np.nan, np.inf)
    ]
    assert tables[0].table.equals(tables[1].table)
    nameless = data.assign(store=data["store"].where(data["store"] != 3))
    found = panel(nameless, unit="store", time="week", kpi="kpi", goal="goal")
    assert "(missing)" in set(found.means["unit"])
    assert "1" in set(found.means["unit"])


def test_a_goal_that_stands_still_is_no_relation_and_no_break():
    x, _ = stores(1, 8)
    for still in (np.full(x.shape, 0.1), np.tile(np.arange(30.0), (8, 1))):
        with pytest.raises(BadInput, match="the goal never changes within units"):
            panel(long(x, still), unit="store", time="week", kpi="kpi", goal="goal")
    weeks = pd.date_range("2025-01-06", periods=60, freq="7D")
    kpi = pd.Series(np.random.default_rng(1).normal(0, 1, 60), weeks)
    found = goodhart(kpi, 0.3 * kpi + 0.1, since=date(2025, 8, 4))
    assert (found.searched_p, found.headline.key) == (1.0, "goodhart.none")
    with pytest.raises(BadInput, match="the goal never changes"):
        goodhart(kpi, pd.Series(0.1, weeks), since=date(2025, 8, 4))


def test_half_a_pair_is_left_out():
    data = long(*stores(2, 8, slope=1.0)).astype(float)
    asked = {"unit": "store", "time": "week", "kpi": "kpi", "goal": "goal"}
    rows = [5, 40, 77, 200]
    left = panel(data.drop(index=rows), **asked)
    data.loc[rows, "goal"] = np.nan
    for name in ("table", "means"):
        pd.testing.assert_frame_equal(getattr(panel(data, **asked), name), getattr(left, name))


def test_a_goal_that_is_the_kpi_itself_is_certain():
    """No residual is left to estimate an error from."""
    data = long(*stores(2, 8, slope=1.0))
    data["kpi"] = np.round(data["kpi"])
    found = panel(
        data.assign(goal=2 * data["kpi"]), unit="store", time="week", kpi="kpi", goal="goal"
    )
    row = found.table.set_index("comparison").loc["within"]
    assert row["slope"] == pytest.approx(2)
    assert row["p"] == 0


@pytest.mark.parametrize("since", ["2025-08-04", pd.Timestamp("2025-08-04"), date(2025, 8, 4)])
def test_the_day_of_goodhart_is_a_date_or_its_text(since):
    weeks = pd.date_range("2025-01-06", periods=60, freq="7D")
    rng = np.random.default_rng(3)
    kpi, goal = (pd.Series(rng.normal(size=60), weeks) for _ in range(2))
    assert goodhart(kpi, goal, since=since).since == date(2025, 8, 4)
    with pytest.raises(BadInput, match="'soon' is no day"):
        goodhart(kpi, goal, since="soon")
