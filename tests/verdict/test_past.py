"""A programme of tests in the review, and of a case as a whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kpilab.analysis.experiments.programme import programme
from kpilab.case.read import open_case
from kpilab.cli import app
from kpilab.core.finding import Finding
from kpilab.core.values import Message
from kpilab.show import say
from kpilab.verdict import past
from kpilab.verdict.evidence import Evidence, Noted
from kpilab.verdict.kinds.programme import judge
from kpilab.verdict.past import held_out, programme_of
from kpilab.verdict.steps.programme import together

LUCKY = [0.004 * z for z in (-1.2, -0.9, -0.7, -0.5, -0.4, -0.3, -0.2, -0.1)] * 2 + [0.021] * 4
HONEST = [0.08, 0.1, 0.09, 0.12, 0.0, 0.01, -0.01, 0.07]


def noted(effects):
    rows = {"test": [f"t{k}" for k in range(len(effects))], "effect": effects, "error": 0.01}
    found = programme(pd.DataFrame(rows | {"decided": "2026-01-16"}))
    return Noted(Finding("execution.1", "execution", "info", Message("result.rows")), found)


def test_the_review_says_it_of_lucky_wins_alone(case):
    (candidate,) = judge(case, Evidence(programme=noted(LUCKY)))
    assert (candidate.cause.kind, candidate.cause.subject) == ("overstated_wins", "experiments")
    assert candidate.cause.effect_pct < -50
    assert candidate.cause.actors == ("t16", "t17", "t18", "t19")
    assert "claim" in say(candidate.cause.statement)
    assert judge(case, Evidence(programme=noted(HONEST))) == []
    assert judge(case, Evidence()) == []


CASE = """\
kpilab: 1
title: tests
periods: {baseline: [2026-01-05, 2026-01-11], current: [2026-01-12, 2026-01-25]}
tables:
  events: {kind: events, source: events.csv, time: at, user: user, event: event}
  arms: {kind: assignments, source: arms.csv, time: at, unit: user, experiment: test, variant: arm}
metrics:
  paid: {table: events, measure: "count(*) filter (where event = 'pay')"}
goal: {metric: paid}
experiments:
"""
TEST = """\
  {name}: {{assignments: arms, outcome: paid, control: A, split: {{A: 0.5, B: 0.5}},
    start: 2026-01-12, planned_days: 7, decided_on: 2026-01-18, decision: {said},
    hypothesis: "more {name}"}}
"""


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """Three tests on the same 300 users; the second works only where the first does not."""
    rng, folder = np.random.default_rng(3), tmp_path_factory.mktemp("tests")
    users = pd.DataFrame({"user": [f"u{k}" for k in range(300)]})
    arms = {name: np.where(rng.random(300) < 0.5, "A", "B") for name in ("one", "two", "three")}
    works = (arms["two"] == "B") & (arms["one"] == "A")
    counts = rng.poisson(3 + 4 * works)
    start = pd.Timestamp("2026-01-12")
    log = users.loc[users.index.repeat(counts)].assign(event="pay")
    log["at"] = start + pd.to_timedelta(rng.uniform(0.1, 6.9, len(log)), "D")
    before = users.assign(event="pay", at=start - pd.Timedelta(days=3))
    pd.concat([before, log]).to_csv(folder / "events.csv", index=False)
    rows = [users.assign(test=name, arm=arm, at=start) for name, arm in arms.items()]
    pd.concat(rows).to_csv(folder / "arms.csv", index=False)
    tests = [("one", "rejected"), ("two", "shipped"), ("three", "shipped")]
    text = CASE + "".join(TEST.format(name=name, said=said) for name, said in tests)
    (folder / "case.yml").write_text(text, "utf-8")
    return open_case(folder)


@pytest.mark.slow
def test_the_tests_of_a_case_are_added_up_in_the_terminal_too(case, monkeypatch):
    kept = []

    def once(*asked, **options):
        kept.append(programme_of(*asked, **options))
        return kept[0]

    monkeypatch.setattr(past, "programme_of", once)
    said = CliRunner().invoke(app, ["experiment", str(case.folder), "--lang", "zh"])
    (found,) = kept
    assert "one 与 two" in said.output
    assert say(found.headline, "zh") in said.output
    assert found.table["test"].tolist() == ["one", "two", "three"]
    assert found.table["shipped"].tolist() == [False, True, True]
    assert "more two" in say(found.log[1])
    pairs = found.interactions.set_index(["first", "second"])
    assert len(pairs) == 3
    assert pairs.loc[("one", "two"), "p"] < 1e-3
    assert pairs.loc[("two", "three"), "p"] > 0.01
    assert list(together(case, ())) == []


def test_a_hold_out_is_a_test_of_the_case_and_none_of_its_programme(case):
    effect, rest = held_out(case, "two")
    assert effect.low < effect.value < effect.high
    assert effect.value > 0.2  # what "two" does where "one" is not
    assert list(rest.experiments) == ["one", "three"]
    said = CliRunner().invoke(app, ["experiment", str(case.folder), "--holdout", "tow"])
    assert said.exit_code == 2
    assert "two" in said.output
