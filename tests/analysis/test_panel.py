"""Panels and the Goodhart test."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.goodhart import goodhart
from kpilab.analysis.panel import panel
from kpilab.errors import BadInput
from kpilab.show import say
from kpilab.stats.panel import panel_slopes


def stores(seed, units, slope=0.0, between=0.0, periods=30):
    rng = np.random.default_rng(seed)
    common = np.cumsum(rng.standard_normal((2, periods)) + 0.3, axis=1)
    size = rng.normal(0, 10, (units, 1))
    x = size + common[0] + np.cumsum(rng.standard_normal((units, periods)), axis=1)
    y = between * size + common[1] + slope * (x - size) + np.cumsum(rng.standard_normal((units, periods)), axis=1)
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


@pytest.mark.parametrize("units", [8, 20])
def test_a_common_trend_is_not_a_relation(units):
    p = np.array([panel_slopes(*stores(s, units)).p for s in range(1000)])
    assert np.mean(p < 0.05) <= 0.07 + 0.014  # 7 % and two Monte-Carlo errors


def test_opposite_slopes_are_flagged():
    result = panel(long(*stores(1, 20, slope=0.5, between=-1.0)), unit="store", time="week", kpi="kpi", goal="goal")
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
    result = goodhart(pd.Series(np.cumsum(dx), weeks), pd.Series(np.cumsum(dy), weeks), since=weeks[52].date())
    assert result.p < 0.05
    assert result.change.low < -1 < result.change.high
    assert abs((result.searched - weeks[52].date()).days) < 120
    with pytest.raises(BadInput, match="on each side"):
        goodhart(pd.Series(np.cumsum(dx), weeks), pd.Series(np.cumsum(dy), weeks), since=date(2024, 1, 15))
