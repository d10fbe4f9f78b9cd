"""Which candidates are said: the count of questions, the floor, and rivals."""

from __future__ import annotations

import pytest

from kpilab.core.values import Effect, Where
from kpilab.verdict.bridge import worth
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.rank import rank
from tests.verdict.given import NORTH, candidate, case, evidence, moved


def ranked(
    *candidates: Candidate, tests: int = 10, floor: float = 1.0
) -> tuple[list[str], list[str]]:
    shop = case(floor=floor)
    stated, rejected = rank(shop, candidates, tests, worth(shop, evidence()))
    return [c.cause.kind for c in stated], [c.cause.kind for c in rejected]


def test_a_cause_is_held_against_all_questions_that_were_asked():
    assert ranked(candidate(p=0.004), tests=12) == (["untracked_leak"], [])
    assert ranked(candidate(p=0.004), tests=13) == ([], ["untracked_leak"])


def test_the_second_cause_is_held_against_one_question_less():
    first, second = candidate(p=1e-9), candidate("wrong_kpi", subject="signups", p=0.0054, fix=None)
    assert ranked(first, second, tests=10)[0] == ["untracked_leak", "wrong_kpi"]
    assert ranked(second, tests=10)[0] == []


def test_what_decides_by_a_rule_of_its_own_is_no_further_test():
    own = candidate("ab_srm", subject="exp", p=None, fix=None, confidence=0.97)
    assert ranked(own, candidate(p=0.0051), tests=10) == (["ab_srm"], ["untracked_leak"])


@pytest.mark.parametrize(
    ("corrected", "confidence"),
    [(1e-4, 0.99), (1e-3, 0.97), (1e-2, 0.93), (0.02, 0.85), (0.05, 0.55)],
)
def test_confidence_is_read_off_the_corrected_p(corrected, confidence):
    shop = case()
    stated, _ = rank(shop, [candidate(p=corrected)], 1, worth(shop, evidence()))
    assert stated[0].cause.confidence == confidence


def test_a_rule_of_its_own_keeps_its_confidence():
    shop = case()
    own = candidate("ab_srm", p=None, fix=None, confidence=0.97)
    assert rank(shop, [own], 10, worth(shop, evidence()))[0][0].cause.confidence == 0.97


def test_what_is_rejected_never_reads_as_said():
    shop = case()
    _, rejected = rank(shop, [candidate(p=0.03), candidate(p=0.9)], 10, worth(shop, evidence()))
    assert [c.cause.confidence for c in rejected] == [0.4, 0.0]


@pytest.mark.parametrize(
    ("p", "loss", "kinds"),
    [
        (1e-6, 12.0, ["contraction"]),
        (1e-6, 90.0, ["contraction", "untracked_leak"]),  # too much for one fall
        (1e-3, 12.0, ["contraction", "untracked_leak"]),  # not the clearer one
    ],
)
def test_customers_who_buy_less_everywhere_and_rows_that_bring_less_are_one_fall(p, loss, kinds):
    leak = candidate(p=1e-4, effect=Effect(-10.0, -15.0, -5.0, "orders"))
    size = Effect(-loss, -loss - 4, -loss + 4, "orders")
    less = candidate("contraction", subject="orders", p=p, fix=None, effect=size)
    assert sorted(ranked(leak, less)[0]) == kinds


def test_a_fall_below_the_floor_is_no_cause():
    small = candidate(fix=-0.0008)  # of 0.0808: one percent of the goal
    assert ranked(small, floor=0.9) == (["untracked_leak"], [])
    assert ranked(small, floor=1.1) == ([], ["untracked_leak"])


def test_what_lies_outside_the_formula_has_no_floor():
    assert ranked(candidate("definition_mismatch", fix=None), floor=50.0)[0] == [
        "definition_mismatch"
    ]


def test_what_the_numbers_stand_on_is_said_whatever_its_rank():
    lost = candidate("data_loss", subject="events", p=0.009, fix=None, settled=True)
    assert ranked(lost, tests=50)[0] == ["data_loss"]


def test_the_largest_comes_first_and_what_has_no_size_last():
    small, large = candidate("mix_shift", fix=-0.004), candidate("driver_decline", fix=-0.02)
    outside = candidate("definition_mismatch", fix=None)
    assert ranked(outside, small, large)[0] == [
        "driver_decline",
        "mix_shift",
        "definition_mismatch",
    ]


def test_a_rate_falls_where_a_kpi_was_pumped():
    pumped = candidate("wrong_kpi", subject="signups", fix=None, where=NORTH)
    assert ranked(pumped, candidate("local_regression", where=NORTH)) == (
        ["wrong_kpi"],
        ["local_regression"],
    )
    south = Where({"region": ("south",)})
    assert ranked(pumped, candidate("local_regression", where=south))[1] == []


@pytest.mark.parametrize(
    ("change", "p", "yields"), [(0.01, 1e-9, True), (-0.01, 0.0031, True), (-0.01, 0.0029, False)]
)
def test_a_fall_yields_to_a_pumped_kpi_unless_it_stands_outside_that_place(change, p, yields):
    pumped = candidate("wrong_kpi", subject="signups", fix=None, where=NORTH)
    fall = candidate(outside=((NORTH, moved(0.1, 0.1 + change, p)),))
    assert (ranked(pumped, fall)[1] == ["untracked_leak"]) == yields


def test_a_fall_that_was_not_looked_at_outside_the_place_stands():
    pumped = candidate("wrong_kpi", subject="signups", fix=None, where=NORTH)
    assert ranked(pumped, candidate())[1] == []


@pytest.mark.parametrize(("made", "yields"), [(0.25, True), (-0.2, True), (-0.1, False)])
def test_a_fall_everywhere_yields_to_an_experiment_that_moved_as_much(made, yields):
    trial = candidate(
        "ab_novelty", subject="exp", p=None, fix=None, confidence=0.9, rate_effect=made
    )
    assert (ranked(trial, candidate(rate_effect=-0.2))[1] == ["untracked_leak"]) == yields
    assert ranked(trial, candidate("local_regression", where=NORTH, rate_effect=-0.05))[1] == []


def test_only_falls_inside_the_formula_yield():
    pumped = candidate("wrong_kpi", subject="signups", fix=None, where=NORTH)
    forged = candidate("fabricated_execution", subject="visits", fix=None, where=NORTH)
    assert set(ranked(pumped, forged)[0]) == {"wrong_kpi", "fabricated_execution"}
