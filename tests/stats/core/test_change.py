"""One change between two periods: estimate, interval and p-value from one test."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.core.change import change, period_change
from kpilab.stats.core.contrast import standardised
from kpilab.stats.core.level import Window

WEEK = np.array([1.0, 1.05, 1.0, 1.0, 1.2, 0.8, 0.7])


def windows(y, at=28, den=None):
    code = np.arange(len(y)) % 7
    d = np.ones(len(y)) if den is None else den
    return Window.of(y[:at], d[:at], code[:at]), Window.of(y[at:], d[at:], code[at:])


def noisy(seed, days=56, level=100.0, lift=1.0):
    rng = np.random.default_rng(seed)
    y = rng.poisson(level, days).astype(float)
    y[28:] *= lift
    return y


@pytest.mark.parametrize("seed", range(30))
def test_p_and_both_intervals_are_one_test(seed):
    found = change(*windows(noisy(seed, level=20, lift=1 + seed / 100)))
    low, high = found.ends()
    relative = found.relative_ends()
    out = found.p < 0.05
    assert out == (low > 0 or high < 0) == (relative[0] > 0 or relative[1] < 0)


def test_the_change_is_that_of_the_levels():
    found = change(*windows(np.r_[np.tile([9.0, 11.0], 14), np.tile([19.0, 21.0], 14)]))
    assert (found.before, found.after, found.relative) == (10.0, 20.0, 1.0)


def test_the_pattern_of_the_week_is_no_noise():
    y = noisy(1)
    flat, weekly = (change(*windows(v)).error / np.mean(v) for v in (y, y * np.tile(WEEK, 8)))
    assert weekly == pytest.approx(flat, rel=0.15)


def test_days_that_resemble_each_other_count_for_less():
    more = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=182)
        for k in range(1, 182):
            x[k] += 0.6 * x[k - 1]
        mixed = np.r_[rng.permutation(x[:91]), rng.permutation(x[91:])]
        follows, apart = (change(*windows(100 + v, at=91)).error for v in (x, mixed))
        more.append(follows / apart)
    assert np.median(more) == pytest.approx(2, abs=0.4)  # root of (1 + .6) / (1 - .6)


def test_a_ratio_of_sums_weighs_days_by_their_denominators():
    den = np.tile([10.0, 90.0], 28)
    num = den * np.tile([0.5, 0.1], 28)
    found = change(*windows(num, den=den))
    assert found.before == pytest.approx(0.14)


def test_scaling_scales_and_shares_stay():
    y = noisy(3, lift=0.9)
    one, many = change(*windows(y)), change(*windows(1000 * y))
    assert many.error == pytest.approx(1000 * one.error)
    assert many.relative_ends() == pytest.approx(one.relative_ends())
    assert many.p == pytest.approx(one.p)


def test_missing_days_are_left_out_and_not_zero():
    y = noisy(4)
    y[[5, 6, 40]] = np.nan
    found = change(*windows(y))
    assert found.before == pytest.approx(np.nanmean(y[:28]))
    assert abs(found.relative) < 0.1


def test_nothing_that_varies_finds_nothing():
    for value in (0.0, 0.1, 100.0):
        found = change(*windows(np.full(56, value)))
        assert found.p == 1.0
    assert np.isnan(change(Window.of([]), Window.of([1.0])).value)


def test_few_counts_vary_as_counts_do():
    y = np.zeros(56)
    y[[3, 10]] = 1
    found = change(*windows(y))
    assert found.p > 0.2
    y[28:] = 1.0  # 2 in 28 days, then 28 in 28 days
    assert change(*windows(y)).p < 0.001


def test_amounts_may_be_negative():
    y = np.random.default_rng(5).normal(0, 10, 56)
    y[28:] += 20
    found = change(*windows(y))
    assert found.ends()[0] < 20 < found.ends()[1]
    assert found.p < 0.001


def test_a_longer_period_is_no_change():
    y = noisy(6, days=28 + 35)
    found = period_change(*windows(y), (y[:28].sum(), y[28:].sum()), per_day=True)
    assert found.relative == pytest.approx(y[28:].mean() / y[:28].mean() - 1)
    assert found.p > 0.05


def test_other_weekdays_in_one_period_are_no_change():
    y = 100 * WEEK[np.arange(59) % 7] + np.random.default_rng(7).normal(0, 0.5, 59)
    found = change(*windows(y, at=28 + 2))  # 30 days, then 29: another Monday and Tuesday
    assert found.p > 0.05


def test_weeks_have_a_noise_too():
    rng = np.random.default_rng(8)
    before, after = rng.normal(1000, 20, 4), rng.normal(900, 20, 4)
    found = change(Window.of(before), Window.of(after), grain="week")
    classic = np.sqrt((before.var(ddof=1) + after.var(ddof=1)) / 4)
    assert found.df == 6
    assert found.error == pytest.approx(classic, rel=0.05)
    assert found.p < 0.01


def test_a_clear_fall_of_days_that_stand_alone_is_sure():
    """At the strict levels of a whole review a few degrees of freedom decide:
    eight would see half of these."""
    rng = np.random.default_rng(5)
    fallen = np.r_[np.ones(28), np.full(28, 0.88)]
    found = [change(*windows(fallen * (1 + 0.1 * rng.normal(size=56)))).p for _ in range(400)]
    assert np.mean(np.array(found) < 0.001) == pytest.approx(0.7, abs=0.08)


@pytest.mark.few(1)
@pytest.mark.parametrize("follows", [0.0, 0.6])
def test_it_keeps_its_level(follows):
    """Nominal 5 %; 400 draws: three standard errors are 3.3 points."""
    rng = np.random.default_rng(9)
    hits = []
    for _ in range(400):
        noise = rng.normal(size=216)
        for k in range(1, 216):
            noise[k] += follows * noise[k - 1]
        y = 100 * np.tile(WEEK, 26) * np.exp(0.05 * noise[-182:])
        hits.append(change(*windows(y, at=91)).p < 0.05)
    assert np.mean(hits) <= 0.083


def test_at_constant_mix_a_shift_of_shares_is_no_change():
    rates, before, after = np.array([0.1, 0.5]), np.array([900.0, 100.0]), np.array([100.0, 900.0])
    found = standardised((rates * before, before), (rates * after, after), variance=0.2, df=54)
    assert (found.value, found.p) == (pytest.approx(0, abs=1e-12), pytest.approx(1))
    assert found.df == 54  # of the days that tell the variance, not of waves


def test_levels_without_any_noise_differ_as_surely_as_the_order_of_their_days():
    found = change(Window.of(np.full(7, 0.5)), Window.of(np.full(7, 0.25)))
    assert found.p == pytest.approx(2 / 3432)  # orders of seven and seven days
    assert np.isnan(found.ends()).all()
    assert change(Window.of([0.5]), Window.of([0.25])).p == 1
    assert change(Window.of(np.full(7, 0.5)), Window.of(np.full(7, 0.5))).p == 1
