"""A season comes, goes back and comes again; a step of the level stays."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.levels import Days, Levels, Noise
from kpilab.stats.season import between, season

YEAR, N = 365, 28


def levels(values: np.ndarray) -> Levels:
    at = np.arange(len(values)) - YEAR
    return Levels.of(Days(values, np.ones(len(values)), np.where(at >= 0, at, -1)))


def believed(values: np.ndarray) -> tuple[float, int, float]:
    """Of the window after the last one: its season, the years it is known by, how far believed."""
    origins = np.array([len(values) - N])
    known = np.where(np.arange(len(values)) < origins[0], values, np.nan)
    found, years, belief = season(levels(known), origins, N, origins - N, Noise(1e-5, 30.0, 0.0))
    return float(found[0]), years, belief


def wave(length: int, size: float = 0.3) -> np.ndarray:
    return 100 * (1 + size * np.sin(2 * np.pi * np.arange(length) / YEAR))


def test_what_goes_back_within_the_year_is_season():
    # The window a year ago stands half a month into the rise.
    found, years, belief = believed(wave(YEAR * 2 + N + 20))
    assert years == 1
    assert belief > 0.9
    assert found == pytest.approx(0.11, abs=0.03)


@pytest.mark.parametrize("growth", [0.0, 0.3, 0.8])
def test_growth_does_not_hide_that_a_season_went_back(growth):
    days = np.arange(YEAR * 2 + N + 20)
    assert believed(wave(len(days)) * np.exp(growth * days / YEAR))[2] > 0.9


@pytest.mark.parametrize("size", [-0.3, 0.3])
def test_a_step_that_stays_is_no_season(size):
    # A year before the window the level moved, and never came back.
    length = YEAR * 2
    values = 100 * (1 + size * (np.arange(length) >= length - N - YEAR))
    values = values * (1 + 0.005 * np.random.default_rng(1).normal(size=length))
    assert believed(values)[0] == pytest.approx(0.0, abs=0.01)


def test_a_period_of_more_than_half_a_year_has_no_rest_that_could_tell():
    values, n = wave(YEAR * 2 + 200), 200
    origins = np.array([len(values) - n])
    found, *_ = season(levels(values), origins, n, origins - n, Noise(1e-5, 30.0, 0.0))
    assert found[0] != 0


def test_between_periods_a_year_apart_there_is_no_season():
    values = wave(YEAR * 3)
    ago = np.where(np.arange(len(values)) >= YEAR, np.arange(len(values)) - YEAR, -1)
    assert between(levels(values), ago, (700, 728), (1065, 1093)) == pytest.approx(0, abs=1e-9)
