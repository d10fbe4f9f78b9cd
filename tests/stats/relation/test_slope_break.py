"""Goodhart: did the relation break when the KPI became a target?"""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.relation.breaks import sup_f
from kpilab.stats.relation.slope_break import slope_break


def world(rng, slope_after, n=52):
    dx = rng.standard_normal(n)
    slope = np.where(np.arange(n) < n // 2, 1.0, slope_after)
    return np.cumsum(dx), np.cumsum(slope * dx + rng.standard_normal(n))


@pytest.mark.slow
def test_size_power_and_coverage_at_a_known_date():
    """The full figures over families of series are those of
    `benchmarks/relation.py --part goodhart`."""
    rng = np.random.default_rng(1)
    alike = [slope_break(*world(rng, 1.0), 26, draws=199) for _ in range(300)]
    broken = [slope_break(*world(rng, 0.0), 26, draws=199) for _ in range(200)]
    assert np.mean([b.p < 0.05 for b in alike]) <= 0.09  # 6 % plus Monte-Carlo error
    assert np.mean([b.p < 0.05 for b in broken]) >= 0.8
    assert np.mean([b.change[1] <= -1 <= b.change[2] for b in broken]) >= 0.91
    assert np.mean([b.before[1] <= 1 <= b.before[2] for b in broken]) >= 0.91


@pytest.mark.slow
def test_noise_that_grows_with_the_target_is_no_break():
    rng = np.random.default_rng(4)
    found = 0
    for _ in range(300):
        dx = rng.standard_normal(60)
        noise = rng.standard_normal(60) * np.where(np.arange(60) < 40, 1.0, 4.0)
        found += slope_break(np.cumsum(dx), np.cumsum(dx + noise), 40, draws=199).p < 0.05
    assert found / 300 <= 0.09


def test_the_units_of_the_series_do_not_matter():
    kpi, goal = world(np.random.default_rng(3), 0.0)
    plain, scaled = slope_break(kpi, goal, 26), slope_break(1e6 * kpi + 5e8, goal / 1e3 + 7, 26)
    assert np.allclose(np.array(plain.change), np.array(scaled.change) * 1e9, rtol=1e-5)
    assert plain.p == scaled.p


@pytest.mark.slow
def test_a_searched_break_is_corrected_for_the_search():
    rng = np.random.default_rng(2)
    p = [sup_f(rng.standard_normal(60), np.ones((60, 1)), draws=300).p for _ in range(200)]
    assert np.mean(np.array(p) < 0.05) <= 0.1
    y = rng.standard_normal(60) + 2 * (np.arange(60) >= 35)
    found = sup_f(y, np.ones((60, 1)))
    assert abs(found.last - 34) <= 2
    assert found.p < 0.01
