"""Goodhart: did the relation break when the KPI became a target?"""

from __future__ import annotations

import numpy as np

from kpilab.stats.breaks import slope_break, sup_f


def world(rng, slope_after, n=52):
    dx = rng.standard_normal(n)
    slope = np.where(np.arange(n) < n // 2, 1.0, slope_after)
    return np.cumsum(dx), np.cumsum(slope * dx + rng.standard_normal(n))


def test_size_and_power_at_a_known_date():
    rng = np.random.default_rng(1)
    size = np.mean([slope_break(*world(rng, 1.0), 26).p < 0.05 for _ in range(1500)])
    power = np.mean([slope_break(*world(rng, 0.0), 26).p < 0.05 for _ in range(500)])
    assert size <= 0.067  # 6 % plus Monte-Carlo error
    assert power >= 0.8


def test_a_searched_break_is_corrected_for_the_search():
    rng = np.random.default_rng(2)
    p = [sup_f(rng.standard_normal(60), np.ones((60, 1)), draws=300).p for _ in range(200)]
    assert np.mean(np.array(p) < 0.05) <= 0.1
    y = rng.standard_normal(60) + 2 * (np.arange(60) >= 35)
    found = sup_f(y, np.ones((60, 1)))
    assert abs(found.last - 34) <= 2
    assert found.p < 0.01
