"""A decided test is read as it was declared: by its metric's measure, with its guardrails,
in its own words."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.case.read import open_case
from kpilab.engine.rootcause.cells import pull
from kpilab.show.say import sentence
from kpilab.track.effects import effects
from kpilab.track.records import Aim
from kpilab.track.store import Store
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.steps.execution import examine
from kpilab.workbench.apps.experiments.trial import TRIAL

CASE = """\
kpilab: 1
title: small
periods: {baseline: [2026-01-05, 2026-01-11], current: [2026-01-12, 2026-01-18]}
tables:
  events: {kind: events, source: events.csv, time: at, user: user, event: event, dimensions: [BY]}
  daily: {kind: facts, source: daily.csv, time: day, dimensions: []}
  given: {kind: assignments, source: given.csv, time: at, unit: user, experiment: test,
      variant: variant}
metrics:
  revenue: {table: events, measure: sum(amount), where: event = 'pay'}
  payers: {table: events, measure: count(distinct user), where: event = 'pay'}
  refunds: {table: events, measure: count(*), where: event = 'refund', better: down}
  basket: {table: events, numerator: sum(amount), denominator: count(*), where: event = 'pay'}
  calls: {table: daily, measure: sum(calls)}
goal: {metric: revenue, formula: payers * basket}
experiments:
  t1: {assignments: given, outcome: OUTCOME, control: A, split: {A: 0.5, B: 0.5}, start: 2026-01-08,
       decided_on: 2026-01-14, planned_days: 7, decision: shipped, KEYS}
"""
UNITS = 400


@pytest.fixture
def case(tmp_path):
    """Everybody pays in the test, B twice as much;
    B signs in less often and is refunded more often."""
    noise = np.random.default_rng(5)
    rows = []
    for k in range(UNITS):
        day, b = f"2026-01-{9 + k % 5:02} 12:00", k % 2
        rows.append((day, f"u{k}", "pay", 10 * (1 + b) + noise.normal()))
        rows += [(day, f"u{k}", "refund", 0)] * int(noise.random() < (0.4 if b else 0.1))
        rows += [(day, f"u{k}", "sign in", 0)] * int(k // 2 % 10 < (3 if b else 6))
        rows.append(("2026-01-06 12:00", f"u{k}", "pay", 10))
    events = pd.DataFrame(rows, columns=["at", "user", "event", "amount"])
    events["region"] = np.where(events["user"].str[1:].astype(int) % 4 < 2, "north", "south")
    events.to_csv(tmp_path / "events.csv", index=False)
    given = [("2026-01-08 09:00", f"u{k}", "t1", "AB"[k % 2]) for k in range(UNITS)]
    pd.DataFrame(given, columns=["at", "user", "test", "variant"]).to_csv(
        tmp_path / "given.csv", index=False
    )
    days = pd.date_range("2026-01-05", "2026-01-18").strftime("%Y-%m-%d")
    pd.DataFrame({"day": days, "calls": 5}).to_csv(tmp_path / "daily.csv", index=False)

    def opened(outcome="revenue", keys="looks: 1", by=""):
        text = CASE.replace("OUTCOME", outcome).replace("KEYS", keys).replace("BY", by)
        (tmp_path / "case.yml").write_text(text, "utf-8")
        return open_case(tmp_path)

    return opened


def examined(case):
    report, _ = examine(case, pull(case), Evidence())
    (finding,) = (f for f in report.findings if f.subject == "t1")
    return finding, report


@pytest.mark.slow
def test_a_sum_is_read_as_a_sum_in_review_panel_and_effects(case):
    opened = case()
    finding, _ = examined(opened)
    assert finding.effect.value == pytest.approx(10, abs=0.5)
    assert finding.verdict == "fine"
    panel = TRIAL.asked(opened, TRIAL.start(opened)).call.ask()
    assert panel.table["effect"].iloc[0] == pytest.approx(finding.effect.value)
    with Store.open(opened.folder / "store.db") as store:
        store.finish(
            store.add_action(opened.name, "new", owner="Ann", aim=Aim(experiment="t1")),
            date(2026, 1, 14),
        )
        row = effects(store, opened).table.iloc[0]
    assert (row["beside"], row["answer"]) == ("experiment", "worked")
    assert row["effect"] == pytest.approx(1.0, abs=0.05)


def test_an_event_that_reads_as_a_condition_is_the_event(case):
    finding, _ = examined(case("sign in"))
    assert finding.effect.value == pytest.approx(-0.3)


@pytest.mark.few(1)
@pytest.mark.parametrize(
    ("guardrail", "verdict", "words"),
    [
        ("refunds: 0.05", "trouble", "refunds was harmed"),
        (
            "basket: 0.05",
            "fine",
            "basket is not shown to be worse, and stays within its margin of 5.0 %",
        ),
        ("payers: 0.05", "fine", "payers cannot be tested"),
    ],
)
def test_guardrails_are_read_and_said(case, guardrail, verdict, words):
    finding, _ = examined(case(keys=f"guardrails: {{{guardrail}}}"))
    assert finding.verdict == verdict
    assert words in sentence(finding.statement)
    assert sentence(finding.statement, "zh")


def test_a_guardrail_on_another_table_is_said_not_to_be_examined(case):
    finding, report = examined(case(keys="guardrails: [calls, basket]"))
    assert any(
        "guardrail 'calls' is measured on table 'daily'" in sentence(m) for m in report.not_examined
    )
    assert "calls" not in sentence(finding.statement)


@pytest.mark.slow
def test_what_was_hoped_claimed_and_decided_is_said(case):
    finding, _ = examined(case(keys="hypothesis: more pay, claimed: twice as much"))
    said = sentence(finding.statement)
    assert "Hypothesis: more pay. Claimed: twice as much. Decision: shipped." in said
    assert "Hypothesis" not in sentence(examined(case())[0].statement)


@pytest.mark.slow
def test_the_effect_by_age_and_segment_is_behind_the_finding_and_judges_nothing(case):
    plain, apart = (examined(case(by=by))[0] for by in ("", "region"))
    assert [r.kind for r in plain.evidence] == ["rereading", "experiment", "ages"]
    assert [r.kind for r in apart.evidence] == ["rereading", "experiment", "ages", "subgroups"]
    assert apart.evidence[-1].table["value"].tolist() == ["north", "south"]
    checks = [finding.evidence[1].checks["check"].tolist() for finding in (plain, apart)]
    assert checks[0] == checks[1]
    assert not {"segment_ratio", "novelty", "primacy"} & set(checks[1])
    assert sentence(plain.statement) == sentence(apart.statement)
