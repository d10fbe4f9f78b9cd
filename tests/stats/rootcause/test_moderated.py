"""Variances of many places lend each other strength."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.rootcause.contrast import Contrast
from kpilab.stats.rootcause.moderated import FEWEST, moderated


def contrasts(true: np.ndarray, df: float, seed: int = 0) -> Contrast:
    """Places of several sizes whose errors are read off `df` degrees of freedom."""
    rng, n = np.random.default_rng(seed), len(true)
    scale = np.exp(rng.uniform(3, 8, n))
    error = np.sqrt(true * rng.chisquare(df, n) / df) * np.sqrt(scale)
    return Contrast(np.zeros(n), scale, error, np.full(n, df), np.ones(n, bool))


def test_what_is_equal_beside_the_size_lends_all_its_strength():
    of = contrasts(np.ones(300), 8)
    found = moderated(of)
    off = np.log(found.error**2 / of.scale)
    assert abs(off).max() < abs(np.log(of.error**2 / of.scale)).max() / 3
    assert (found.df > 60).all()


def test_what_differs_keeps_most_of_its_own():
    true = np.exp(np.random.default_rng(1).normal(0, 1.5, 300))
    found = moderated(contrasts(true, 40))
    assert (found.df < 45).all()


def test_few_places_say_nothing_of_each_other():
    of = contrasts(np.ones(FEWEST - 1), 8)
    assert moderated(of) is of


def test_places_that_cannot_be_told_stay_so():
    of = contrasts(np.ones(40), 8)
    of.known[:3], of.error[:3] = False, np.inf
    assert np.isinf(moderated(of).error[:3]).all()
    assert moderated(of).error[3:] == pytest.approx(of.error[3:], rel=1.5)
