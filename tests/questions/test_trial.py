"""What case.yml says of an experiment is what the engine is asked."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from kpilab.analysis.experiments.experiment import experiment
from kpilab.case.read import open_case
from kpilab.errors import BadInput
from kpilab.questions.trial import looks, shipped, trial

CASE = """\
kpilab: 1
title: small
periods: {baseline: [2026-01-05, 2026-01-11], current: [2026-01-12, 2026-01-18]}
tables:
  events: {kind: events, source: events.csv, time: at, user: user, event: event, dimensions: []}
  given: {kind: assignments, source: given.csv, time: at, unit: user, experiment: test,
      variant: variant}
metrics:
  revenue: {table: events, measure: sum(amount), where: event = 'pay'}
  payers: {table: events, measure: count(distinct user), where: event = 'pay'}
  refunds: {table: events, measure: count(*), where: event = 'refund', better: down}
  basket: {table: events, numerator: sum(amount), denominator: count(*), where: event = 'pay'}
goal: {metric: revenue, formula: payers * basket}
experiments:
  t1:
    assignments: given
    outcome: OUTCOME
    control: A
    split: {A: 0.5, B: 0.5}
    start: 2026-01-08
    decided_on: 2026-01-14
    planned_days: 10
    looks: 3
    boundary: alpha spending
    KEYS
"""


@pytest.fixture
def asked(tmp_path):
    """Unit k of 40 pays k twice in the test, and k + 1 once before it;
    unit 7 pays 1,000 after the decision."""
    rows = [(f"2026-01-{day:02} 12:00", f"u{k}", "pay", k) for k in range(40) for day in (9, 10)]
    rows += [("2026-01-06 12:00", f"u{k}", "pay", k + 1) for k in range(40)]
    rows += [("2026-01-16 12:00", "u7", "pay", 1000)]
    pd.DataFrame(rows, columns=["at", "user", "event", "amount"]).to_csv(
        tmp_path / "events.csv", index=False
    )
    given = [("2026-01-08 09:00", f"u{k}", "t1", "AB"[k % 2]) for k in range(40)]
    pd.DataFrame(given, columns=["at", "user", "test", "variant"]).to_csv(
        tmp_path / "given.csv", index=False
    )

    def question(outcome="revenue", keys=""):
        (tmp_path / "case.yml").write_text(
            CASE.replace("OUTCOME", outcome).replace("KEYS", keys), "utf-8"
        )
        case = open_case(tmp_path)
        return trial(case, case.experiments["t1"])

    return question


def run(found):
    return experiment(
        found.who, found.log, metrics=found.outcomes, control="A", design=found.design
    )


def test_a_metric_is_read_by_its_own_measure_up_to_the_decision(asked):
    row = run(asked()).table.iloc[0]
    assert (row["control"], row["value"]) == (38.0, 40.0)


def test_counted_users_and_predicates_are_shares_of_the_units(asked):
    for outcome in ("payers", "event = 'pay'", "pay"):
        (found,) = asked(f'"{outcome}"').outcomes
        assert found.kind == "proportion"
        assert "case when" in found.value


def test_a_rate_keeps_its_denominator(asked):
    row = run(asked("basket")).table.iloc[0]
    assert (row["control"], row["value"]) == (19.0, 20.0)


def test_guardrails_have_their_margin_and_the_direction_of_their_metric(asked):
    found = asked(keys="guardrails: {refunds: 0.05}").outcomes[1]
    assert (found.name, found.role, found.margin, found.better) == (
        "refunds",
        "guardrail",
        0.05,
        "down",
    )
    assert asked(keys="guardrails: [refunds]").outcomes[1].margin == 0.02


def test_covariates_are_measured_before_the_assignment(asked):
    # What a unit paid before explains all of what it pays: an effect of nothing but the arms' units
    # is left.
    row = run(asked(keys="covariates: [revenue]")).table.iloc[0]
    assert row["cut"] == pytest.approx(1.0)
    assert row["effect"] == pytest.approx(0.0)


def test_exposure_window_and_looks_reach_the_design(asked):
    design = asked(keys="exposure: event = 'pay'\n    window: 5d").design
    assert (design.exposure, design.window, design.boundary) == (
        "event = 'pay'",
        5,
        "obrien-fleming",
    )
    assert (design.start, design.until, design.seen_until) == (
        date(2026, 1, 8),
        date(2026, 1, 14),
        date(2026, 1, 14),
    )
    assert design.looks == (0.5, 0.6, 0.7)


def test_a_look_after_the_planned_end_has_all_of_the_information():
    assert looks(7, 1, 7) == (1.0,)
    assert looks(2, 9, 4) == (0.25, 0.5)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("guardrails: [refund]", "no metric named 'refund'"),
        ("guardrails: {refunds: 5}", "margin|less than 1"),
        ("window: 36h", "no number of days"),
        ("exposure: event =", r"no event .* named 'event =', and it is no condition"),
    ],
)
def test_a_key_that_cannot_be_right_is_refused(asked, keys, words):
    with pytest.raises(BadInput, match=words):
        asked(keys=keys)


def test_an_outcome_that_nobody_did_is_refused(asked):
    with pytest.raises(BadInput, match="named 'paid', and it is no condition"):
        asked("paid")


@pytest.mark.parametrize(
    ("decision", "was"), [("shipped to all", True), ("Rolled back", False), ("全量回滚", False)]
)
def test_whether_it_was_shipped_is_read_in_both_languages(decision, was):
    class Decided:
        pass

    test = Decided()
    test.decision = decision
    assert shipped(test) is was
