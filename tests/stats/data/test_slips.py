"""Days in another unit: only where all their amounts moved, and never a handful of small ones."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.data.slips import QUANTILES, unit_slips


def days(draw, rows: int, seed: int, slipped: float = 1.0) -> np.ndarray:
    """Small, typical and large amount of 56 days; the amounts of the eighth are multiplied."""
    amounts = draw(np.random.default_rng(seed), (56, rows))
    amounts[7] *= slipped
    return np.quantile(amounts, QUANTILES, axis=1).T


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_healthy_tables_are_left_alone(rows):
    draws = (
        lambda rng, n: rng.uniform(0, 49, n),
        lambda rng, n: rng.lognormal(3, 1.5, n),
        lambda rng, n: rng.choice([1.0, 100.0], n, p=[0.6, 0.4]),
    )
    told = [
        (unit_slips(days(draw, rows, seed), np.full(56, float(rows))) != 1).any()
        for draw in draws
        for seed in range(40)
    ]
    assert sum(told) <= 0.05 * len(told)


@pytest.mark.parametrize("factor", [100.0, 0.001, 60.0])
def test_a_day_in_another_unit_is_found(factor):
    found = unit_slips(
        days(lambda rng, n: rng.lognormal(3, 0.5, n), 50, 1, factor), np.full(56, 50)
    )
    assert np.flatnonzero(found != 1).tolist() == [7]
    assert found[7] == pytest.approx(factor)
