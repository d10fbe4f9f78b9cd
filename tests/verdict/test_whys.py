"""The 5-Why chain: from the goal down, as far as the numbers carry."""

from __future__ import annotations

from datetime import date

import pytest

from kpilab.core.case import Change
from kpilab.core.values import Period
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.whys import chain, changes_near
from tests.verdict.given import CURRENT, candidate, case, evidence, noted


def keys(kind: str, *, watched: bool = False, found: Evidence | None = None) -> list[str]:
    found = found or evidence(attainment=noted(None, "goal.1"))
    assert found.goal is not None
    cause = candidate(kind).cause
    shop = case(watched=["rate"] if watched else [])
    return [
        why.question.key.removeprefix("why.") for why in chain(shop, cause, found.goal, found, {})
    ]


def test_a_fall_inside_the_formula_goes_from_goal_to_driver_to_place():
    assert keys("untracked_leak") == ["goal_q", "driver_q", "untracked_leak_q", "unwatched_q"]
    assert keys("driver_decline", watched=True) == ["goal_q", "driver_q", "driver_decline_q"]


def test_a_cause_beside_the_formula_has_no_driver():
    assert keys("definition_mismatch") == ["goal_q", "definition_mismatch_q"]


def test_each_answer_names_the_finding_that_carries_its_number():
    found = evidence(attainment=noted(None, "goal.1"))
    assert found.goal is not None
    whys = chain(case(), candidate().cause, found.goal, found, {})
    assert [why.finding for why in whys][:2] == ["goal.1", "goal.1"]


def test_without_a_split_there_is_no_driver_to_name():
    assert keys("untracked_leak", found=evidence(drivers=None)) == [
        "goal_q",
        "untracked_leak_q",
        "unwatched_q",
    ]


@pytest.mark.parametrize(("day", "near"), [(28, True), (27, False)])
def test_an_entry_of_the_change_log_belongs_to_a_start_within_three_days(day, near):
    entry = Change(date(2025, 3, day), "new basket")
    cause = candidate().cause
    shop = case(changes=(entry,))
    assert changes_near(shop, cause) == ()  # a cause without a period has no start
    dated = type(cause)(cause.kind, cause.subject, cause.step, cause.statement, 0.0, period=CURRENT)
    assert (changes_near(shop, dated) == (entry,)) == near
    assert Period(date(2025, 3, 31), CURRENT.last) == CURRENT
