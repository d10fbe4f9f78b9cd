"""Few customers carry a loss only if so few usually do not."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.customers.concentrated import concentrated


def accounts(seed: int, n: int = 500) -> np.ndarray:
    """Amounts of accounts in eight quarters; three in a hundred leave in each."""
    noise = np.random.default_rng(seed)
    size = noise.lognormal(6, 1.2, n)
    stay = noise.random((n, 8)) > 0.03
    stay[:, 0] = True
    grown = np.cumprod(noise.lognormal(0, 0.05, (n, 8)), axis=1)
    return size[:, None] * grown * np.cumprod(stay, axis=1)


def left(amounts: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, set[int]]:
    """Six accounts that hold about so much leave in the last quarter."""
    noise = np.random.default_rng(seed)
    there = np.flatnonzero((amounts[:, -2] > 0) & (amounts[:, -1] > 0))
    order = there[np.argsort(-amounts[there, -2])]
    held = amounts[order, -2] / amounts[:, -2].sum()
    at = int(np.argmin(np.abs(held - share / 6)))
    gone = order[max(0, at - 3) : max(0, at - 3) + 6]
    amounts = amounts.copy()
    amounts[gone, -1] = 0
    return amounts, {int(g) for g in noise.permutation(gone)}


@pytest.mark.slow  # many draws
def test_unchanged_customers_are_silent():
    fired = [concentrated(accounts(s), np.random.default_rng(s)).p <= 0.05 for s in range(100)]
    assert np.mean(fired) <= 0.11  # 0.05 + 3 standard errors


@pytest.mark.slow
def test_six_accounts_that_held_a_twelfth_are_found_and_named():
    found, named = [], []
    for seed in range(30):
        table, gone = left(accounts(seed), 0.08, seed)
        seen = concentrated(table, np.random.default_rng(seed))
        found.append(seen.p <= 0.05)
        named.append(len(gone & {int(k) for k in seen.order}) / 6)
    assert np.mean(found) >= 0.9
    assert np.mean(named) >= 0.6


def test_who_left_inside_a_window_is_told_by_its_end():
    table = accounts(1)
    there = np.flatnonzero((table[:, -2] > 0) & (table[:, -1] > 0))
    gone = there[np.argsort(-table[there, -2])][4:9]
    # Of three invoices, those who leave in the last quarter still pay two; usual ones two or one.
    left = (table[:, 1:] == 0) & (table[:, :-1] > 0)
    quarters, ends = table.copy(), table.copy()
    quarters[:, 1:] += np.where(left, table[:, :-1] / 2, 0)
    quarters[gone, -1] = table[gone, -2] * 2 / 3
    ends[gone, -1] = 0
    blurred = concentrated(quarters, np.random.default_rng(0))
    clear = concentrated(quarters, np.random.default_rng(0), ends=ends)
    assert clear.p <= 0.02 < 0.05 < blurred.p
    assert set(gone) <= set(clear.order)
    # Sizes are those of the quarters: a third of what they held, not all of it.
    lost = dict(zip(clear.order, clear.lost, strict=True))
    assert sum(lost[g] for g in gone) < 0.5 * table[gone, -2].sum()


def test_who_left_as_a_window_began_is_not_named_with_one_who_left_as_it_ended():
    table = accounts(5)
    there = np.flatnonzero((table[:, -2] > 0) & (table[:, -1] > 0))
    large = there[np.argsort(-table[there, -2])]
    first, last = large[4:10], large[3]
    left = (table[:, 1:] == 0) & (table[:, :-1] > 0)
    quarters, ends = table.copy(), table.copy()
    quarters[:, 1:] += np.where(left, table[:, :-1] / 2, 0)
    quarters[first, -1] = ends[first, -1] = ends[last, -1] = 0
    quarters[last, -1] = table[last, -2] * 2 / 3
    named = concentrated(quarters, np.random.default_rng(0), ends=ends)
    assert set(first) == set(named.order)
    assert named.p <= 0.02


def test_the_unit_of_the_amount_and_a_common_fall_change_nothing():
    table, _ = left(accounts(1), 0.1, 1)
    plain = concentrated(table, np.random.default_rng(0))
    scaled = concentrated(table * 1000, np.random.default_rng(0))
    fallen = table.copy()
    fallen[:, -1] *= 0.8
    common = concentrated(fallen, np.random.default_rng(0))
    assert plain.order.tolist() == scaled.order.tolist() == common.order.tolist()
    assert plain.p == scaled.p == common.p


def test_too_little_history_says_nothing():
    table = accounts(1)
    assert np.isnan(concentrated(table[:, :3], np.random.default_rng(0)).p)
    assert np.isnan(concentrated(table[:20], np.random.default_rng(0)).p)
