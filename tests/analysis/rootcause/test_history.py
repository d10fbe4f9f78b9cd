"""The goal and the KPIs over time."""

from __future__ import annotations

import math

import pytest

from kpilab.analysis.rootcause.attainment import attainment
from kpilab.analysis.rootcause.history import history
from kpilab.case.read import open_case
from kpilab.engine.rootcause.cells import pull
from kpilab.show.say import sentence


@pytest.fixture(scope="module")
def case(shared):
    folder = next(iter(sorted((shared / "cases").glob("s01*"))), None)
    if folder is None:
        pytest.skip("the reference cases are not there")
    return open_case(folder)


def test_the_days_of_the_goal_sum_to_its_periods(case):
    days = history(case).table.query("role == 'goal'").groupby("period")["value"].sum()
    goal = attainment(case, pull(case)).table.iloc[0]
    assert math.isclose(days["baseline"], goal["baseline"])
    assert math.isclose(days["current"], goal["current"])


def test_every_kpi_has_its_line_and_the_goal_comes_first(case):
    result = history(case)
    names = list(dict.fromkeys(result.table["metric"]))
    assert names == [case.goal.metric, *(k.metric for k in case.kpis)]
    assert case.goal.metric in sentence(result.headline, "zh")
    assert not result.table.duplicated(["metric", "date"]).any()
