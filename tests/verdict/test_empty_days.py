"""Days on which a table has no rows are told by themselves, and hide nothing else."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import kpilab
from kpilab.core.values import Period, Where
from kpilab.engine.rootcause.cells import pull
from kpilab.verdict.empty_days import empty_days

FIRST = date(2025, 11, 3)
GONE = [date(2025, 12, d) for d in range(8, 13)]
CASE = """
kpilab: 1
title: days
periods: {baseline: ["2025-11-03", "2025-11-30"], current: ["2025-12-01", "2025-12-28"]}
tables:
  sales: {kind: facts, source: sales.csv, time: day, dimensions: [store]}
metrics:
  revenue: {table: sales, measure: sum(revenue)}
  orders: {table: sales, measure: sum(orders)}
  basket: {table: sales, numerator: sum(revenue), denominator: sum(orders)}
goal: {metric: revenue, formula: orders * basket}
"""


def sales() -> pd.DataFrame:
    """Three shops; the orders of one fall by 30 % in December."""
    random, rows = np.random.default_rng(5), []
    for k in range(56):
        day = FIRST + timedelta(days=k)
        for store in ("north", "south", "west"):
            level = 40 * (1.3 if day.weekday() > 4 else 1.0)
            fell = 0.7 if store == "north" and k >= 28 else 1.0
            orders = int(random.poisson(level * fell))
            rows.append((day, store, orders, orders * round(float(random.normal(31, 1)), 2)))
    return pd.DataFrame(rows, columns=["day", "store", "orders", "revenue"])


def opened(folder, rows, more=""):
    rows.to_csv(folder / "sales.csv", index=False)
    (folder / "case.yml").write_text(CASE + more, encoding="utf-8")
    return kpilab.open_case(folder)


def test_days_without_rows_are_a_row_of_the_bridge_and_hide_no_place(tmp_path):
    whole = sales()
    without = whole["day"].isin(GONE)
    found = kpilab.review(opened(tmp_path, whole[~without]))
    gone = next(r for r in found.bridge if r.label.key == "bridge.no_rows")
    truth = -float(whole.loc[without, "revenue"].sum())
    assert gone.amount == pytest.approx(truth, rel=0.06)
    assert gone.low is not None
    assert gone.high is not None
    assert gone.low <= truth <= gone.high
    assert gone.label.values == {"period": Period(GONE[0], GONE[-1])}
    assert found.goal.logged == pytest.approx(float(whole[~without].tail(69)["revenue"].sum()))
    assert found.goal.current == found.goal.logged - gone.amount
    assert [c.where for c in found.causes] == [Where.of("store", "north")]
    said = [f for f in found.findings if f.statement.key == "trust.days_empty"]
    assert [f.verdict for f in said] == ["unclear"]


def test_days_of_the_baseline_count_as_usual_too(tmp_path):
    whole = sales()
    without = whole["day"].isin([d - timedelta(days=28) for d in GONE])
    found = kpilab.review(opened(tmp_path, whole[~without]))
    base = whole[whole["day"] < date(2025, 12, 1)]
    assert found.goal.baseline == pytest.approx(float(base["revenue"].sum()), rel=0.02)
    assert [c.where for c in found.causes] == [Where.of("store", "north")]


@pytest.mark.parametrize(
    ("gone", "more", "runs"),
    [
        (GONE, "", 1),
        (GONE[:1], "", 0),
        ([date(2025, 12, d) for d in (24, 25, 26)], "", 1),
        ([date(2025, 12, d) for d in (24, 25, 26)], "holidays: DE\n", 0),
        ([], "", 0),
    ],
)
def test_a_day_alone_and_a_feast_are_closed_days(tmp_path, gone, more, runs):
    rows = sales()
    case = opened(tmp_path, rows[~rows["day"].isin(gone)], more)
    assert len([*empty_days(case, pull(case))]) == runs
