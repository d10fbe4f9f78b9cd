"""Decomposition: exact over random formulas, nested, with zeros and signs; conflicts flagged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from kpilab.analysis.relation.conflicts import conflicts
from kpilab.analysis.rootcause.decompose import decompose
from kpilab.core.tree import MetricTree
from kpilab.errors import BadInput

NAMES = ("a", "b", "c", "d")
numbers = st.floats(-1e4, 1e4).map(lambda v: round(v, 3))
formulas = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(
        lambda t: f"({t[0]} {t[1]} {t[2]})"
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@example("(d * d)", (0.0, 0.0, 0.0, 1651.0), (0.0, 0.0, 0.0, 0.062))
@given(formulas, st.tuples(*[numbers] * 4), st.tuples(*[numbers] * 4))
def test_leaves_sum_to_the_change(formula, old, new):
    try:
        result = decompose(
            formula, dict(zip(NAMES, old, strict=True)), dict(zip(NAMES, new, strict=True))
        )
    except BadInput:
        return  # a zero denominator is reported, never an epsilon
    parts = result.leaves["contribution"].to_numpy(float)
    size = max(abs(result.before), abs(result.after), float(np.abs(parts).max()), 1e-12)
    assume(np.isfinite(size))
    assert abs(parts.sum() - result.change) <= 1e-9 * size


def test_children_sum_to_their_parent_and_lmdi_is_consistent():
    tree = MetricTree.parse("revenue", "orders * basket", {"orders": "visits * rate"})
    old, new = (
        {"visits": 100.0, "rate": 0.1, "basket": 20.0},
        {"visits": 120.0, "rate": 0.08, "basket": 25.0},
    )
    table = decompose(tree, old, new).table.set_index("node")
    assert table.loc["visits", "contribution"] + table.loc["rate", "contribution"] == pytest.approx(
        table.loc["orders", "contribution"]
    )
    flat = decompose("visits * rate * basket", old, new).table.set_index("node")
    assert table.loc["visits", "contribution"] == pytest.approx(flat.loc["visits", "contribution"])
    assert table["log"].iloc[0] == pytest.approx(np.log(240 / 200))


def test_a_node_whose_parts_cancel_still_shows_them():
    tree = MetricTree.parse("g", "n * p", {"n": "u + v"})
    table = decompose(
        tree, {"u": 1.0, "v": 9.0, "p": 2.0}, {"u": 6.0, "v": 4.0, "p": 2.0}
    ).table.set_index("node")
    assert table.loc["u", "contribution"] == pytest.approx(10)
    assert table.loc["v", "contribution"] == pytest.approx(-10)


def test_scaling_scales():
    old, new = {"a": 3.0, "b": -2.0}, {"a": 5.0, "b": 4.0}
    one = decompose("a * b", old, new).leaves["contribution"].to_numpy()
    ten = decompose("10 * a * b", old, new).leaves["contribution"].to_numpy()
    np.testing.assert_allclose(ten, 10 * one)


def test_intervals_by_the_delta_method():
    result = decompose(
        "a + b", {"a": 10.0, "b": 5.0}, {"a": 12.0, "b": 5.0}, errors={"a": (0.3, 0.4)}
    )
    row = result.table.set_index("node").loc["a"]
    assert (row["high"] - row["low"]) / 2 == pytest.approx(1.959964 * 0.5, rel=1e-4)


def test_superstore_profit_and_walmart_sales_sum(shared):
    store = pd.read_csv(shared / "datasets" / "superstore.csv", encoding="latin-1")
    store.columns = [c.lower().replace(" ", "_") for c in store.columns]
    year = pd.to_datetime(store["order_date"], format="mixed").dt.year
    sides = [
        {
            "orders": float(g["order_id"].nunique()),
            "sales": float(g["sales"].sum()),
            "profit": float(g["profit"].sum()),
        }
        for g in (store[year == year.max() - 1], store[year == year.max()])
    ]
    sides = [
        {
            "orders": s["orders"],
            "basket": s["sales"] / s["orders"],
            "margin": s["profit"] / s["sales"],
        }
        for s in sides
    ]
    result = decompose("orders * basket * margin", *sides)
    assert result.leaves["contribution"].sum() == pytest.approx(result.change, rel=1e-9)


def test_walmart_week_decomposes_over_stores_and_traffic(shared):
    weeks = pd.read_csv(shared / "datasets" / "walmart_store_week.csv")
    weeks.columns = [c.lower() for c in weeks.columns]
    day = pd.to_datetime(weeks["date"], format="mixed", dayfirst=True)
    last = sorted(day.unique())[-2:]
    sides = [
        {
            f"store_{k}": float(v)
            for k, v in weeks[day == d].groupby("store")["weekly_sales"].sum().items()
        }
        for d in last
    ]
    groups = [sorted(sides[0])[k : k + 9] for k in range(0, len(sides[0]), 9)]
    tree = MetricTree.parse(
        "sales",
        " + ".join(f"group_{k}" for k in range(len(groups))),
        {f"group_{k}": " + ".join(stores) for k, stores in enumerate(groups)},
    )
    result = decompose(tree, *sides)
    assert len(result.leaves) == weeks["store"].nunique()
    assert result.leaves["contribution"].sum() == pytest.approx(result.change, rel=1e-9)
    own = result.leaves.set_index("node")["contribution"]
    assert own["store_1"] == pytest.approx(sides[1]["store_1"] - sides[0]["store_1"])


def test_a_kpi_that_costs_the_goal_is_flagged():
    tree = MetricTree.parse(
        "profit",
        "volume * (price * (1 - discount) - cost)",
        {"volume": "base * (1 + response * discount)"},
    )
    values = {"base": 100.0, "response": 1.0, "discount": 0.3, "price": 10.0, "cost": 5.0}
    result = conflicts(tree, values, {"volume": "up"})
    assert result.table["lever"].tolist() == ["discount"]
    assert result.headline.key == "conflicts.found"


def test_small_integers_do_not_overflow():
    old, new = ({"visits": np.int32(v), "price": np.int32(50_000)} for v in (60_000, 66_000))
    result = decompose("visits * price", old, new)
    assert (result.before, result.after) == (3.0e9, 3.3e9)


@pytest.mark.parametrize("gone", [None, np.nan, np.inf, pd.NA])
def test_a_leaf_without_a_value_is_refused_by_its_name(gone):
    with pytest.raises(BadInput, match="no value for 'b'"):
        decompose("a * b", {"a": 1, "b": 2}, {"a": 12, "b": gone})
    with pytest.raises(BadInput, match="no value for 'b'"):
        decompose("a * b", {"a": 1}, {"a": 12, "b": 3})
    with pytest.raises(BadInput, match="is no number"):
        decompose("a * b", {"a": 1, "b": "2"}, {"a": 12, "b": 3})


def test_errors_belong_to_leaves_and_are_known():
    values = {"a": 1.0, "b": 2.0}
    for errors, wrong in (
        ({"c": (1, 1)}, "no leaf"),
        ({"a": (1, np.nan)}, "no value"),
        ({"a": (1, -1)}, "below zero"),
    ):
        with pytest.raises(BadInput, match=wrong):
            decompose("a * b", values, values, errors=errors)


def test_a_denominator_that_is_0_only_half_way_is_said_to_be_so():
    with pytest.raises(BadInput, match="half-way between the periods"):
        decompose("(a + b) / (b - c)", {"a": 2, "b": 3, "c": 2}, {"a": 10, "b": 2, "c": -1})
    with pytest.raises(BadInput, match="division by zero"):
        decompose("a / b", {"a": 2, "b": 3}, {"a": 10, "b": 0})


def test_conflicts_need_every_value_and_no_zero():
    tree = MetricTree.parse("profit", "orders * margin")
    with pytest.raises(BadInput, match="no value for 'margin'"):
        conflicts(tree, {"orders": 3.0}, {"orders": "up"})
    with pytest.raises(BadInput, match="'profit' is 0"):
        conflicts(tree, {"orders": 3.0, "margin": 0.0}, {"orders": "up"})
    with pytest.raises(BadInput, match="no direction named 'higher'"):
        conflicts(tree, {"orders": 3.0, "margin": 1.0}, {"orders": "higher"})


def test_errors_beside_a_zero_leaf_are_those_of_the_split_that_is_shown():
    table = decompose(
        "a * b", {"a": 0, "b": 2}, {"a": 5, "b": 3}, errors={"a": (1, 1), "b": (0.1, 0.1)}
    ).table.set_index("node")
    assert table.loc["a", ["contribution", "low", "high"]].tolist() == pytest.approx(
        [12.5, 12.5 - 6.95, 12.5 + 6.95], abs=0.02
    )


@pytest.mark.parametrize("after", [5.0, 5.01, 4.0])
def test_a_denominator_that_would_vanish_half_way_is_one_step(after):
    before, now = {"a": 10, "b": 10, "c": 5}, {"a": 10, "b": after, "c": 2}
    flat = decompose("a / (b - c)", before, now).table.set_index("node")["contribution"]
    tree = MetricTree.parse("goal", "a / d", {"d": "b - c"})
    nested = decompose(tree, before, now).table.set_index("node")["contribution"]
    assert flat[["a", "b", "c"]].tolist() == pytest.approx(nested[["a", "b", "c"]].tolist())
    assert flat["goal"] == pytest.approx(flat[["a", "b", "c"]].sum())


@pytest.mark.parametrize("formula", ["a / (b - c)", "a / d - c"])
def test_no_interval_where_a_denominator_may_be_zero(formula):
    """It is ten standard errors away before, and within one of zero now."""
    before = {"a": 10, "b": 10, "c": 5, "d": 5}
    now = before | {"b": 5.001, "d": 0.001}
    names = [n for n in before if n in formula]
    values = [{n: v[n] for n in names} for v in (before, now)]
    errors = dict.fromkeys(names, (0.1, 0.1))
    found = decompose(formula, *values, errors=errors)
    assert found.table[["low", "high"]].isna().all(axis=None)
    assert [n.key for n in found.notes] == ["decompose.near_zero"]
    assert decompose(formula, values[0], values[0], errors=errors).notes == ()
