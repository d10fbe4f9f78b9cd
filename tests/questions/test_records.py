"""Records of work as questions."""

from __future__ import annotations

from kpilab.questions.records import actions, kpi_of


def test_actions_are_read_from_the_records(asked):
    assert actions(asked.tables["work"]) == ("call", "callback")


def test_the_kpi_of_an_action_is_the_metric_that_names_it_whole(asked):
    assert kpi_of(asked, "callback") == "callbacks"
    assert kpi_of(asked, "call") == "calls"
    assert kpi_of(asked, "visit") == "callbacks"  # no metric names it: the KPI on the records
