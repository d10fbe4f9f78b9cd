"""Any metric by any dimensions and over time, in the case's periods or in others."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from kpilab import BadInput, Period, open_case
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
