"""The whitening that keeps the relation test honest."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.relation.related import Question, relation_tests
from kpilab.stats.series import cross_correlation, fourier, innovations


def walks(seed, rows, n):
    return np.cumsum(np.random.default_rng(seed).standard_normal((rows, n)), axis=1)


@pytest.mark.parametrize("n", [26, 52, 104])
def test_independent_random_walks_are_called_related_no_more_than_promised(n):
    tests = relation_tests(walks(1, 2000, n), walks(2, 2000, n), Question())
    assert np.mean(tests.p < 0.05) <= 0.065  # nominal 5 %, Monte-Carlo error .5 points


def test_naive_correlation_of_the_same_walks_is_fooled():
    a, b = walks(1, 500, 52), walks(2, 500, 52)
    r = np.array([np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)])
    assert np.mean(np.abs(r) > 0.273) > 0.5


def test_a_planted_lag_is_found():
    rng = np.random.default_rng(3)
    e, w = rng.standard_normal((2, 400, 110))
    goal = np.cumsum(0.6 * np.roll(e, 2, axis=1) + 0.8 * w, axis=1)[:, 6:]
    tests = relation_tests(np.cumsum(e, axis=1)[:, 6:], goal, Question())
    assert np.mean(tests.verdict == "related") > 0.95
    assert np.mean(tests.lag[tests.verdict == "related"] == 2) > 0.95


def test_unrelated_is_said_only_of_long_series():
    short = relation_tests(walks(1, 200, 52), walks(2, 200, 52), Question())
    long = relation_tests(walks(1, 200, 400), walks(2, 200, 400), Question())
    assert np.mean(short.verdict == "unrelated") == 0
    assert np.mean(long.verdict == "unrelated") > 0.8


def test_unrelated_is_not_said_of_a_true_relation_at_the_limit():
    rng = np.random.default_rng(4)
    e, w = rng.standard_normal((2, 1000, 256))
    goal = 0.3 * e + np.sqrt(1 - 0.09) * w
    tests = relation_tests(np.cumsum(e, axis=1), np.cumsum(goal, axis=1), Question())
    assert np.mean(tests.verdict == "unrelated") <= 0.065


def test_scale_offset_and_sign_change_nothing_but_the_sign():
    a, b = walks(5, 1, 60), walks(6, 1, 60)
    one, other = relation_tests(a, b, Question()), relation_tests(-1e6 * a + 1e9, b, Question())
    assert other.p == pytest.approx(one.p, rel=1e-6)
    assert other.rho == pytest.approx(-one.rho, rel=1e-6)


def test_a_constant_series_gives_no_number():
    tests = relation_tests(np.ones((1, 40)), walks(1, 1, 40), Question())
    assert np.isnan(tests.p[0])
    assert tests.verdict[0] == ""


def test_a_yearly_wave_shared_by_both_is_taken_out():
    wave = 5 * fourier(104, 52.18, 1)[:, 0]
    tests = relation_tests(
        walks(7, 500, 104) + wave, walks(8, 500, 104) + wave, Question(season=52.18)
    )
    assert np.mean(tests.p < 0.05) <= 0.08


def test_negative_lags_mean_that_the_goal_leads():
    rng = np.random.default_rng(9)
    e = rng.standard_normal((1, 120))
    kpi, goal = np.roll(e, 3, axis=1), e
    cross = cross_correlation(innovations(kpi), innovations(goal), np.arange(-4, 5))
    assert cross.lags[cross.best[0]] == -3
