"""A metric that the engine cannot measure never takes the rest with it."""

from __future__ import annotations

import numpy as np
import pytest

import kpilab
from kpilab.analysis.relation.correlate import correlate
from kpilab.analysis.rootcause.history import history
from kpilab.errors import EngineError
from kpilab.workbench import ask
from tests.case.conftest import CASE, events

BAD = "metrics:\n  bad: {table: events, measure: sum(cast(event as integer))}\n"
SAID = "Could not convert string"


@pytest.fixture
def case(tmp_path):
    draws = np.random.default_rng(0)
    rows = events()
    rows[draws.random(len(rows)) < np.where(rows["event"] == "pay", 0.7, 0.95)].to_csv(
        tmp_path / "events.csv"
    )
    text = CASE.replace("metrics:\n", BAD).replace("[revenue, visits]", "[revenue, visits, bad]")
    (tmp_path / "case.yml").write_text(
        text + "kpis: [{metric: bad}, {metric: pay_rate}]\n", "utf-8"
    )
    return kpilab.open_case(tmp_path)


@pytest.mark.parametrize(
    ("work", "column", "left"),
    [
        (ask.screened, "kpi", {"pay_rate", "visits"}),
        (correlate, "first", {"revenue", "visits"}),
        (history, "metric", {"revenue", "pay_rate"}),
    ],
)
def test_the_others_are_answered_and_the_one_is_named(case, work, column, left):
    found = work(case)
    assert set(found.table[column]) == left
    (note,) = [n for n in found.notes if n.key == "goal.refused"]
    assert note.values["metric"] == "bad"
    assert SAID in note.values["why"]


def test_a_question_about_that_metric_alone_says_why(case):
    with pytest.raises(EngineError, match=SAID):
        correlate(case, metrics=["bad"])
    with pytest.raises(EngineError, match=SAID):
        ask.related(case, "bad")
