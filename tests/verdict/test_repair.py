"""What only the log lost is put back into every number that a later step reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
import pytest

import kpilab
from kpilab.core.case import Case, Metric
from kpilab.core.finding import StepReport
from kpilab.core.values import Period, Where
from kpilab.engine.column import DEN1, NUM1, marked
from kpilab.engine.metrics import BUCKET
from kpilab.engine.rootcause.cells import PERIODS, Cells, pull
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.repair import repaired
from kpilab.verdict.steps import goal, relation, root_cause
from tests.verdict.hand import LOSS, PLACE, shop


@dataclass
class Read:
    """What the steps made of one world."""

    case: Case
    cells: Cells
    evidence: Evidence
    reports: list[StepReport]


def read(case: Case, evidence: Evidence) -> Read:
    cells, evidence = repaired(case, pull(case), evidence)
    reports = []
    for step in (goal, relation, root_cause):
        report, evidence = step.examine(case, cells, evidence)
        reports.append(report)
    return Read(case, cells, evidence, reports)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Read:
    return read(shop(tmp_path_factory.mktemp("whole"), loss=False), Evidence())


@pytest.fixture(scope="module")
def mended(tmp_path_factory) -> Read:
    return read(shop(tmp_path_factory.mktemp("holed"), loss=True), Evidence(losses=(LOSS,)))


@pytest.mark.slow
def test_without_a_loss_nothing_is_changed(whole):
    cells, evidence = pull(whole.case), Evidence()
    same = repaired(whole.case, cells, evidence)
    assert same[0] is cells
    assert same[1] is evidence


@pytest.mark.slow
@pytest.mark.parametrize(
    "metric", ["orders", "visits", "signups", "visitors", "pay_per_visit", "fed_visits", "booked"]
)
def test_the_value_of_each_period_is_that_of_the_whole_log(whole, mended, metric):
    for period in PERIODS:
        assert mended.cells.value(metric, period) == pytest.approx(
            whole.cells.value(metric, period), rel=1e-12
        )


def test_what_the_log_says_is_kept_beside_it(whole, mended):
    assert mended.cells.logged("orders") < whole.cells.value("orders", "current")
    lost = mended.cells.logged("orders") - whole.cells.value("orders", "current")
    assert mended.evidence.losses[0].goal.value == pytest.approx(lost)


@pytest.mark.parametrize("metric", ["orders", "pay_per_visit", "fed_visits", "visitors"])
def test_days_and_segments_are_those_of_the_whole_log(whole, mended, metric):
    found = case_metric(mended, metric)
    for period in PERIODS:
        pd.testing.assert_frame_equal(
            mended.cells.by_day(found, period).reset_index(drop=True),
            whole.cells.by_day(found, period).reset_index(drop=True),
        )
    if found.per is not None:
        return
    dimensions = mended.cells.dimensions[found.table]
    right = whole.cells.by_segment(found, dimensions)
    got = mended.cells.by_segment(found, dimensions)
    pd.testing.assert_frame_equal(got, right, rtol=0.02)
    assert got[[NUM1, DEN1]].sum().to_numpy() == pytest.approx(right[[NUM1, DEN1]].sum().to_numpy())


def case_metric(read: Read, name: str) -> Metric:
    return read.case.metrics[name]


@pytest.mark.parametrize(
    "where", [Where(), PLACE, Where({"region": ("south",)}), Where({"channel": ("app",)})]
)
def test_a_step_that_asks_for_days_of_a_segment_gets_the_whole_log(whole, mended, where):
    metrics, periods = asked(mended)
    right, got = (in_order(r.cells.daily(metrics, periods, where)) for r in (whole, mended))
    pd.testing.assert_frame_equal(got[right.columns], right, check_dtype=False)


def test_a_step_that_asks_for_days_by_dimension_gets_the_whole_log(whole, mended):
    metrics, periods = asked(mended)
    cut = [r.cells.daily_by(metrics, periods, ("region", "channel")) for r in (whole, mended)]
    for name in ("region", "channel"):
        right, got = (in_order(frames[name], name) for frames in cut)
        pd.testing.assert_frame_equal(got[right.columns], right, check_dtype=False)


def asked(read: Read) -> tuple[list[Metric], dict[str, Period]]:
    metrics = [read.case.metrics[m] for m in ("orders", "pay_per_visit")]
    return metrics, {name: read.case.periods[name] for name in PERIODS}


def in_order(frame: pd.DataFrame, *by: str) -> pd.DataFrame:
    frame[BUCKET] = pd.to_datetime(frame[BUCKET])
    return frame.sort_values([BUCKET, *map(marked, by)], ignore_index=True)


def test_the_decline_has_the_size_of_the_decline_in_every_step(whole, mended):
    for k in range(3):
        # A place in which rows are missing is not held against the rest.
        found = (
            [f for f in r.reports[k].findings if f.strength != "compared"] for r in (whole, mended)
        )
        for right, got in zip(*found, strict=True):
            if right.subject == "main":
                continue
            assert (got.subject, got.verdict, got.where) == (
                right.subject,
                right.verdict,
                right.where,
            )
            if right.effect is not None and got.effect is not None:
                assert got.effect.value == pytest.approx(right.effect.value, rel=0.02, abs=1e-9)
    assert [f.where for f in mended.evidence.falls] == [PLACE]
    fall, right = mended.evidence.falls[0], whole.evidence.places[0]
    assert fall.where == right.found.where
    assert fall.since == right.since


def test_a_funnel_is_counted_on_the_log_itself_and_says_so(mended):
    said = [m.key for m in mended.reports[2].not_examined]
    assert said == ["root_cause.as_logged"]


def test_a_table_that_went_on_is_not_touched(whole, mended):
    right, got = (each.cells.days["books"] for each in (whole, mended))
    pd.testing.assert_frame_equal(got, right)


@pytest.mark.slow
def test_a_loss_in_the_baseline_is_put_back_there(whole, tmp_path):
    days = Period(date(2025, 3, 11), date(2025, 3, 16))
    shop(tmp_path, loss=False)
    log = pd.read_parquet(tmp_path / "events.parquet")
    gone = (log["region"] == "north") & log["ts"].between(
        pd.Timestamp(days.first), pd.Timestamp("2025-03-17")
    )
    log[~gone].to_parquet(tmp_path / "events.parquet", index=False)
    case = kpilab.open_case(tmp_path)
    loss = replace(LOSS, days=days)
    cells, evidence = repaired(case, pull(case), Evidence(losses=(loss,)))
    assert cells.value("orders", "baseline") == pytest.approx(
        whole.cells.value("orders", "baseline")
    )
    assert evidence.losses[0].goal.value == 0


def test_the_review_of_the_holed_log_states_loss_and_decline_and_one_number_for_each(
    tmp_path, whole
):
    review = kpilab.review(shop(tmp_path, loss=True))
    stated = {c.kind: c for c in review.causes}
    assert set(stated) == {"data_loss", "local_regression"}
    goal_finding = next(f for f in review.findings if f.id == "goal.1")
    row = goal_finding.evidence[0].table.iloc[0].to_dict()
    loss = stated["data_loss"].effect
    assert loss is not None
    assert goal_finding.effect is not None
    assert (
        review.goal.current
        == row["current"]
        == pytest.approx(whole.cells.value("orders", "current"), rel=1e-9)
    )
    assert review.goal.change == goal_finding.effect.value
    assert review.goal.logged == pytest.approx(review.goal.current + loss.value)
    assert {r.amount for r in review.bridge if r.label.key == "bridge.lost"} == {loss.value}
    trust = next(f for f in review.findings if f.id == "trust.1")
    assert trust.effect is not None
    assert trust.effect.value == pytest.approx(loss.value)
    decline = stated["local_regression"].effect
    assert decline is not None
    assert decline.value == pytest.approx(-0.25 * 624, rel=0.01)  # a quarter of the north's orders
