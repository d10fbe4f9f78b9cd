"""An error rate that is shared out by what can be found is still that error rate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from kpilab.stats.multiplicity import EVEN, weights

EXPECTED = [7.1, 6.3, 4.5, 3.0, 3.2]


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
@pytest.mark.parametrize(
    "expected",
    [
        EXPECTED,
        [3.0],
        [0.001, 0.002],
        [1e6, 3.0],
        [np.inf, 3.0],
        np.linspace(0.1, 9, 300),
    ],
)
def test_weights_have_mean_one_and_leave_each_test_some(expected, alpha):
    shared = weights(expected, alpha)
    assert shared.mean() == pytest.approx(1)
    assert shared.min() >= EVEN - 1e-9


def test_most_goes_where_it_decides():
    shared = weights(EXPECTED, 0.05)
    assert shared[3] > shared[4] > 1 > shared[2] > shared[1] > shared[0]


def test_what_is_alike_is_weighed_alike_and_what_is_not_known_is_left_out():
    assert weights([3.0, np.nan, 3.0], 0.05) == pytest.approx([1, np.nan, 1], nan_ok=True)
    assert len(weights([], 0.05)) == 0
    assert np.isnan(weights([np.nan], 0.05)).all()


def test_more_is_found_than_evenly():
    off, alpha = np.array(EXPECTED), 0.05
    cuts = [alpha * share / len(off) for share in (1, weights(off, alpha))]
    found = [float(np.mean(ndtr(off + ndtri(cut / 2)))) for cut in cuts]
    assert found[1] > found[0] + 0.02


def test_where_nothing_happened_as_much_is_called_as_was_allowed():
    z = np.random.default_rng(3).normal(size=(40_000, len(EXPECTED)))
    p = 2 * ndtr(-np.abs(z)) * len(EXPECTED) / weights(EXPECTED, 0.05)
    assert (p.min(axis=1) <= 0.05).mean() == pytest.approx(0.0489, abs=0.004)
