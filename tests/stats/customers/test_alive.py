"""BG/NBD and Pareto/NBD on the CDNOW customers, as published."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.stats.customers.alive import Buyers, Fit, alive, drawn, expected, fitted

# Fader, Hardie, Lee (2005), table 2: parameters and log-likelihood; calibration of 39 weeks.
PUBLISHED = {
    "bg_nbd": ([0.243, 4.414, 0.793, 2.426], -9582.4),
    "pareto_nbd": ([0.553, 10.578, 0.606, 11.669], -9595.0),
}


@pytest.fixture(scope="module")
def cdnow(shared) -> Buyers:
    path = shared / "datasets" / "cdnow_sample.txt"
    if not path.exists():
        pytest.skip("the CDNOW sample is not in the shared folder")
    rows = pd.read_csv(path, sep=r"\s+", header=None, usecols=[1, 2], names=["who", "day"],
                       dtype=str)  # fmt: skip
    rows["day"] = pd.to_datetime(rows["day"])
    end = pd.Timestamp("1997-09-30")
    each = rows[rows["day"] <= end].drop_duplicates().groupby("who")["day"]
    first, last, count = each.min(), each.max(), each.count()
    weeks = ((last - first).dt.days / 7, (end - first).dt.days / 7)
    return Buyers(*(np.asarray(v, float) for v in (count - 1, *weeks, 1 + 0 * count)))


@pytest.mark.parametrize("model", PUBLISHED)
def test_parameters_are_those_published(cdnow, model):
    fit, (values, likelihood) = fitted(cdnow, model), PUBLISHED[model]
    assert fit.values == pytest.approx(values, abs=1e-3)
    assert fit.likelihood == pytest.approx(likelihood, abs=0.1)


def test_a_customer_of_the_paper_is_expected_to_buy_as_often(cdnow):
    """Two repeat purchases, the last in week 30.43 of 38.86: 1.226 in the 39 weeks after."""
    one = Buyers(*(np.array([v]) for v in (2.0, 30.43, 38.86, 1.0)))
    assert expected(fitted(cdnow, "bg_nbd"), one, 39.0)[0] == pytest.approx(1.226, abs=1e-3)


@pytest.mark.parametrize("model", PUBLISHED)
def test_silence_makes_a_customer_less_likely_to_be_one(cdnow, model):
    fit = fitted(cdnow, model)
    last = np.array([30.0, 20.0, 5.0])
    kinds = Buyers(np.full(3, 4.0), last, np.full(3, 39.0), np.ones(3))
    chance = alive(fit, kinds)
    assert (np.diff(chance) < 0).all()
    assert ((chance > 0) & (chance < 1)).all()


def test_the_model_finds_what_made_its_customers():
    """2,000 customers of a BG/NBD world: true orders to come lie among what is expected."""
    noise, n, age = np.random.default_rng(1), 2000, 52.0
    rate, stop = noise.gamma(0.6, 1 / 8.0, n), noise.beta(0.8, 2.5, n)
    x, last, later = np.zeros(n), np.zeros(n), np.zeros(n)
    for k in range(n):
        t = 0.0
        while True:
            t += noise.exponential(1 / rate[k])
            if t > age + 26:
                break
            if t <= age:
                x[k], last[k] = x[k] + 1, t
            else:
                later[k] += 1
            if noise.random() < stop[k]:
                break
    buyers = Buyers(x, last, np.full(n, age), np.ones(n))
    fit = fitted(buyers, "bg_nbd")
    sums = [expected(fit, buyers, 26.0, v).sum() for v in drawn(fit, 100, noise)]
    error = np.hypot(np.std(sums), np.sqrt(later.sum() * 1.5))
    assert abs(expected(fit, buyers, 26.0).sum() - later.sum()) < 2.5 * error


def test_where_hardly_anybody_leaves_no_more_is_expected_than_of_one_who_stays():
    """The closed form loses all its digits there: it gave minus six billions."""
    buyers = Buyers(np.array([3.0]), np.array([8.0]), np.array([9.0]), np.ones(1))
    for a, b in ((1e-9, 1e9), (1e12, 1e14), (1.0, 1e15)):
        fit = Fit("bg_nbd", np.array([1.2, 4.0, a, b]), np.eye(4), 0.0)
        assert 0 <= expected(fit, buyers, 12.0)[0] <= (1.2 + 3) / (4 + 9) * 12
