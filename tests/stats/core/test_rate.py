"""A rate over days, its interval as wide as its days resemble each other."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.core.level import Window
from kpilab.stats.core.rate import rate_interval, variances


def days(seed, phi, n=56):
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(n + 20)
    for t in range(1, n + 20):
        noise[t] += phi * noise[t - 1]
    return Window.of(100 + 5 * noise[20:] * np.sqrt(1 - phi**2))


@pytest.mark.parametrize(("phi", "least", "most"), [(0.0, 0, 12), (0.6, 1, 16)])
def test_an_interval_covers_whether_days_are_alike_or_not(phi, least, most):
    ends = [rate_interval(days(seed, phi)) for seed in range(120)]
    assert least <= sum(not low <= 100 <= high for low, high in ends) <= most


def test_alike_days_tell_less():
    free, alike = (
        np.mean([np.diff(rate_interval(days(seed, phi)))[0] for seed in range(20)])
        for phi in (0.0, 0.6)
    )
    assert alike > 1.5 * free


def test_few_days_are_taken_as_independent():
    low, high = rate_interval(Window.of([1.0, 2.0, 3.0]))
    assert (low, high) == pytest.approx(
        (2 - 4.3027 / np.sqrt(3), 2 + 4.3027 / np.sqrt(3)), rel=1e-4
    )
    assert np.isnan(rate_interval(Window.of([1.0]))).all()


def test_units_share_what_is_known_of_their_days():
    found = variances([days(seed, 0.6) for seed in range(8)])
    plain = variances([days(seed, 0.0) for seed in range(8)])
    assert np.mean(found) > 2 * np.mean(plain)
