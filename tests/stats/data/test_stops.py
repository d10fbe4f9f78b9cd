"""Days on which nothing came, and steps of level."""

from __future__ import annotations

import numpy as np

from kpilab.stats.data.stops import steps, stops

NEVER = np.full(400, -1)


def test_days_without_rows_in_a_full_series_are_a_stop():
    y = np.full(60, 5.0)
    y[20:24] = np.nan
    assert stops(y, np.arange(60) % 7) == ((20, 24),)


def test_weekends_off_are_none():
    code = np.arange(70) % 7
    assert stops(np.where(code >= 5, 0.0, 5.0), code) == ()


def test_quiet_days_of_a_thin_series_are_none():
    y = np.random.default_rng(1).poisson(0.7, 300).astype(float)
    assert stops(y, np.arange(300) % 7) == ()


def test_a_step_is_dated_and_sized():
    y = np.random.default_rng(2).normal(100, 3, 120)
    y[60:] *= 0.6
    found = steps(y, NEVER[:120])
    assert len(found) == 1
    assert abs(found[0].at - 60) <= 1
    assert abs(found[0].size + 0.4) < 0.03


def test_a_day_of_fireworks_is_no_step():
    y = np.random.default_rng(3).normal(100, 3, 120)
    y[60:63] *= 3
    assert steps(y, NEVER[:120]) == ()


def test_noise_has_no_steps():
    for seed in range(30):
        assert steps(np.random.default_rng(seed).normal(100, 10, 300), NEVER[:300]) == ()


def test_a_step_of_every_year_is_the_season():
    y = np.random.default_rng(4).normal(100, 3, 800)
    for at in (300, 665):
        y[at : at + 60] *= 0.6
    ago = np.where(np.arange(800) >= 365, np.arange(800) - 365, -1)
    assert all(s.at < 665 - 3 for s in steps(y, ago))
