"""The review as a whole: it finds what was planted, sums to the gap,
and is silent when nothing was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kpilab
from kpilab.core.case import Case
from kpilab.core.finding import STEP_NAMES, Finding, Review, StepReport
from kpilab.core.values import Message
from kpilab.engine.rootcause.cells import Cells
from kpilab.samples.write import write
from kpilab.show.say import sentence
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.run import STEPS

SHOP = Path(__file__).parents[2] / "data" / "shop"
# One of each step of the review first.
KINDS = (
    "wrong_kpi", "mix_shift", "external_decline", "fabricated_execution", "data_loss",
    "untracked_leak", "driver_decline", "local_regression", "definition_mismatch", "ab_srm",
    "ab_novelty", "ab_peeking",
)  # fmt: skip
HARMLESS = ("nothing", "honest_experiment", "reworded_definition", "market_wiggle")
SEED = 2_600_101


@pytest.fixture(scope="module")
def shop() -> Review:
    return kpilab.review(kpilab.open_case(SHOP))


def gap_of_bridge(review: Review) -> float:
    return sum(row.amount for row in review.bridge) - (review.goal.logged - review.goal.expected)


def test_the_shop_loses_users_in_the_step_nobody_watches(shop):
    cause = shop.causes[0]
    assert (cause.kind, cause.subject) == ("untracked_leak", "pay_per_place_order")
    assert cause.effect is not None
    assert cause.effect.high is not None
    assert cause.effect.high < 0
    assert cause.effect.value / shop.goal.gap > 0.5


def test_bridge_sums_to_the_gap(shop):
    assert abs(gap_of_bridge(shop)) <= 1e-9 * abs(shop.goal.logged)


def test_every_step_reports_and_every_finding_has_its_own_id(shop):
    assert [report.step for report in shop.steps] == list(STEP_NAMES)
    ids = [finding.id for finding in shop.findings]
    assert len(ids) == len(set(ids))
    assert {f for cause in shop.causes for f in cause.findings} <= set(ids)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_everything_can_be_said(shop, lang):
    said = (
        [f.statement for f in shop.findings]
        + [c.statement for c in shop.causes]
        + [r.label for r in shop.bridge]
    )
    said += [part for c in shop.causes for why in c.why for part in (why.question, why.answer)]
    assert all(sentence(message, lang).strip() for message in said)


@pytest.mark.slow
def test_same_input_same_verdict_and_progress_names_each_step(shop):
    seen: list[str] = []
    again = kpilab.review(
        kpilab.open_case(SHOP), progress=lambda name, done, total: seen.append(name)
    )
    assert seen[0] == "data"
    assert set(STEP_NAMES) - {"trust"} < set(seen)
    assert [(c.kind, c.effect, c.confidence) for c in again.causes] == [
        (c.kind, c.effect, c.confidence) for c in shop.causes
    ]
    assert again.bridge == shop.bridge


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_planted_cause_is_named_first(kind, tmp_path):
    folder = write(kind, tmp_path / kind, seed=SEED)
    planted = json.loads((folder / "truth.json").read_text("utf-8"))["causes"][0]
    review = kpilab.review(kpilab.open_case(folder))
    assert review.causes, f"{kind} was not found"
    first = review.causes[0]
    assert (first.kind, first.subject) == (planted["kind"], planted["subject"])
    assert first.where.plain() == planted["where"]
    assert abs(gap_of_bridge(review)) <= 1e-9 * abs(review.goal.logged)


@pytest.mark.slow
@pytest.mark.parametrize("name", HARMLESS)
def test_nothing_is_said_where_nothing_is_wrong(name, tmp_path):
    review = kpilab.review(kpilab.open_case(write(name, tmp_path / name, seed=SEED)))
    assert review.causes == ()
    assert abs(gap_of_bridge(review)) <= 1e-9 * abs(review.goal.logged)


@pytest.mark.slow
def test_a_step_of_ones_own_reads_what_the_earlier_ones_found_and_adds_its_report():
    def own(case: Case, cells: Cells, evidence: Evidence) -> tuple[StepReport, Evidence]:
        said = Message("root_cause.no_drivers")
        earlier = tuple(f.id for report in evidence.reports for f in report.findings)
        assert {"goal.1", "root_cause.1"} <= set(earlier)
        return StepReport("execution", (Finding("own.1", "execution", "info", said),)), evidence

    review = kpilab.review(kpilab.open_case(SHOP), steps=(*STEPS[:3], own))
    assert review.findings[-1].id == "own.1"
    assert review.causes[0].kind == "untracked_leak"
