"""What is told of everything outside of the places."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.rootcause.localise.locate import locate

SHAPE = (10, 8, 6)


def sparse(seed: int, factor: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A cube most of whose leaves hold a count or none, in either period."""
    noise, codes = np.random.default_rng(seed), np.indices(SHAPE).reshape(len(SHAPE), -1)
    size = noise.gamma(1, 1.5, codes.shape[1])
    return codes, noise.poisson(size).astype(float), noise.poisson(factor * size).astype(float)


def test_a_sparse_cube_in_which_nothing_moved_did_not_fall():
    # Leaves that had something before have less after, as those that had nothing have more.
    told = [locate(*sparse(seed)).everywhere for seed in range(40)]
    assert sum(e is not None for e in told) <= 4


@pytest.mark.parametrize("seed", range(3))
def test_everywhere_is_all_of_the_gap_outside_of_the_places(seed):
    codes, before, now = sparse(seed, 0.6)
    found, outside = locate(codes, before, now), np.ones(len(before), dtype=bool)
    for element in found.elements:
        outside[element.leaves] = False
    assert found.everywhere is not None
    assert found.everywhere.gap == pytest.approx((now - before)[outside].sum())
