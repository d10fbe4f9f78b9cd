"""Two measurements of one thing: what is scatter, and what is a day that differs."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.data.agree import agreement


def called(first, second):
    found = agreement(first, second)
    return np.flatnonzero(found.p < 0.05 / len(found.p))


@pytest.mark.parametrize("mean", [20, 200])
def test_a_day_that_lost_most_of_its_rows_differs(mean):
    rng = np.random.default_rng(2)
    books = rng.poisson(mean, 56)
    logged = rng.binomial(books, 0.95)
    logged[10] = logged[10] // 4
    assert 10 in called(logged, books)


def test_amounts_that_agree_to_the_cent_part_by_less():
    books = np.linspace(100, 200, 30) + 0.37
    logged = books.copy()
    logged[4] *= 0.93
    assert list(called(logged, books)) == [4]
