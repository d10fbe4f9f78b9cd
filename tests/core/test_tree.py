"""The metric tree: parsed by hand, evaluated, never executed."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpilab.core.tree import MetricTree
from kpilab.errors import BadInput, KpilabError


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("a + b * c", 7),
        ("(a + b) * c", 9),
        ("a - b - c", -4),
        ("b / c / a", 2 / 3),
        ("-a + 2.5e1", 24),
        ("c / (a + b)", 1),
    ],
)
def test_arithmetic(formula, value):
    assert MetricTree.parse("goal", formula).evaluate(
        {"a": 1.0, "b": 2.0, "c": 3.0}
    ) == pytest.approx(value)


def test_nested_tree_knows_its_leaves():
    tree = MetricTree.parse("revenue", "orders * basket", {"orders": "visits * rate"})
    assert tree.leaves == ("visits", "rate", "basket")
    assert tree.nodes[0] == "revenue"
    assert tree.evaluate({"visits": 100.0, "rate": 0.1, "basket": 5.0}) == pytest.approx(50)


def test_arrays_give_arrays_with_nan_for_zero_denominators():
    value = MetricTree.parse("r", "a / b").evaluate(
        {"a": np.array([1.0, 1.0]), "b": np.array([2.0, 0.0])}
    )
    np.testing.assert_array_equal(value, [0.5, np.nan])


def test_division_by_zero_is_an_error_with_a_place():
    with pytest.raises(BadInput, match=r"division by zero\s+where: formula of 'r'"):
        MetricTree.parse("r", "a / b").evaluate({"a": 1.0, "b": 0.0})


def test_a_circle_is_shown():
    with pytest.raises(BadInput, match="a -> b -> a"):
        MetricTree.parse("a", "b * 2", {"b": "a + 1"})


@pytest.mark.parametrize(
    "bad", ["", "a +", "a b", "(a", "a)", "__import__('os')", "a ** b", "a; b", "a[0]", "f(a)"]
)
def test_what_is_not_arithmetic_is_refused(bad):
    with pytest.raises(BadInput):
        MetricTree.parse("goal", bad)


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text):
    with suppress(KpilabError):
        MetricTree.parse("goal", text)
