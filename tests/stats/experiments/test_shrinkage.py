"""Effects that learn from all tests: what is left of luck, what of truth, and what is not known."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.experiments.shrinkage import shrink

TESTS, PROGRAMMES = 20, 250


def programmes(alive: float, seed: int, *, peeked: bool = False):
    """(true effects, estimates, errors) of programmes of tests; peeked: stopped at the first |z|
    above 1.96 of ten looks."""
    rng = np.random.default_rng(seed)
    for _ in range(PROGRAMMES):
        error = rng.uniform(0.6, 1.6, TESTS)
        true = np.where(rng.random(TESTS) < alive, rng.normal(0, 3, TESTS), 0)
        at = np.arange(1, 11) / 10 if peeked else np.ones(1)
        steps = np.diff(at, prepend=0)
        gains = (
            true[:, None] * steps
            + rng.normal(size=(TESTS, len(at))) * np.sqrt(steps) * error[:, None]
        )
        read, spread = gains.cumsum(axis=1) / at, error[:, None] / np.sqrt(at)
        hit = np.abs(read / spread) > 1.96
        stop = np.where(hit.any(axis=1), hit.argmax(axis=1), len(at) - 1)
        rows = np.arange(TESTS)
        yield true, read[rows, stop], spread[rows, stop]


def judged(alive: float, seed: int, *, peeked: bool = False):
    """(part of the naive sum's bias that is left, share of programmes whose interval covers)."""
    left, naive, covers = [], [], []
    for true, read, error in programmes(alive, seed, peeked=peeked):
        won = read / error > 1.96
        if not won.any():
            continue
        mean, low, high = shrink(read, error).total(won.astype(float))
        left.append(mean - true[won].sum())
        naive.append((read - true)[won].sum())
        covers.append(low - 1e-12 <= true[won].sum() <= high + 1e-12)
    return np.mean(left) / np.mean(naive), np.mean(covers)


def test_where_nothing_works_nine_tenths_of_the_luck_go():
    left, covers = judged(0.0, 3, peeked=True)
    assert abs(left) < 0.12
    assert covers > 0.97


@pytest.mark.parametrize("peeked", [False, True])
def test_where_a_fifth_works_the_interval_covers(peeked):
    left, covers = judged(0.2, 5, peeked=peeked)
    assert abs(left) < 0.2
    assert 0.92 <= covers <= 0.985


def test_the_chance_that_anything_works_is_learnt():
    nothing = np.linspace(-1.5, 1.5, 40)
    assert shrink(nothing, np.ones(40)).works < 0.1
    assert shrink(np.r_[nothing, 6.0], np.ones(41)).works > 0.99


def test_effects_that_all_lean_to_gains_are_shrunk_to_gains():
    effects = np.array([1.6, 2.1, 2.4, 2.8, 1.9, 2.2, 2.6, 1.8])
    leaning = shrink(effects, np.ones(8)).mean
    mixed = shrink(effects * np.array([1, -1] * 4), np.ones(8)).mean
    assert (leaning > np.abs(mixed)).all()


def test_an_interval_holds_its_estimate_and_turns_with_the_effects():
    effects, errors = np.array([0.3, -0.2, 2.2, 0.9, -3.0]), np.array([1.0, 0.5, 0.9, 1.5, 0.8])
    found, turned = shrink(effects, errors), shrink(-effects, errors)
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()
    assert turned.mean == pytest.approx(-found.mean, abs=1e-9)
    mean, low, high = found.total(np.ones(5))
    assert low <= mean <= high
