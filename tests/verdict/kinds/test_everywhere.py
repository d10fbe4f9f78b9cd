"""What left its history in nearly every segment is a cause of its own; in one place it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kpilab

CASE = """
kpilab: 1
title: Orders
goal: {metric: revenue}
periods: {baseline: [2025-04-07, 2025-06-29], current: [2025-06-30, 2025-09-21]}
tables:
  orders: {kind: facts, source: orders.csv, time: day, dimensions: [region, channel]}
metrics:
  revenue: {table: orders, measure: sum(amount)}
  value_per_order: {table: orders, numerator: sum(amount), denominator: count(*)}
"""
WEEKS, NOW = 64, 12
CELLS = [(r, c) for r in ("north", "south", "west") for c in ("web", "shop")]


def orders(folder, count=1.0, value=1.0, cells=CELLS, seed=1):
    """Orders of 64 weeks; in the last 12, `count` times as many and `value` times as large in some
    cells."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2024-07-01", periods=7 * WEEKS)
    parts = []
    for region, channel in CELLS:
        hit = (np.arange(len(days)) >= 7 * (WEEKS - NOW)) & ((region, channel) in cells)
        made = rng.poisson(12 * np.where(hit, count, 1.0))
        amount = rng.gamma(9, 5, made.sum()) * np.repeat(np.where(hit, value, 1.0), made)
        part = {"day": np.repeat(days, made), "region": region, "channel": channel}
        parts.append(pd.DataFrame(part).assign(amount=amount.round(2)))
    pd.concat(parts).to_csv(folder / "orders.csv", index=False)
    (folder / "case.yml").write_text(CASE)
    return kpilab.review(kpilab.open_case(folder))


def test_fewer_orders_everywhere_are_a_fall_of_their_number(tmp_path):
    (cause,) = orders(tmp_path, count=0.8).causes
    assert (cause.kind, cause.subject, dict(cause.where.values)) == ("untracked_leak", "orders", {})
    assert cause.effect_pct == pytest.approx(-20, abs=4)


def test_smaller_orders_everywhere_are_a_fall_of_their_value(tmp_path):
    (cause,) = orders(tmp_path, value=0.85).causes
    assert (cause.subject, dict(cause.where.values)) == ("value_per_order", {})
    assert cause.effect.low < cause.effect.value < cause.effect.high < 0


def test_more_orders_everywhere_are_a_gain(tmp_path):
    found = orders(tmp_path, count=1.25)
    assert not found.causes
    (gain,) = found.gains
    assert (gain.subject, dict(gain.where.values)) == ("orders", {})


@pytest.mark.slow
def test_a_fall_of_one_region_is_not_everywhere(tmp_path):
    cells = [cell for cell in CELLS if cell[0] == "north"]
    (cause,) = orders(tmp_path, count=0.6, cells=cells).causes
    assert dict(cause.where.values) == {"region": ("north",)}


@pytest.mark.few(1)
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found_where_nothing_moved(tmp_path, seed):
    found = orders(tmp_path, seed=20 + seed)
    assert not found.causes
    assert not found.gains
