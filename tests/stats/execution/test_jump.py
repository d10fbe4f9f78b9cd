"""The density test keeps its size where nothing jumps, sees what jumps,
and is the same in any unit."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.execution.jump import density_jump


def test_a_smooth_density_does_not_jump():
    rng = np.random.default_rng(1)
    found = [density_jump(rng.normal(0.97, 0.12, 400), 1.0) for _ in range(300)]
    # Nominal 5 %, three standard errors.
    assert np.mean([f is not None and f.p <= 0.05 for f in found]) <= 0.05 + 3 * np.sqrt(
        0.05 * 0.95 / 300
    )


def test_values_moved_over_the_threshold_are_a_jump():
    rng = np.random.default_rng(2)
    values = rng.normal(0.97, 0.12, 2000)
    near = (values > 0.9) & (values < 1) & (rng.random(2000) < 0.5)
    values[near] = rng.uniform(1, 1.1, near.sum())
    found = density_jump(values, 1.0)
    assert found is not None
    assert found.p < 1e-6
    assert found.right > found.left


def test_the_unit_changes_nothing():
    values = np.random.default_rng(3).gamma(5, 20, 500)
    one, other = density_jump(values, 90.0), density_jump(values * 1000, 90_000.0)
    assert one is not None
    assert other is not None
    assert other.z == pytest.approx(one.z)
    assert other.width_left == pytest.approx(1000 * one.width_left)


def test_too_few_values_are_no_test():
    assert density_jump(np.arange(30.0), 25.0) is None
    assert density_jump(np.full(100, 3.0), 3.0) is None
