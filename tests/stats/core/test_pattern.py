"""The pattern of the week."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.core.pattern import dummies, factors

WEEK = np.array([1.0, 1.1, 1.0, 1.0, 1.3, 0.9, 0.7])
CODE = np.arange(28) % 7


@pytest.mark.parametrize("middle", ["mean", "median"])
def test_the_factors_are_found_and_average_one(middle):
    found = factors(50 * WEEK[CODE], CODE, middle=middle)
    assert found == pytest.approx(WEEK / WEEK.mean(), rel=0.02)
    assert found.mean() == pytest.approx(1)


def test_too_few_days_have_no_pattern():
    assert (factors(WEEK[CODE[:21]], CODE[:21]) == 1).all()
    assert factors(WEEK[CODE[:21]], CODE[:21], least=0) == pytest.approx(WEEK / WEEK.mean())


def test_a_missing_day_is_no_zero():
    values = 50 * WEEK[np.arange(42) % 7]
    values[[0, 8, 20]] = np.nan
    assert factors(values, np.arange(42) % 7) == pytest.approx(WEEK / WEEK.mean())


def test_a_weekday_never_seen_is_as_usual():
    found = factors([10.0, 20.0], np.array([0, 1]), least=0)
    assert found[2:] == pytest.approx(np.ones(5) * found[2])


def test_lost_days_hardly_move_the_median():
    values = np.tile(WEEK, 8) * 100
    values[10:14] = 5
    clean, robust = (
        factors(np.tile(WEEK, 8), np.arange(56) % 7),
        factors(values, np.arange(56) % 7, middle="median"),
    )
    assert np.abs(robust / clean - 1).max() < 0.06


def test_several_series_at_once():
    both = factors(np.stack([WEEK[CODE], np.ones(28)]), CODE)
    assert both.shape == (2, 7)
    assert (both[1] == 1).all()


def test_dummies_leave_the_first_out():
    assert dummies([0, 1, 1, 3]).tolist() == [[0, 0], [1, 0], [1, 0], [0, 1]]
    assert dummies([2, 2]).shape == (2, 0)
