"""Quantiles of an arm: what their order statistics say where many units share a value."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.experiments.power import Sizing
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


@pytest.mark.parametrize("effect", [0.1, 0.2])
def test_the_median_is_found_as_often_as_planned(effect):
    """The error is read off few order statistics: the plan pays for what is unsure of it."""
    middle, rng = float(np.exp(3)), np.random.default_rng(4)
    variance = 0.25 * 2 * np.pi * 0.5**2 * middle**2  # of the median of a lognormal, per unit
    sizing = Sizing(middle, variance, quantile=0.5)
    units = sizing.units(effect)
    assert sizing.chance(effect, units) == pytest.approx(0.8, abs=1e-6)
    assert units > Sizing(middle, variance).units(effect)
    hits = []
    for _ in range(20):
        arms = []
        for k in (0, 1):
            n = round(units / 2)
            x = rng.lognormal(3, 0.5, (1000, n)) + effect * middle * k
            low, value, high = np.quantile(x, sorted([*ranks(n, 0.5), 0.5]), axis=1)
            arms.append((value, ((high - low) / (2 * 1.959964)) ** 2))
        (a, va), (b, vb) = arms
        hits.append(np.abs(b - a) / np.sqrt(va + vb) > 1.959964)
    assert np.mean(hits) == pytest.approx(0.8, abs=0.008)
