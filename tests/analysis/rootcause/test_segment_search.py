"""Spread: the place of a falling rate, in few cells as well."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.rootcause.segment_search import segment_search
from kpilab.engine import column
from kpilab.stats.core.level import Window, unit_variance


def cells(shape, seed, fall):
    """A rate of one in five; it fell in the second region, in all channels."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(product(*(range(n) for n in shape)), columns=["region", "channel"])
    rate = np.where(frame["region"] == 1, 0.2 * (1 - fall), 0.2)
    den = rng.poisson(11_000, (2, len(frame)))
    num = rng.binomial(den, [np.full(len(frame), 0.2), rate])
    return frame.assign(**dict(zip(column.SIDES, (num[0], den[0], num[1], den[1]), strict=True)))


@pytest.mark.few(3)
@pytest.mark.parametrize("shape", [(3, 1), (8, 1), (4, 2), (3, 3), (5, 2), (4, 3), (5, 3), (5, 5)])
def test_a_fall_in_one_of_few_regions_is_placed(shape):
    def places(fall):
        tables = [
            segment_search(cells(shape, s, fall), driver="rate", dimensions=["region", "channel"])
            for s in range(10)
        ]
        return [[where.plain() for where in result.table["where"]] for result in tables]

    assert places(0.3).count([{"region": 1}]) >= 9
    assert places(0.0).count([]) >= 9


@pytest.mark.parametrize("wobble", [0, 1])
def test_days_that_vary_less_than_counts_do_not_shout(wobble):
    """1,260 trials in "a" of which half, then 40 % succeed; nothing moves anywhere else."""
    days = np.tile([-wobble, wobble], 7)
    sides = [Window.of(rate * 100 + days, np.full(14, 100.0)) for rate in (0.5, 0.4)]
    variance = unit_variance(*sides)
    assert variance == pytest.approx((0.5 * 0.5 + 0.4 * 0.6) / 2)
    cube = pd.DataFrame({
        "city": ["a", "b", "c"], column.NUM0: [630.0, 200, 199], column.DEN0: [1260.0, 400, 398],
        column.NUM1: [133.0, 200, 203], column.DEN1: [1260.0, 400, 398],
    })  # fmt: skip
    found = segment_search(cube, driver="pay_rate", dimensions=["city"], variance=variance)
    assert [w.values["city"] for w in found.table["where"]] == [("a",)]


def test_amounts_have_the_variance_of_their_days_alone():
    sides = [Window.of(np.full(14, amount), np.full(14, 100.0)) for amount in (50.5, 40.5)]
    assert unit_variance(*sides) == 0.0
