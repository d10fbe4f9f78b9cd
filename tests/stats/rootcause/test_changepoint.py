"""The date of a change of level: called as seldom as is said where nothing changed."""

from __future__ import annotations

import numpy as np

from kpilab.stats.rootcause.changepoint import date_change


def test_a_month_without_a_change_is_called_as_seldom_as_is_said():
    """Weekdays take a quarter of a month's squares along, in shuffled series as in its own."""
    week = np.arange(30) % 7
    called = 0
    for seed in range(200):
        y = 100 + np.random.default_rng(seed).normal(size=30)
        found = date_change(y, np.ones(30), week, draws=199)
        called += found is not None and found.p < 0.05
    assert called <= 18  # 5 % of 200, and two and a half errors
