"""A level that clearly changes inside a period is no noise of its days."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.core.change import change
from kpilab.stats.core.level import Window
from kpilab.stats.core.step import without_step


def days(seed, n=28):
    return 1 + 0.03 * np.random.default_rng(seed).normal(size=n)


def test_a_clear_step_is_taken_out_and_the_mean_kept():
    y = days(1)
    y[14:] -= 0.1
    rest, steps = without_step(y)
    assert steps == 1
    assert rest.mean() == pytest.approx(y.mean())
    assert rest.std() < 0.5 * y.std()


def test_noise_keeps_all_its_days():
    found = [without_step(days(seed))[1] for seed in range(300)]
    assert sum(found) <= 1


@pytest.mark.parametrize(
    "y", [np.ones(28), np.repeat([1.0, 2.0], 14), np.full(28, np.nan), np.ones(5)]
)
def test_constants_missing_and_few_days_stay_as_they_are(y):
    rest, steps = without_step(y)
    assert steps == 0
    np.testing.assert_array_equal(rest, y)


def test_missing_days_stay_missing():
    y = days(2)
    y[14:] -= 0.1
    y[[3, 20]] = np.nan
    rest, steps = without_step(y)
    assert steps == 1
    assert np.isnan(rest).sum() == 2


def test_a_fall_that_begins_inside_the_period_is_seen():
    before, after = days(3), days(4)
    after[14:] -= 0.12
    found = change(Window.of(before), Window.of(after))
    assert found.relative == pytest.approx(-0.06, abs=0.02)
    assert found.p < 0.01
