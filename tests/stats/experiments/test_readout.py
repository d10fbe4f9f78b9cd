"""What a read-out promises: one test, inverted; looks paid for;
beliefs that match their integrals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri, stdtr

from kpilab.stats.experiments import anytime
from kpilab.stats.experiments.fieller import lift
from kpilab.stats.experiments.readout import Looks, Reading, estimates, read
from kpilab.stats.mean import Estimate, Sample, post_stratified, welch
from kpilab.stats.tail import critical


def arms(effect=0.0, n=400, seed=1):
    rng = np.random.default_rng(seed)
    return Sample.of_values(rng.gamma(2.0, 1.0, n)), Sample.of_values(
        rng.gamma(2.0, 1.0, n) + effect
    )


@pytest.mark.parametrize("effect", [0.0, 0.12, 0.2, 0.4])
@pytest.mark.parametrize(
    "looks",
    [
        Looks(),
        Looks("obrien-fleming", (0.3, 0.6)),
        Looks("pocock", (0.5, 1.0)),
        Looks("always valid", tuning=500),
    ],
)
def test_p_and_both_intervals_never_disagree(effect, looks):
    for seed in range(8):
        r = read(*arms(effect, seed=seed), (0,), how=Reading(looks))
        assert (r.difference.p <= 0.05) == (not r.difference.low < 0 < r.difference.high)
        assert (r.difference.p <= 0.05) == (not r.lift.low < 0 < r.lift.high)


def test_a_single_last_look_costs_nothing():
    a, b = arms(0.1)
    assert read(a, b, (0,), how=Reading(Looks("obrien-fleming"))) == read(a, b, (0,))


def test_watching_every_unit_from_the_second_on_keeps_the_level():
    rng, units = np.random.default_rng(5), 1000
    n = np.arange(1, units + 1)
    x, first = rng.exponential(size=(400, units)), rng.random((400, units)) < 0.5
    mean, variance, size = [], [], []
    for arm in (first, ~first):
        count = np.maximum(arm.cumsum(axis=1), 1)
        total, squares = (x * arm).cumsum(axis=1), (x**2 * arm).cumsum(axis=1)
        mean.append(total / count)
        variance.append((squares / count - (total / count) ** 2) / np.maximum(count - 1, 1))
        size.append(count)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(mean[1] - mean[0]) / np.sqrt(variance[0] + variance[1])
        df = (variance[0] + variance[1]) ** 2 / sum(
            v**2 / (c - 1) for v, c in zip(variance, size, strict=True)
        )
        crossed = (-ndtri(stdtr(df, -t)) >= anytime.bound(n, 300)) & (np.minimum(*size) > 1)
    assert crossed.any(axis=1).mean() <= 0.05


def test_the_always_valid_bound_and_its_p_value_meet():
    for n in (4, 100, 5000, 10**6):
        assert anytime.worth(float(anytime.bound(n, 5000)), n, 5000) == pytest.approx(0.05)


@pytest.mark.parametrize("n", [(1000, 1000), (1800, 200), (3600, 400)])
def test_the_chance_is_that_of_the_test(n):
    """Without a prior, a chance below .05 is a one-sided p below .05: of heavy tails and shares."""
    rng = np.random.default_rng(4)
    for _ in range(40):
        values = np.exp(1.5 * rng.standard_normal(sum(n)))
        a, b = Sample.of_values(values[: n[0]]), Sample.of_values(values[n[0] :])
        paid = rng.binomial(n, 0.05)
        shares = [Sample.of(m, k / m, k / m * (1 - k / m)) for m, k in zip(n, paid, strict=True)]
        for r in (read(a, b, (0,)), read(*shares, (0,), proportion=True)):
            side = r.difference.p / 2
            assert r.chance == pytest.approx(
                1 - side if r.difference.effect > 0 else side, abs=1e-6
            )
            assert r.loss_ship >= 0 <= r.loss_keep


def test_strata_share_the_error_of_their_mix():
    rng = np.random.default_rng(3)
    strata = [
        (Sample.of_values(rng.normal(m, 1, 60)), Sample.of_values(rng.normal(m, 1, 80)))
        for m in (5, 50, 500)
    ]
    a, b, shared = post_stratified(strata)
    assert shared > 0
    test = welch(a, b, shared=shared)
    assert test.error < 0.05 * np.sqrt(a.variance + b.variance)
    change = lift(a, b, test, shared=shared)
    assert (change.low > 0 or change.high < 0) == (test.p < 0.05)
    assert change.high - change.low < 4.2 * test.error / a.value
    r = estimates(a, b, shared=shared)
    assert (r.lift.low, r.lift.high) == pytest.approx((change.low, change.high), rel=1e-9)


def test_fieller_with_a_covariance_inverts_its_own_test():
    a, b, shared = Estimate(10.0, 0.5, 500), Estimate(11.0, 0.6, 500), 0.3
    test = welch(a, b, shared=shared)
    change = lift(a, b, test, shared=shared)
    for end in (change.low, change.high):
        ratio = 1 + end
        error = np.sqrt(b.variance + ratio**2 * a.variance - 2 * ratio * shared)
        assert abs(b.value - ratio * a.value) / error == pytest.approx(critical(0.95, test.df))
