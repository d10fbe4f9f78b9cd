"""Tails: deviations of leaves as normal scores, whatever they are relative to."""

import numpy as np
import pytest

from kpilab.stats.rootcause.localise import locate
from kpilab.stats.rootcause.localise.tails import normal_scores, tails

LEAVES, NOISE = 40_000, 0.15


def _shifts(relative_to: str) -> np.ndarray:
    """Deviations, relative to the mean of both sides, of noise that is normal relative to one."""
    drawn = np.random.default_rng(3).normal(0, NOISE, LEAVES)
    if relative_to == "larger":
        return drawn / (1 - np.abs(drawn) / 2)
    return drawn / (1 + np.abs(drawn) / 2)


@pytest.mark.parametrize("relative_to", ["larger", "smaller"])
def test_noise_that_is_normal_relative_to_one_side_is_seen_to_be_normal(relative_to):
    shift, error = _shifts(relative_to), np.full(LEAVES, NOISE)
    scores = normal_scores(shift, error, tails(shift, error, own=True))
    assert np.quantile(scores, [0.001, 0.999]) == pytest.approx([-3.09, 3.09], abs=0.15)
    assert np.std(scores) == pytest.approx(1, abs=0.02)


def test_a_leaf_that_lost_what_no_other_did_is_found_among_skewed_noise():
    codes = np.indices((20, 20, 20, 5)).reshape(4, -1)
    rng = np.random.default_rng(3)
    lost, expected = rng.normal(0, NOISE, codes.shape[1]), rng.lognormal(4, 0.7, codes.shape[1])
    actual = np.where(lost < 0, expected * (1 + lost), expected / (1 - lost))
    actual[777] = 0.08 * expected[777]  # 6.1 errors; no other leaf moved by more than 4.1
    found = locate(codes, expected, actual).elements
    assert [e.leaves.tolist() for e in found] == [[777]]


def test_leaves_of_one_size_are_silent_whatever_their_noise_is_relative_to():
    codes = np.indices((20, 20, 20, 5)).reshape(4, -1)
    shift, expected = _shifts("larger"), np.full(codes.shape[1], 100.0)
    assert locate(codes, expected, expected * (2 + shift) / (2 - shift)).elements == ()


def test_a_detail_of_a_place_is_no_cause_beside_it():
    codes = np.indices((12, 10, 8)).reshape(3, -1)
    rng = np.random.default_rng(5)
    expected = rng.lognormal(4, 0.7, codes.shape[1])
    actual = expected * rng.normal(1, 0.02, codes.shape[1])
    inside = np.flatnonzero((codes[0] == 3) & (codes[1] == 4))
    actual[inside] *= 0.6
    expected[inside[2]], actual[inside[2]] = 1.0, 9.0
    found = locate(codes, expected, actual)
    assert [(e.dims, e.values) for e in found.elements] == [((0, 1), (3, 4))]
    assert found.minor == 1
