"""Waiting times: the median and its interval, also where times are rounded."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.operations.waiting import waiting


def test_the_interval_is_that_of_order_statistics():
    """Nothing censored: the ends of a median are order statistics, about those of the binomial."""
    middle, low, high = waiting(np.arange(1.0, 81.0), np.ones(80))
    assert middle == 41
    assert low == pytest.approx(31, abs=2)
    assert high == pytest.approx(50, abs=2)


def test_rounded_times_have_an_interval():
    times = np.repeat([15.0, 30.0, 45.0, 60.0], [30, 13, 20, 17])
    middle, low, high = waiting(times, np.ones(80))
    assert low <= middle <= high
    assert (low, high) == (30.0, 45.0)


def test_one_time_for_all_is_its_own_interval():
    assert waiting([5.0] * 10, [1] * 10) == (5.0, 5.0, 5.0)


def test_what_the_log_does_not_reach_is_open():
    middle, _, high = waiting([1.0, 2.0, *[9.0] * 10], [1, 1, *[0] * 10])
    assert np.isnan(middle)
    assert np.isnan(high)
