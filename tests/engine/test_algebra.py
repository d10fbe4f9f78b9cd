"""Measures taken apart."""

from __future__ import annotations

import pytest

from kpilab.engine.algebra import alike, passes_on, rows_of, terms, within


@pytest.mark.parametrize(
    ("measure", "factors"),
    [
        ("sum(a)", [1]),
        ("sum(a) - 2 * count(*)", [1, -2]),
        ("-(sum(a) - coalesce(sum(b), 0))", [-1, 1]),
        ("count(*) filter (where x = 'y') + sum(z)", [1, 1]),
    ],
)
def test_sums_and_counts_are_terms(measure, factors):
    assert [t.factor for t in terms(measure) or ()] == factors


@pytest.mark.parametrize("measure", ["avg(a)", "count(distinct a)", "sum(a) / sum(b)", "max(a)"])
def test_what_does_not_add_up_has_none(measure):
    assert terms(measure) is None


def test_the_rows_of_a_sum_keep_its_filter():
    assert alike(rows_of("sum(a) filter (where b > 1)"), "count(*) filter (where b > 1)")
    assert rows_of("count(*)") is None


def test_a_condition_joins_the_filter():
    assert alike(within("sum(a)", "b = 1"), "sum(a) filter (where b = 1)")


@pytest.mark.parametrize(
    ("num", "den", "goal", "factor"),
    [
        ("sum(listed - amount)", "sum(listed)", "sum(amount)", -1.0),
        ("sum(listed - amount)", "sum(listed)", "sum(amount - cost)", -1.0),
        ("sum(amount - cost)", "sum(amount)", "sum(amount - cost)", 1.0),
        ("sum(qty)", "count(*)", "sum(amount)", None),
        ("sum(a * b)", "sum(b)", "sum(a)", None),
    ],
)
def test_what_one_more_of_a_ratio_makes_of_the_goal(num, den, goal, factor):
    assert passes_on(num, den, goal) == factor
