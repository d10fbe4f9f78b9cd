"""A peak and a trough, each of its own length, beside four weeks that no campaign is in."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.customers.pulled import any_of, beyond, marks, peak, trough, usual, window

AT = 400


def days(seed: int, *, sold: float = 1.0, of: int = 14, left: float = 1.0, then: int = 0):
    """Five hundred noisy days of a hundred; `of` days before AT bring `sold` times as much, and
    `then` days after it `left` of it."""
    daily = 100 * np.random.default_rng(seed).lognormal(0, 0.3, 500)
    daily[AT - of : AT] *= sold
    daily[AT : AT + then] *= left
    return daily


def test_marks_are_steps_apart_and_leave_the_campaign_out():
    assert marks(50, 10, 25).tolist() == [0, 10, 20, 50]
    assert marks(50, 10, 30).tolist() == [0, 10, 20, 50]
    assert marks(50, 10, 60).tolist() == [50]


def test_a_window_is_the_sum_of_its_days_and_unknown_where_some_are():
    daily = np.arange(10.0)
    seen = window(daily, np.array([1, 4, 9]), -2, 1)
    assert np.isnan(seen[0])
    assert seen[1:].tolist() == [2 + 3 + 4, 7 + 8 + 9]
    assert usual(np.ones(60), np.array([40]), 5, 7).tolist() == [7.0]


def test_a_long_trough_is_told_more_surely_by_days_as_many():
    made = [days(s, sold=1.6, left=0.85, then=42) for s in range(100)]
    short, long = (
        np.mean([trough(daily, AT, n, 28, 0.95).p <= 0.05 for daily in made]) for n in (14, 42)
    )
    assert long > short + 0.1


def test_only_more_is_a_peak_and_only_less_a_trough():
    assert peak(days(1, sold=0.6), AT, 14, 28, 0.95).p > 0.99
    assert trough(days(1, left=1.5, then=28), AT, 28, 28, 0.95).p > 0.99


def test_after_a_campaign_of_four_weeks_as_much_as_ever_is_no_trough():
    found = [trough(days(s, sold=1.6, of=28), AT, 14, 28, 0.95).p for s in range(200)]
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 3 * 0.0154


def test_with_little_history_nothing_is_told():
    part = peak(np.ones(80), 60, 14, 14, 0.95)
    assert np.isnan(part.p)
    assert part.actual == 14
    assert np.isnan(beyond(np.ones(20), np.ones(20), 1, 0.95).p)  # nothing ever moved


def test_several_like_windows_cost_less_than_their_number():
    assert any_of([0.03, 0.04, 0.05]) == pytest.approx(0.05)
    assert any_of([0.01, 0.9, float("nan")]) == pytest.approx(0.02)
    assert np.isnan(any_of([float("nan")]))
