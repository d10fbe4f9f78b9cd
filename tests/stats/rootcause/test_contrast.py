"""A place against its rest: what the rest does cancels, and the noise is that of the units."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.rootcause.contrast import Part, Sides, contrast, would_be

RNG = np.random.default_rng


def volumes(base: list[float], now: list[float]) -> Sides:
    return Sides(Part(np.array(base)), Part(np.array(now)))


def rates(n0: float, d0: float, n1: float, d1: float) -> Sides:
    parts = [np.array([v]) for v in (n0, d0, n1, d1)]
    return Sides(Part(parts[0], parts[1]), Part(parts[2], parts[3]))


def test_a_volume_would_move_as_the_rest_did():
    assert would_be(volumes([100.0], [70.0]), volumes([1000.0], [1200.0])) == pytest.approx([120.0])


def test_a_rate_would_move_by_the_rests_factor():
    place, rest = rates(20, 100, 15, 150), rates(100, 1000, 110, 1000)
    assert would_be(place, rest) == pytest.approx([150 * 0.2 * 1.1])


def test_a_rate_that_may_be_negative_would_move_by_the_rests_difference():
    place, rest = rates(-20, 100, 15, 150), rates(100, 1000, 110, 1000)
    assert would_be(place, rest) == pytest.approx([150 * (-0.2 + 0.01)])


def test_what_recurs_is_no_noise():
    """Customers who pay the same each month leave no doubt about a change, however unlike."""
    pays = RNG(1).lognormal(4, 1, (1, 64))
    steady = Sides(Part(pays), Part(pays * 0.9))
    rest = Sides(Part(pays * 3), Part(pays * 3))
    found = contrast(steady, rest)
    assert found.amount[0] == pytest.approx(-0.1 * pays.sum())
    assert found.error[0] < 0.02 * pays.sum()
    other = Sides(Part(pays), Part(RNG(2).permutation(pays[0])[None] * 0.9))
    assert contrast(other, rest).error[0] > 5 * found.error[0]


@pytest.mark.parametrize("rate", [False, True])
def test_the_error_is_that_of_repeated_draws(rate):
    rng = RNG(3)

    def draw(size: float) -> Part:
        n = rng.poisson(size, (1, 64)).astype(float)
        return Part(rng.binomial(n.astype(int), 0.3).astype(float), n) if rate else Part(n)

    found = [contrast(Sides(draw(9), draw(9)), Sides(draw(40), draw(40))) for _ in range(400)]
    amounts, errors = ([getattr(f, k)[0] for f in found] for k in ("amount", "error"))
    assert np.std(amounts) == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=0.1)


def test_a_few_large_units_leave_few_degrees_of_freedom():
    even = np.ones((1, 64))
    heavy = even.copy()
    heavy[0, :3] = 100.0
    noise = RNG(4).normal(1, 0.1, (1, 64))
    rest = Sides(Part(even * 10), Part(even * 10 * RNG(5).normal(1, 0.01, (1, 64))))
    many = contrast(Sides(Part(even), Part(even * noise)), rest)
    few = contrast(Sides(Part(heavy), Part(heavy * noise)), rest)
    assert many.df[0] > 30 > 8 > few.df[0]


def test_nothing_moves_as_what_was_zero_did():
    n = np.full((1, 64), 9.0)
    place, rest = (Sides(Part(n * 0, n), Part(n, n)) for _ in range(2))
    assert not contrast(place, rest).known[0]


def test_nothing_is_said_of_a_rate_without_enough_groups():
    num, den = np.zeros((1, 64)), np.zeros((1, 64))
    num[0, :2], den[0, :2] = 1.0, 2.0
    rest = Part(np.full((1, 64), 5.0), np.full((1, 64), 9.0))
    assert not contrast(Sides(Part(num, den), Part(num, den)), Sides(rest, rest)).known[0]
