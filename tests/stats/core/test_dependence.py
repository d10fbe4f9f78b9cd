"""How much neighbours resemble each other, and the noise of a mean."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.core.dependence import alike, inflation, long_run, waves


def wander(rho, n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n + 50)
    for k in range(1, n + 50):
        x[k] += rho * x[k - 1]
    return x[50:]


def test_alike_by_hand():
    x = np.array([1.0, 2.0, 3.0, 2.0, 1.0])  # off their mean 1.8: -.8 .2 1.2 .2 -.8
    assert alike(x, corrected=False) == pytest.approx((-0.16 + 0.24 + 0.24 - 0.16) / 2.8)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
def test_short_series_are_freed_of_their_bias(rho):
    pieces = [wander(rho, 28, k) for k in range(400)]
    assert np.mean([alike(*pieces[k : k + 2]) for k in range(0, 400, 2)]) == pytest.approx(
        rho, abs=0.08
    )
    assert alike(*pieces) == pytest.approx(rho, abs=0.03)


def test_missing_days_break_the_pairs_beside_them():
    pieces = [wander(0.6, 60, k) for k in range(200)]
    for x in pieces:
        x[::5] = np.nan
    assert alike(*pieces) == pytest.approx(0.6, abs=0.03)
    for x in pieces:
        x[::2] = np.nan
        x[1::4] = np.nan
    assert alike(*pieces) == 0.0


def test_inflation_of_few_and_of_many_days():
    assert inflation(0.5) == 3.0
    assert inflation(0.5, 2) == 1.5  # two days: 1 + rho
    assert inflation(0.0, 28) == 1.0


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_slow_waves_tell_the_variance_of_a_mean(rho):
    many = [wander(rho, 56, k) for k in range(2000)]
    true = 56 * np.var([x.mean() for x in many])
    seen = np.mean([long_run(x).variance for x in many])
    assert seen == pytest.approx(true, rel=0.12)


def test_days_that_stand_alone_speak_for_the_noise_as_much_as_waves_do():
    alone, alike_ = (
        np.median([long_run(*np.split(wander(r, 56, k), 2)).df for k in range(200)])
        for r in (0.0, 0.8)
    )
    assert alone == pytest.approx(16, abs=1)  # four waves each, and eight for the days
    assert alike_ == pytest.approx(8, abs=2)


def test_few_days_have_few_waves():
    assert [waves(n) for n in (0, 1, 2, 7, 28, 91)] == [0, 0, 1, 1, 4, 8]
    assert waves(4, least=3) == 3  # all there are: the plain variance
    x = np.array([1.0, 5.0, 2.0, 4.0])
    assert long_run(x, least=3).variance == pytest.approx(x.var(ddof=1))


def test_days_not_seen_before_and_after_change_nothing():
    days = np.random.default_rng(3).normal(size=20)
    around = np.concatenate([np.full(15, np.nan), days, np.full(30, np.nan)])
    assert long_run(around) == long_run(days)
