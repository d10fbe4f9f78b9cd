"""Levels of windows, today and in former years."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.levels import Days, Levels, Noise


def days(values: np.ndarray, year: int) -> Days:
    at = np.arange(len(values)) - year
    return Days(values, np.ones(len(values)), np.where(at >= 0, at, -1))


def test_the_same_window_of_former_years():
    values = np.r_[np.full(12, 10.0), np.full(12, 20.0), np.full(12, 40.0)]
    found = Levels.of(days(values, 12))
    assert (found.years, found.positions) == (2, 12)
    assert [np.exp(found.of_span((24, 36), y)) for y in range(3)] == pytest.approx([40, 20, 10])


def test_without_a_former_year_there_is_none():
    found = Levels.of(days(np.ones(10), 12))
    assert (found.years, found.positions) == (0, 0)


def test_negative_values_are_levels_as_they_are():
    found = Levels.of(days(np.array([-1.0, 3.0, 4.0]), 12))
    assert found.of_span((0, 3)) == pytest.approx(2.0)


def test_missing_days_count_neither_as_values_nor_as_known():
    found = Levels.of(days(np.array([2.0, np.nan, 4.0, 6.0]), 12))
    assert np.exp(found.of_span((0, 4))) == pytest.approx(4.0)
    first, last = np.array([0]), np.array([4])
    assert found.covered(first, last, 0)[0] == pytest.approx(0.75)


def test_longer_means_are_nearer_to_each_other():
    noise = Noise(1.0, 10.0, 0.0)
    assert noise.apart(10, 10) == pytest.approx(0.2)
    assert Noise(0.0, 10.0, 0.3).apart(10, 20) == pytest.approx(3.0)
