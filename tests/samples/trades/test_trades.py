"""The trades' worlds: small, repeatable, and what was planted in them is named by the library."""

from __future__ import annotations

import json
from datetime import timedelta

import pandas as pd
import pytest

import kpilab
from kpilab import Period
from kpilab.analysis.data.missing_rows import missing_rows
from kpilab.analysis.execution.bunching import bunching
from kpilab.analysis.execution.timing import timing
from kpilab.analysis.relation.screen import screen
from kpilab.data import Measured
from kpilab.engine.column import marked
from kpilab.engine.metrics import BUCKET, PERIOD, Cut, measure
from kpilab.samples.trades.write import TRADES
from kpilab.samples.write import write
from kpilab.track.actions import Plan, add, day
from kpilab.track.effects import effects

MOST_ROWS = 30_000


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """Every world and what was planted, kind -> entry of truth.json."""
    folder = tmp_path_factory.mktemp("trades")
    for name in TRADES:
        write(name, folder / name)
    found = {}
    for name in TRADES:
        causes = json.loads((folder / name / "truth.json").read_text("utf-8"))["causes"]
        found[name] = kpilab.open_case(folder / name), {c["kind"]: c for c in causes}
    return found


def both(case):
    return Period(case.baseline.first, case.current.last)


def named(review):
    return {(c.kind, c.subject) for c in review.causes}


@pytest.mark.few(2)
@pytest.mark.parametrize("name", TRADES)
def test_it_is_small_and_the_same_again(name, tmp_path, worlds):
    again = write(name, tmp_path / name)
    for path in again.glob("*.parquet"):
        table = pd.read_parquet(path)
        assert len(table) <= MOST_ROWS
        pd.testing.assert_frame_equal(table, pd.read_parquet(worlds[name][0].folder / path.name))


def test_retail_the_better_way_is_found_and_its_lift_is_real(worlds, tmp_path):
    case, truth = worlds["retail"]
    planted = truth["best_practice"]
    rate = Measured(case.tables["pos"], case.metrics["signup_rate"])
    span = Period(case.current.first - timedelta(weeks=26), case.current.last)
    known = Period(span.first, day(planted["period"][0], "period") - timedelta(days=1))
    chart = kpilab.operations.control(rate, period=span, known=known, by=("store",)).table
    assert (
        chart[chart["judged"]].groupby("store")["outside"].mean().idxmax()
        == planted["where"]["store"]
    )
    with kpilab.loop.Store.open(tmp_path) as store:
        plan = Plan(
            "scan", "N2", metric="signup_rate", where=("store=N2",), expected=planted["effect_pct"]
        )
        store.finish(add(store, case, plan), day(planted["period"][0], "period"))
        row = effects(store, case).table.iloc[0]
    assert row["answer"] == "worked"
    assert row["low"] <= planted["effect_pct"] / 100 <= row["high"]


def test_retail_late_silent_and_padded_records(worlds):
    case, truth = worlds["retail"]
    records = case.tables["records"]
    late = timing(records, period=case.current).table.set_index("actor")["share"]
    assert {clerk[:2] for clerk in late[late > 0.5].index} == {
        truth["late_entry"]["where"]["store"]
    }
    pos = case.tables["pos"].table.to_pandas()
    rows = pos[pos["date"] >= pd.Timestamp(case.current.first)].groupby("store")["date"].nunique()
    assert rows[rows < rows.max()].index.tolist() == [truth["data_loss"]["where"]["store"]]
    found = kpilab.evidence(records, baseline=case.baseline, current=case.current).table
    assert set(found.loc[found["flagged"], "actor"]) == set(truth["fabricated_execution"]["actors"])
    assert bunching(records, period=case.current).headline.key != "bunching.none"


def test_equipment_the_machine_the_sensor_the_definition_the_night(worlds):
    case, truth = worlds["equipment"]
    hours, span = case.tables["hours"], both(case)
    stops = {k: k for k in ("planned_stop", "breakdown", "changeover", "minor_stop")}
    machines = kpilab.operations.Machines(
        scheduled="scheduled", total="units", scrap="scrap", cycle="cycle", stops=stops
    )
    worst = kpilab.operations.oee(
        hours, machines, by=("machine", "shift"), period=case.current
    ).table.iloc[0]
    assert worst[["machine", "shift"]].to_dict() == truth["local_regression"]["where"]
    down = Measured(hours, case.metrics["downtime"])
    chart = kpilab.operations.control(
        down, period=span, known=case.baseline, by=("machine", "shift")
    ).table
    loud = chart[chart["judged"]].groupby(["machine", "shift"])["outside"].sum().idxmax()
    assert loud == tuple(truth["local_regression"]["where"].values())
    logged = kpilab.operations.control(
        Measured(hours, case.metrics["hours_logged"]), period=span, by=("machine",)
    ).table
    out = logged[logged["outside"]]
    assert set(out["machine"]) == {truth["data_loss"]["where"]["machine"]}
    reports = kpilab.definitions(
        case.tables["reported"], baseline=case.baseline, current=case.current
    ).table
    jumped = reports[reports["jumped"]]
    assert jumped["reporter"].tolist() == [truth["definition_mismatch"]["where"]["department"]]
    assert jumped["jump"].iloc[0] * 100 == pytest.approx(
        truth["definition_mismatch"]["effect_pct"], abs=0.3
    )
    waits = kpilab.operations.response(case.tables["incidents"], by=("shift",)).table
    assert waits["shift"].iloc[0] == truth["slow_response"]["where"]["shift"]


def test_activity_lost_rows_bought_registrations_push_and_forty_kpis(worlds):
    case, truth = worlds["activity"]
    log, daily = case.tables["events"], case.tables["daily"]
    lost = missing_rows(
        log, period=both(case), books=Measured(daily, case.metrics["opens_booked"])
    ).table.iloc[0]
    planted = truth["data_loss"]
    assert {lost["dimension"]: lost["value"]} == planted["where"]
    assert [str(lost["first"])[:10], str(lost["last"])[:10]] == planted["period"]
    cut = Cut(None, ("channel",))
    counts = measure(daily, [case.metrics["registrations"]], case.periods, cut).pivot(
        index=marked("channel"), columns=PERIOD, values="registrations"
    )
    assert (counts["current"] / counts["baseline"]).idxmax() == truth["wrong_kpi"]["where"][
        "channel"
    ]
    test = case.experiments["winback"]
    opens = "count(*) filter (where event = 'open')"
    found = kpilab.experiment(
        case.tables["pushes"], log, metrics=[opens], control=test.control
    ).table.iloc[0]
    assert found["p"] < 0.05
    wall = case.tables["wall"].table.to_pandas().set_index("week")
    assert screen(wall, goal="weekly_active_users").table["cluster"].nunique() == 6


def test_growth_claims_and_bought_registrations(worlds):
    case, truth = worlds["growth"]
    claimed = case.tables["promised"].table.to_pandas()
    rows = kpilab.execution.claims(claimed, wanted=case.targets["registrations"]).table
    assert rows.loc[rows["gap"] > 0, "part"].tolist() == [truth["claim_gap"]["where"]["part"]]
    assert rows.loc[rows["overlap"] > 0, "part"].tolist() == [
        truth["claim_overlap"]["where"]["part"]
    ]
    work = kpilab.evidence(case.tables["work"], baseline=case.baseline, current=case.current).table
    assert work.loc[work["flagged"], "actor"].tolist() == [truth["wrong_kpi"]["where"]["person"]]


@pytest.mark.slow
def test_landing_the_kpis_that_pull_apart(worlds):
    case, truth = worlds["landing"]
    names = [k.metric for k in case.kpis]
    weeks = Period(case.current.last - timedelta(weeks=60), case.current.last)
    rows = measure(
        case.tables["daily"], [case.metrics[n] for n in names], {"all": weeks}, Cut("week")
    )
    found = kpilab.relation.kpi_cascade(
        case.kpis,
        goal=case.goal.metric,
        metrics=case.metrics,
        series=rows.set_index(BUCKET)[names],
        tree=case.goal.tree,
    ).table
    assert list(zip(found["kpi"], found["parent"], strict=True)) == [
        (truth["kpi_conflict"]["subject"], truth["kpi_conflict"]["effect_on"])
    ]
    assert ("driver_decline", "renewal_rate") in named(kpilab.review(case))


@pytest.mark.slow
def test_checkout_the_leak_and_its_mending(worlds, tmp_path):
    case, truth = worlds["checkout"]
    assert named(kpilab.review(case)) == {("untracked_leak", truth["untracked_leak"]["subject"])}
    later = kpilab.open_case(case.folder / "next" / case.folder.name)
    with kpilab.loop.Store.open(tmp_path) as store:
        plan = Plan("mend the form", "product", metric="pay_per_place_order", expected=20.0)
        store.finish(add(store, case, plan), later.current.first)
        row = effects(store, later).table.iloc[0]
    assert row["answer"] == "worked"
    assert row["low"] > 0
