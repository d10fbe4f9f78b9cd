"""Any metric by any dimensions and over time, in the case's periods or in others."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from kpilab import BadInput, Period, open_case
from kpilab.analysis.rootcause.explore import ORDERS
from kpilab.rootcause import explore

DAYS = pd.date_range("2026-01-01", periods=20)
CASE = """\
kpilab: 1
title: Small
periods:
  baseline: [2026-01-01, 2026-01-10]
  current: [2026-01-11, 2026-01-20]
tables:
  daily: {kind: facts, source: daily.csv, time: date, dimensions: [shop]}
metrics:
  sales: {table: daily, measure: sum(sales)}
goal: {metric: sales}
"""

RATE = "sales: {table: daily, numerator: sum(sales), denominator: sum(visits)}"


@pytest.fixture
def case(tmp_path):
    both = [pd.DataFrame({"date": DAYS, "shop": s, "sales": n}) for s, n in (("a", 1), ("b", 2))]
    pd.concat(both).to_csv(tmp_path / "daily.csv", index=False)
    (tmp_path / "case.yml").write_text(CASE, "utf-8")
    return open_case(tmp_path)


def test_one_value_per_period_and_dimension(case):
    found = explore(case, "sales", by=["shop"]).table.set_index(["period", "shop"])["value"]
    assert found["baseline"].to_dict() == found["current"].to_dict() == {"a": 10, "b": 20}


def test_periods_of_ones_own_stand_beside_those_of_the_case(case):
    some = {"first days": Period(date(2026, 1, 1), date(2026, 1, 3))}
    assert explore(case, "sales", periods=some).table["value"].tolist() == [9]
    with pytest.raises(BadInput, match="no period named 'first days'"):
        explore(case, "sales", periods=("first days",))


@pytest.mark.parametrize(
    ("order", "expected"),
    [("size", "cba"), ("value", "cba"), ("change", "bac"), ("name", "abc")],
)
def test_values_stand_in_the_order_asked_for(case, order, expected):
    rows = pd.read_csv(case.folder / "daily.csv").astype({"sales": float})
    late = rows["date"] > "2026-01-10"
    rows.loc[late & (rows["shop"] == "b"), "sales"] = 1.5
    new = pd.DataFrame({"date": DAYS[10:], "shop": "c", "sales": 9})
    pd.concat([rows, new]).to_csv(case.folder / "daily.csv", index=False)
    found = explore(open_case(case.folder), "sales", by=["shop"], order=order)
    now = found.table[found.table["period"] == "current"]
    assert "".join(now["shop"]) == expected
    drawn = [row["name"] for held in found.chart().to_dict()["datasets"].values() for row in held]
    assert list(dict.fromkeys(drawn)) == list(expected)


def test_the_order_of_a_rate_is_by_its_denominator(case):
    text = CASE.replace("sales: {table: daily, measure: sum(sales)}", RATE)
    (case.folder / "case.yml").write_text(text, "utf-8")
    rows = pd.read_csv(case.folder / "daily.csv").assign(visits=lambda t: 10 / t["sales"])
    rows.to_csv(case.folder / "daily.csv", index=False)
    found = open_case(case.folder)
    shops = {o: explore(found, "sales", by=["shop"], order=o).table["shop"][0] for o in ORDERS}
    assert shops == {"size": "a", "value": "b", "change": "a", "name": "a"}


def test_an_order_or_periods_that_mean_nothing_are_refused(case):
    with pytest.raises(BadInput, match="no order named 'best'"):
        explore(case, "sales", order="best")
    with pytest.raises(BadInput, match="no period"):
        explore(case, "sales", by=["shop"], periods=[])
    with pytest.raises(BadInput, match="one period has no change"):
        explore(case, "sales", by=["shop"], periods=["current"], order="change")


def test_a_grid_shows_both_periods_and_what_came_or_went(case):
    rows = pd.read_csv(case.folder / "daily.csv").assign(kind="x")
    gone = pd.DataFrame({"date": DAYS[:10], "shop": "a", "sales": 3, "kind": "gone"})
    new = pd.DataFrame({"date": DAYS[10:], "shop": "b", "sales": 4, "kind": "new"})
    pd.concat([rows, gone, new]).to_csv(case.folder / "daily.csv", index=False)
    text = CASE.replace("dimensions: [shop]", "dimensions: [shop, kind]")
    (case.folder / "case.yml").write_text(text, "utf-8")
    found = explore(open_case(case.folder), "sales", by=["shop", "kind"])
    drawn = [row for held in found.chart().to_dict()["datasets"].values() for row in held]
    cells = {(r["shop"], r["kind"]): (r["said"], r["was"]) for r in drawn}
    assert cells == {
        ("a", "x"): ("10", "○ 10"), ("b", "x"): ("20", "○ 20"),
        ("a", "gone"): ("–", "○ 30"), ("b", "new"): ("40", "○ –"),
    }  # fmt: skip
