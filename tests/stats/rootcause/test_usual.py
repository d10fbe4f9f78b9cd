"""Former moves of a place: what it does anyhow is no news."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.rootcause.contrast import Part, Sides
from kpilab.stats.rootcause.former import Windows, former
from kpilab.stats.rootcause.usual import judge

WINDOWS = Windows(13, 13, 13)
RNG = np.random.default_rng


def split(total: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sums of 64 groups of units, one row per place."""
    return np.array([rng.multinomial(round(t), np.full(64, 1 / 64)) for t in total], float)


def world(shares: np.ndarray, fall: float = 1.0, seed: int = 0) -> tuple[Sides, Sides, Part, Part]:
    """Places with a weekly share of 1,000 each (places × 104 weeks), the first one's last quarter
    times `fall`."""
    rng = RNG(seed)
    expected = 1000 * shares
    expected[0, -13:] *= fall
    return parts(rng.poisson(expected).astype(float), rng)


def parts(drawn: np.ndarray, rng: np.random.Generator) -> tuple[Sides, Sides, Part, Part]:
    """Sides and history of places × weeks; the last two quarters are compared."""
    weekly, base, now = drawn[:, :-13], drawn[:, -26:-13].sum(1), drawn[:, -13:].sum(1)
    sides = Sides(Part(split(base, rng)), Part(split(now, rng)))
    whole = Sides(*(Part(p.num.sum(0, keepdims=True)) for p in (sides.base, sides.now)))
    return sides, whole, Part(weekly), Part(weekly.sum(0, keepdims=True))


def test_a_steady_world_gives_its_level():
    low = [
        judge(*world(np.ones((8, 104)), seed=k), WINDOWS).log_p < np.log(0.05) for k in range(100)
    ]
    assert 0.02 < np.mean(low) < 0.08


def test_a_fall_is_found_and_sized():
    found = judge(*world(np.ones((8, 104)), 0.7, seed=1), WINDOWS)
    assert np.argmin(found.log_p) == 0
    assert found.log_p[0] < np.log(1e-12)
    assert found.amount[0] == pytest.approx(-3900, abs=3 * found.error[0])


@pytest.mark.parametrize("kept", [1.0, 0.7, 0.3, 0.0])
def test_the_interval_of_a_fall_holds_what_is_missing(kept):
    """What is missing is counted: each event that would have been is kept or not."""
    rng, held = RNG(6), []
    for _ in range(200):
        drawn = rng.poisson(np.full((8, 104), 1000.0)).astype(float)
        whole = drawn[0, -13:].sum()
        drawn[0, -13:] = rng.binomial(drawn[0, -13:].astype(int), kept)
        judged = judge(*parts(drawn, rng), WINDOWS)
        missing = drawn[0, -13:].sum() - whole
        held.append(abs(judged.amount[0] - missing) < 1.96 * judged.size_error[0])
    assert 0.91 <= np.mean(held) <= 0.98


@pytest.mark.parametrize("kept", [0.7, 0.3])
def test_the_interval_of_a_rate_that_fell_holds_what_is_missing(kept):
    rng, held = RNG(7), []
    for _ in range(200):
        below = np.full((8, 2, 64), 250)
        above = rng.binomial(below, 0.3)
        whole = above[0, 1].sum()
        above[0, 1] = rng.binomial(above[0, 1], kept)
        place = Sides(*(Part(above[:, k] + 0.0, below[:, k] + 0.0) for k in (0, 1)))
        past = Part(np.zeros((8, 0)), np.zeros((8, 0)))
        judged = judge(
            place, place.together(), past, Part(past.num[:1], past.num[:1]), Windows(1, 1, 1)
        )
        missing = above[0, 1].sum() - whole
        held.append(abs(judged.amount[0] - missing) < 1.97 * judged.size_error[0])
    assert 0.91 <= np.mean(held) <= 0.98


def test_a_place_that_always_wanders_is_not_accused():
    rng = RNG(2)
    shares = np.ones((8, 104))
    shares[0] = np.exp(np.cumsum(rng.normal(0, 0.06, 104)))
    steady = judge(*world(np.ones((8, 104)), 0.85, seed=3), WINDOWS)
    wandering = judge(*world(shares, 0.85, seed=3), WINDOWS)
    assert steady.log_p[0] < np.log(1e-6) < wandering.log_p[0]


def test_a_steady_trend_of_a_place_is_expected():
    shares = np.ones((8, 104))
    shares[0] = np.geomspace(1.6, 0.6, 104)
    assert judge(*world(shares, seed=4), WINDOWS).log_p[0] > np.log(0.001)


def test_the_season_of_a_place_is_expected_again():
    shares = np.ones((8, 104))
    shares[0] = 1 + 0.4 * np.sin(2 * np.pi * np.arange(104) / 52)
    year = Windows(13, 13, 13, 52)
    assert judge(*world(shares, seed=5), year).log_p[0] > np.log(0.001)


def test_without_history_the_units_speak_alone():
    sides, whole, past, past_whole = world(np.ones((8, 104)), 0.7)
    short = [Part(p.num[:, -13:]) for p in (past, past_whole)]
    assert former(*short, WINDOWS).moves.shape == (8, 0)
    assert judge(sides, whole, *short, WINDOWS).log_p[0] < np.log(1e-12)
