"""Dating: a planted step is dated, a ramp is called gradual, noise is not dated."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.dating import dating
from kpilab.errors import BadInput


def series(seed, level):
    rng = np.random.default_rng(seed)
    days = pd.date_range("2025-03-03", periods=len(level), freq="D")
    week = np.where(days.dayofweek >= 5, 1.3, 1.0)
    exposure = rng.poisson(500 * week)
    return pd.DataFrame({"day": days, "orders": rng.binomial(exposure, level), "visits": exposure})


def test_a_step_is_dated_within_its_interval():
    level = np.where(np.arange(56) < 26, 0.30, 0.22)
    results = [dating(series(s, level), value="orders", exposure="visits") for s in range(20)]
    truth = date(2025, 3, 29)
    assert sum(r.low <= truth <= r.high for r in results) >= 18
    assert all(abs((r.start - truth).days) <= 3 for r in results)
    assert np.mean([r.gradual for r in results]) < 0.4


def test_a_ramp_is_gradual():
    level = 0.30 - 0.12 * np.clip((np.arange(56) - 20) / 21, 0, 1)
    assert dating(series(1, level), value="orders", exposure="visits").gradual > 0.9


def test_noise_is_not_dated():
    results = [dating(series(s, np.full(56, 0.3)), value="orders", exposure="visits") for s in range(60)]
    assert sum(r.start is not None for r in results) <= 7  # 5 % expected; 7 of 60 has a chance below 3 %


def test_entries_of_the_change_log_near_the_start_are_candidates():
    level = np.where(np.arange(56) < 26, 0.30, 0.20)
    log = [(date(2025, 3, 29), "rollout of v7.1"), (date(2025, 4, 20), "office moved")]
    result = dating(series(2, level), value="orders", exposure="visits", changes=log)
    assert result.candidates == ((date(2025, 3, 29), "rollout of v7.1"),)
    assert result.period.last == date(2025, 4, 27)


def test_too_short_a_series_is_refused():
    with pytest.raises(BadInput, match="the series has 5 days"):
        dating(series(0, np.full(5, 0.3)), value="orders")
