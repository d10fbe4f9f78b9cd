"""Quantiles of an arm: what their order statistics say where many units share a value."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.experiments.quantile import from_order, ranks
from kpilab.stats.mean import welch


def p90(values):
    ends = [np.quantile(values, q, method="inverted_cdf") for q in ranks(len(values), 0.9)]
    return from_order(len(values), np.quantile(values, 0.9, method="inverted_cdf"), *ends)


def test_arms_whose_order_statistics_touch_do_not_differ():
    a, b = from_order(900, 5, 5, 5), from_order(300, 6, 5, 6)
    assert welch(a, b).p > 0.05


def test_counts_of_two_equal_arms_differ_as_seldom_as_is_said():
    rng, called = np.random.default_rng(4), 0
    for _ in range(300):
        called += welch(p90(rng.poisson(3, 900)), p90(rng.poisson(3, 300))).p < 0.05
    assert called <= 15


def test_without_ties_the_variance_is_that_of_half_the_distance():
    found = from_order(200, 5.0, 4.0, 6.0)
    assert found.variance == pytest.approx((1 / 1.959964) ** 2 * 199 / 200, rel=1e-5)
