"""A segment is held against its former windows and the course of the rest."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.customers.usual import Sums, by_history, unusual

CUSTOMERS, WINDOWS = 500, 8


def drawn(seed: int, last: float = 1.0) -> tuple[Sums, Sums]:
    """Ten segments in which customers stop; in the first one at another rate at last."""
    noise = np.random.default_rng(seed)
    common = 1 + 0.3 * np.sin(np.arange(WINDOWS))
    rates = np.outer(noise.uniform(0.7, 1.3, 10), 0.1 * common)
    rates[0, -1] *= last
    gone = noise.binomial(CUSTOMERS, rates).astype(float)
    risk = np.full_like(gone, CUSTOMERS)
    rest = Sums.of_counts(gone.sum(0) - gone, risk.sum(0) - risk)
    return Sums.of_counts(gone, risk), rest


ALL = np.full(10, 500.0)


def test_what_all_share_cancels():
    gone = np.full((2, 6), 50.0)
    gone[:, -1] = 100  # a season doubles it everywhere
    risk = np.full_like(gone, 500.0)
    found = unusual(Sums.of_counts(gone, risk), Sums.of_counts(gone, risk), ALL[:2])
    assert found.expected == pytest.approx([0.2, 0.2])
    assert found.effect == pytest.approx([0, 0])
    assert (found.p > 0.9).all()


def test_unchanged_segments_are_called_unusual_as_rarely_as_said():
    p = np.concatenate([unusual(*drawn(s), ALL).p for s in range(300)])
    share = (p < 0.05).mean()
    assert 0.02 < share < 0.062  # 0.05 ± 3 standard errors of 3,000 draws, and shy is allowed


def test_a_doubled_rate_is_found_and_sized():
    seen = [unusual(*drawn(s, last=2.0), ALL) for s in range(100)]
    assert np.mean([u.p[0] < 0.05 / 10 for u in seen]) > 0.9
    first = [np.random.default_rng(s).uniform(0.7, 1.3, 10)[0] for s in range(100)]
    true = np.array(first) * 0.1 * (1 + 0.3 * np.sin(WINDOWS - 1)) * CUSTOMERS
    inside = [abs(u.effect[0] - t) < 1.96 * u.error[0] for u, t in zip(seen, true, strict=True)]
    assert np.mean(inside) > 0.88  # 0.95 − 3 standard errors


def test_a_segment_that_always_swings_is_not_unusual_when_it_does_again():
    noise = np.random.default_rng(3)
    swing = noise.choice([0.5, 1.5], (200, 1, WINDOWS))
    few = []
    for k in range(200):
        rates = np.full((10, WINDOWS), 0.1)
        rates[0] *= swing[k, 0]
        gone = noise.binomial(CUSTOMERS, rates).astype(float)
        risk = np.full_like(gone, CUSTOMERS)
        rest = Sums.of_counts(gone.sum(0) - gone, risk.sum(0) - risk)
        few.append(unusual(Sums.of_counts(gone, risk), rest, ALL).p[0])
    steady = [unusual(*drawn(s, last=1.5), ALL).p[0] for s in range(200)]
    assert np.mean(np.array(few) < 0.005) < 0.5 * np.mean(np.array(steady) < 0.005) + 0.1


def test_an_amount_of_few_is_as_loud_as_it_is_seen_to_be():
    """One customer who holds half of a segment leaves: no rate of the segment."""
    a = np.full((2, 6), 1000.0)
    lost, ll = np.full((2, 6), 50.0), np.full((2, 6), 50.0 * 10)
    lost[0, -1], ll[0, -1] = 500.0, 500.0**2
    la, aa = ll, np.full((2, 6), 500.0**2 + 500 * 10)
    part = Sums.of(lost, a, ll, la, aa)
    assert (
        unusual(part, Sums.of(20 * lost * 0 + 500, 10 * a, 10 * ll, 10 * la, 10 * aa), ALL[:2]).p[0]
        > 0.05
    )


def yearly(last: float) -> Sums:
    """Everything, by month over two years: every December a third as many stop."""
    noise, month = np.random.default_rng(5), np.arange(24)
    rates = np.where(month % 12 == 11, 0.03, 0.1)
    rates[-1] *= last
    risk = np.full((1, 24), 2000.0)
    return Sums.of_counts(noise.binomial(2000, rates)[None, :].astype(float), risk)


def test_what_comes_every_year_is_no_event():
    assert by_history(yearly(1.0)).p[0] < 0.01
    assert by_history(yearly(1.0), 12).p[0] > 0.2
    assert by_history(yearly(0.3), 12).p[0] < 0.05
