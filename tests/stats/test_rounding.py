"""What arithmetic leaves where nothing was is nothing; what is small is not."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.execution.rush import rush
from kpilab.stats.relation.breaks import sup_f
from kpilab.stats.relation.slope_break import slope_break
from kpilab.stats.rounding import beyond_rounding, still


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e9 / 7, 1e-9])
def test_a_constant_is_still_whatever_its_digits(value: float):
    values = np.full(60, value)
    assert still(values)
    assert not beyond_rounding(values - values.mean(), values).any()


def test_a_small_movement_is_no_rounding():
    values = np.array([1e9, 1e9 + 0.01, np.nan])
    assert not still(values)
    assert beyond_rounding(np.diff(values[:2]), values).all()


def test_a_relation_that_holds_to_the_digit_has_no_break():
    kpi = np.random.default_rng(1).normal(50, 1, 80)
    for goal in (2.1 * kpi + 0.1, np.full(80, 0.3)):
        found = sup_f(
            beyond_rounding(np.diff(goal), goal),
            np.column_stack([np.ones(79), np.diff(kpi)]),
            draws=200,
        )
        assert found.p == 1.0
        assert slope_break(kpi, goal, 40, draws=99).p > 0.3


def test_days_that_are_alike_have_no_rush_and_busier_ones_have():
    last = np.arange(56) % 28 >= 25
    for level in (132.0, 0.1):
        even = rush(np.full(56, level), np.arange(56) % 7, last)
        assert (even.ratio, even.p) == (pytest.approx(1.0), 0.5)
    busy = rush(np.where(last, 200.0, 100.0), np.arange(56) % 7, last)
    assert (busy.ratio, busy.low, busy.p) == (pytest.approx(2.0), pytest.approx(2.0), 0.0)
