"""The review lists what is wrong with the data: table, column, segment, days, rows,
effect on the goal."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import kpilab
from kpilab.engine.rootcause.cells import pull
from kpilab.samples.write import write
from kpilab.show.say import sentence
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.steps.trust import examine

SEED = 2_600_101


@pytest.fixture
def folder(tmp_path) -> Path:
    return write("nothing", tmp_path / "calm", seed=SEED)


def report(folder: Path):
    case = kpilab.open_case(folder)
    return case, examine(case, pull(case), Evidence())[0]


@pytest.mark.slow
def test_a_clean_case_has_no_issue(folder):
    _, found = report(folder)
    assert found.issues == ()
    assert {f.verdict for f in found.findings} == {"fine"}


@pytest.mark.slow
def test_rows_entered_twice_are_listed_with_their_place_and_what_they_hold(folder):
    case = kpilab.open_case(folder)
    table = case.tables[case.metrics[case.goal.metric].table]
    path = folder / f"{table.name}.parquet"
    rows, dimension = pd.read_parquet(path), table.dimensions_named[0]
    days, value = (
        pd.to_datetime(rows[table.roles()["time"]]).dt.date,
        rows[dimension].value_counts().index[-1],
    )
    again = rows[(rows[dimension] == value) & (days == case.current.first)]
    pd.concat([rows, again]).to_parquet(path)
    case, found = report(folder)
    issue = next(i for i in found.issues if i.table == table.name)
    assert issue.rows == len(again)
    assert (issue.period.first, issue.period.last) == (case.current.first, case.current.first)
    assert issue.where.plain() == {dimension: value}
    assert issue.effect.low == 0 < issue.effect.value == issue.effect.high
    for lang in ("en", "zh"):
        assert str(value) in sentence(issue.statement, lang)


@pytest.mark.slow
def test_rows_the_log_lost_are_listed_with_what_the_goal_lost(tmp_path):
    folder = write("data_loss", tmp_path / "loss", seed=SEED)
    _, found = report(folder)
    issue = next(i for i in found.issues if i.effect is not None)
    assert issue.effect.low < issue.effect.value < issue.effect.high < 0
    assert issue.rows > 0
    assert issue.where.plain()
