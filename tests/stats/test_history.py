"""What a period should be by its history: rows that sum, seasons, intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.history import outlook
from kpilab.stats.levels import Days


def series(values: np.ndarray, year: int = 365, den: np.ndarray | None = None) -> Days:
    at = np.arange(len(values)) - year
    weight = np.ones(len(values)) if den is None else den
    return Days(np.asarray(values, float), weight, np.where(at >= 0, at, -1))


def covered(make, *, length: int, n: int, times: int = 60) -> float:
    hits = 0
    for seed in range(times):
        y = make(np.random.default_rng([seed, length, n]), np.arange(length))
        found = outlook(series(y), (length - 2 * n, length - n), (length - n, length))
        low, high = found.ends()
        hits += low <= y[length - n :].sum() <= high
    return hits / times


def test_a_flat_series_is_expected_to_stay():
    found = outlook(series(np.full(140, 10.0)), (84, 112), (112, 140))
    assert (found.like, found.season, found.trend, found.value) == pytest.approx((280, 0, 0, 280))


def test_steps_sum_to_the_forecast():
    y = 100 * (1 + 0.2 * np.sin(np.arange(800) / 58)) + np.random.default_rng(1).normal(0, 5, 800)
    found = outlook(series(y), (709, 737), (737, 765))
    assert found.like + found.season + found.trend == pytest.approx(found.value, rel=1e-12)


def test_what_came_a_year_before_comes_again():
    noise = np.random.default_rng(3).normal(0, 2, 800)
    y = 100 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(800) / 365)) + noise
    found = outlook(series(y), (709, 737), (737, 765))
    assert found.seasonal
    assert found.value == pytest.approx(y[737:765].sum(), rel=0.03)


def test_growth_is_no_season():
    # One year is known, in which the level doubled; it goes on growing, and nothing recurs.
    days = np.arange(730)
    found = outlook(series(100 * 2 ** (days / 365)), (548, 639), (639, 730))
    assert abs(found.season) < 0.001 * found.like


def test_a_season_stands_beside_growth():
    days = np.arange(1095)
    wave = 1 + 0.3 * (days % 365 >= 274)
    found = outlook(series(100 * 1.5 ** (days / 365) * wave), (913, 1004), (1004, 1095))
    assert found.season == pytest.approx(0.3 * found.like, rel=0.02)


def test_the_current_period_is_not_read():
    y = np.random.default_rng(4).normal(100, 5, 140)
    other = y.copy()
    other[112:] = 0
    now = (84, 112), (112, 140)
    assert outlook(series(y), *now) == outlook(series(other), *now)


def test_scaling_scales():
    y = np.random.default_rng(5).normal(100, 5, 140)
    one, ten = (outlook(series(k * y), (84, 112), (112, 140)) for k in (1, 10))
    assert (ten.value, ten.error) == pytest.approx((10 * one.value, 10 * one.error))


def test_one_former_period_is_no_history():
    assert outlook(series(np.ones(56)), (0, 28), (28, 56)) is None


def test_amounts_may_be_negative():
    y = np.random.default_rng(6).normal(-10, 3, 140)
    found = outlook(series(y), (84, 112), (112, 140))
    assert found.ends()[0] < -280 < found.ends()[1]


@pytest.mark.parametrize(
    "make",
    [
        lambda rng, t: 100 + 10 * rng.normal(size=len(t)),
        lambda rng, t: rng.poisson(20, len(t)).astype(float),
        lambda rng, t: 100 * np.exp(0.0006 * t) * (1 + 0.1 * rng.normal(size=len(t))),
    ],
    ids=["noise", "counts", "growth"],
)
@pytest.mark.parametrize(("length", "n"), [(140, 28), (364, 91)])
def test_the_interval_covers(make, length, n):
    # 60 draws: 0.85 lies three standard errors below the nominal 0.95.
    assert covered(make, length=length, n=n) >= 0.85
