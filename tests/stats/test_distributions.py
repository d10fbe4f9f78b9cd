"""The laws are scipy's: the same figures to the last digits, tails and edges included."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from kpilab.stats import distributions

X = np.array([-40.0, -6.0, -1.5, -1e-9, 0.0, 0.3, 2.0, 7.5, 38.0, np.inf, np.nan])
CHANCE = np.array([0.0, 1e-300, 1e-9, 0.025, 0.5, 0.975, 1 - 1e-12, 1.0, np.nan])
FREE = (1, 2.5, 30, 1e7)


def same(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-300)


def test_normal():
    for name in ("pdf", "cdf", "sf"):
        same(getattr(distributions.norm, name)(X), getattr(stats.norm, name)(X))
    for name in ("ppf", "isf"):
        same(getattr(distributions.norm, name)(CHANCE), getattr(stats.norm, name)(CHANCE))


@pytest.mark.parametrize("df", FREE)
def test_student_and_chi_square(df):
    same(distributions.student.sf(X, df), stats.t.sf(X, df))
    same(distributions.student.ppf(CHANCE[2:7], df), stats.t.ppf(CHANCE[2:7], df))
    same(distributions.student.isf(CHANCE[2:7], df), stats.t.isf(CHANCE[2:7], df))
    same(distributions.chi2.sf(X, df), stats.chi2.sf(X, df))
    same(distributions.chi2.cdf(X, df), stats.chi2.cdf(X, df))
    same(distributions.chi2.ppf(CHANCE[2:7], df), stats.chi2.ppf(CHANCE[2:7], df))
    same(distributions.chi2.isf(CHANCE[2:7], df), stats.chi2.isf(CHANCE[2:7], df))
    same(distributions.variance_ratio.sf(X, df, 7), stats.f.sf(X, df, 7))


def test_without_degrees_of_freedom_there_is_no_figure():
    for df in (0, -1, np.nan):
        assert np.isnan(distributions.student.sf(1.0, df))
        assert np.isnan(distributions.student.ppf(0.9, df))
    assert distributions.student.ppf(0.975, np.inf) == pytest.approx(distributions.norm.ppf(0.975))
    assert distributions.student.sf(1.7, np.inf) == pytest.approx(distributions.norm.sf(1.7))


def test_counts_and_shares():
    k = np.array([-1, 0, 1, 2.7, 10, 200])
    for mean in (0.01, 3.0, 150.0):
        same(distributions.poisson.cdf(k[1:], mean), stats.poisson.cdf(k[1:], mean))
        for size in (0.3, 4.0):
            chance = size / (size + mean)
            same(
                distributions.negative_binomial.cdf(k[1:], size, chance),
                stats.nbinom.cdf(k[1:], size, chance),
            )
    same(distributions.binomial.cdf(k[1:5], 12, 0.3), stats.binom.cdf(k[1:5], 12, 0.3))
    same(distributions.beta.ppf(CHANCE[2:7], 2, 9.5), stats.beta.ppf(CHANCE[2:7], 2, 9.5))


@pytest.mark.slow
def test_a_review_does_not_wait_for_the_library():
    said = (
        "import sys, kpilab.verdict.run, kpilab.report.build; print('scipy.stats' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
