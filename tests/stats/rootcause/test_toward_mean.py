"""Regression toward the mean: a baseline that was high by chance falls without a reason."""

from __future__ import annotations

import numpy as np

from kpilab.stats.rootcause.contrast import Part, Sides
from kpilab.stats.rootcause.former import Windows, former
from kpilab.stats.rootcause.toward_mean import COUNTS, counts, left, weights
from kpilab.stats.rootcause.usual import judge

WINDOWS = Windows(13, 13, 13)
RNG = np.random.default_rng


def past(levels: np.ndarray, seed: int) -> tuple[Part, Part]:
    """Weekly sums of places × weeks, and of their rest."""
    weekly = RNG(seed).poisson(1000 * levels).astype(float)
    return Part(weekly), Part(weekly.sum(0, keepdims=True) - weekly)


def noise(place: Part) -> np.ndarray:
    """Variance of a relative move of one quarter to the next, by counting alone."""
    return np.full((len(place.num), 1), 2 * 8 / 7 / 13000)


def test_steady_places_are_known_from_all_their_time():
    place, rest = past(np.ones((8, 104)), 1)
    assert counts(former(place, rest, WINDOWS), noise(place)) == COUNTS[-1]


def test_levels_that_wander_are_known_from_the_last_one():
    levels = np.exp(np.cumsum(RNG(2).normal(0, 0.05, (8, 104)), axis=1))
    place, rest = past(levels, 2)
    assert counts(former(place, rest, WINDOWS), noise(place)) == 0


def test_a_new_level_is_no_chance():
    levels = np.ones((8, 104))
    levels[0, 90:] = 1.3
    of = former(*past(levels, 3), WINDOWS)
    away = weights(of, noise(Part(levels)), 1.0)
    assert away[0, -1] == 0 < away[1, -1]


def test_the_mean_of_both_times_leaves_less_noise():
    of = former(*past(np.ones((8, 104)), 4), WINDOWS)
    part = left(weights(of, noise(Part(np.ones((8, 104)))), 1.0), of)
    assert 0.5 < part.min() < 0.65
    assert part.max() <= 1.0


def worlds(fall: float, high: float, seed: int) -> float:
    """log p of the first of eight places whose baseline was `high` and that has `fall` since."""
    expected = np.full((8, 104), 1000.0)
    expected[0, -26:-13] *= high
    expected[0, -13:] *= fall
    weekly = RNG(seed).poisson(expected).astype(float)
    sums = weekly[:, -26:-13].sum(1), weekly[:, -13:].sum(1)
    groups = [
        RNG(seed + k).multinomial(s.astype(int), np.full(64, 1 / 64)) for k, s in enumerate(sums)
    ]
    sides = Sides(*(Part(g.astype(float)) for g in groups))
    whole = Sides(*(Part(p.num.sum(0, keepdims=True)) for p in (sides.base, sides.now)))
    before = Part(weekly[:, :-13])
    return float(
        judge(sides, whole, before, Part(before.num.sum(0, keepdims=True)), WINDOWS).log_p[0]
    )


def test_what_only_went_back_is_seldom_news():
    """By the baseline alone it would be in 17 of 100."""
    said = [worlds(1.0, 1.012, seed) < np.log(0.05) for seed in range(200)]
    assert np.mean(said) < 0.13


def test_what_fell_below_its_usual_level_is_seen_sooner():
    fell = [worlds(0.95, 1.0, seed) for seed in range(100)]
    assert np.mean(np.array(fell) < np.log(0.001)) > 0.85
