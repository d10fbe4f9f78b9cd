"""Sample worlds: valid, repeatable, and with the planted cause really in the data."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import kpilab
from kpilab.samples.harmless import HARMLESS
from kpilab.samples.industries import INDUSTRIES
from kpilab.samples.kinds import KINDS, PAIRS
from kpilab.samples.world import goal
from kpilab.samples.write import make, names, truth_of, write
from tests.conftest import few


@pytest.fixture(scope="module")
def shop():
    return make("shop")


def split(world, frame, column="date"):
    """Baseline and current part of a table."""
    late = frame[column] >= str(world.plan.calendar.current.first)
    return frame[~late], frame[late]


def rate(frame, subject):
    top, bottom = subject.split("_per_")
    return frame[f"n_{top}"].sum() / frame[f"n_{bottom}"].sum()


def only(frame, where):
    for dim, value in where.items():
        frame = frame[frame[dim] == value]
    return frame


def planted(name, seed=3, **options):
    world, causes, document = make(name, seed=seed, **options)
    return world, truth_of(causes[0], world), document


@pytest.mark.few(3)
@pytest.mark.parametrize("name", few(names(), 8))
def test_every_world_is_a_case_kpilab_can_open(name, tmp_path):
    folder = write(name, tmp_path / name, seed=1, size=0.3)
    case = kpilab.open_case(folder)
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    named = {*case.metrics, *case.experiments, "events", "active units"}
    assert [cause["subject"] for cause in truth["causes"] if cause["subject"] not in named] == []
    assert bool(truth["causes"]) == (name not in HARMLESS)


def test_the_same_seed_gives_the_same_world_and_another_seed_another():
    first, again, other = (make("mix_shift", seed=seed, size=0.3) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(first[0].events, again[0].events)
    assert first[2] == again[2]
    assert not first[0].events.equals(other[0].events)


def test_an_unknown_world_is_named_with_the_known_ones(tmp_path):
    with pytest.raises(kpilab.BadInput, match="no sample world named 'mixshift'") as caught:
        write("mixshift", tmp_path)
    assert "mix_shift" in caught.value.hint


def test_the_shop_meets_its_kpi_and_misses_its_goal(shop):
    world, causes, document = shop
    before, after = split(world, world.facts)
    kpi = document["kpis"][0]
    assert rate(before, kpi["metric"]) < kpi["target"] < rate(after, kpi["metric"])
    assert goal(world.plan, world.events, current=True) < 0.9 * document["goal"]["target"]
    watched = {*document["dashboard"], *(kpi["metric"] for kpi in document["kpis"])}
    assert causes[0].subject == "pay_per_place_order"
    assert causes[0].subject not in watched


def test_the_bundled_shop_is_what_the_generator_makes(shop):
    from pathlib import Path

    folder = Path(__file__).parents[3] / "data" / "shop"
    stored = pd.read_parquet(folder / "facts.parquet")
    assert stored["n_pay"].sum() == shop[0].facts["n_pay"].sum()
    assert sum(file.stat().st_size for file in folder.iterdir()) < 5e6


def test_facts_count_the_log_and_the_ledger_what_truly_happened():
    world, _, _ = planted("data_loss")
    last = world.plan.industry.steps[-1]
    assert world.facts[f"n_{last}"].sum() == (world.events["event"] == last).sum()
    assert world.facts[f"n_{last}"].sum() < (world.true["event"] == last).sum()


@pytest.mark.parametrize("kind", ["untracked_leak", "driver_decline"])
def test_a_falling_driver_falls_by_its_planted_size_everywhere(kind):
    world, truth, document = planted(kind)
    before, after = split(world, world.facts)
    change = 100 * (rate(after, truth["subject"]) / rate(before, truth["subject"]) - 1)
    assert change == pytest.approx(truth["effect_pct"], abs=5)  # the rate's own sampling noise
    assert (truth["subject"] in document["dashboard"]) == (kind == "driver_decline")


def test_half_the_effect_is_half_the_size():
    full, half = (planted("untracked_leak", effect=e)[1]["effect_pct"] for e in (1.0, 0.5))
    assert half == pytest.approx(full / 2, rel=0.05)


@pytest.mark.slow
def test_a_mix_shift_lowers_every_segment_and_leaves_the_total_flat():
    changes, totals = [], []
    for seed in range(6):
        world, truth, _ = planted("mix_shift", seed=seed)
        before, after = split(world, world.facts)
        dim = next(iter(truth["where"]))
        rates = [
            part.groupby(dim).apply(rate, truth["subject"], include_groups=False)
            for part in (before, after)
        ]
        changes.append(float((rates[1] / rates[0] - 1).mean()))
        totals.append(rate(after, truth["subject"]) / rate(before, truth["subject"]) - 1)
        assert truth["effect_pct"] < -7
        assert rates[0].idxmax() == truth["where"][dim]
    assert np.mean(changes) < -0.08
    assert abs(np.mean(totals)) < 0.04


def test_the_market_falls_with_our_volume():
    world, truth, _ = planted("external_decline")
    weeks = world.benchmark.pivot(index="week", columns="series", values="value")
    market = 100 * (
        weeks["industry_index"].iloc[-4:].mean() / weeks["industry_index"].iloc[-8:-4].mean() - 1
    )
    first = f"n_{world.plan.industry.steps[0]}"
    before, after = split(world, world.facts)
    volume = 100 * (after[first].sum() / before[first].sum() - 1)
    assert market == pytest.approx(truth["effect_pct"], abs=2.5)
    assert volume == pytest.approx(truth["effect_pct"], abs=4)


def test_bought_sign_ups_never_reach_the_goal():
    world, truth, _ = planted("wrong_kpi")
    fake = world.sessions["fake"].to_numpy()
    assert truth["effect_pct"] > 40
    assert (world.funnel.reached[fake] == len(world.plan.industry.steps)).mean() < 0.01
    assert set(world.sessions.loc[fake, next(iter(truth["where"]))]) == set(truth["where"].values())


def test_fabricated_work_leaves_no_trace():
    world, truth, _ = planted("fabricated_execution")
    now = world.executions[world.executions["day"] >= world.plan.calendar.days]
    sums = now.groupby("actor")[["claimed", "system_matched", "padded"]].sum()
    matched = sums["system_matched"] / sums["claimed"]
    assert set(matched.nsmallest(len(truth["actors"])).index) == set(truth["actors"])
    assert set(sums.index[sums["padded"] > 0]) == set(truth["actors"])
    assert 0.8 < truth["effect_pct"] < 6


def test_a_local_regression_breaks_one_combination_since_the_rollout():
    world, truth, _ = planted("local_regression")
    dim, _, new = world.plan.industry.rollout
    assert truth["where"][dim] == new
    assert len(truth["where"]) in (2, 3)
    since = world.facts[world.facts["date"] >= truth["period"][0]]
    earlier = only(world.facts, {k: v for k, v in truth["where"].items() if k != dim})
    earlier = earlier[earlier["date"] < truth["period"][0]]
    assert rate(only(since, truth["where"]), truth["subject"]) < 0.65 * rate(
        earlier, truth["subject"]
    )


def test_lost_rows_are_lost_on_the_planted_days_and_segment_only():
    world, truth, _ = planted("data_loss")
    kept = world.events.groupby("date").size() / world.true.groupby("date").size()
    gone = kept[kept < 1].index
    assert [str(gone.min().date()), str(gone.max().date())] == truth["period"]
    assert only(world.events, truth["where"]).shape[0] < only(world.true, truth["where"]).shape[0]
    logged, books = (goal(world.plan, log, current=True) for log in (world.events, world.true))
    assert 100 * (logged / books - 1) == pytest.approx(truth["effect_pct"], abs=0.06)


def test_a_wider_definition_lifts_one_departments_report_alone():
    world, truth, _ = planted("definition_mismatch")
    before, after = split(world, world.reports[world.reports["metric"] == "active units"])
    jump = (
        after.groupby("department")["value"].mean() / before.groupby("department")["value"].mean()
        - 1
    )
    assert 100 * jump["marketing"] == pytest.approx(truth["effect_pct"], abs=0.06)
    assert abs(jump["operations"]) < 0.15 < jump["marketing"]


def test_the_split_of_an_srm_fails_in_its_segment():
    world, truth, _ = planted("ab_srm")
    dim, value = next(iter(truth["where"].items()))
    place = world.events.drop_duplicates("user_id").set_index("user_id")[dim]
    shown = world.assignments.assign(place=world.assignments["user_id"].map(place))
    share = (shown["variant"] == "B").groupby(shown["place"]).mean()
    assert share[value] < 0.44
    assert (
        share.drop(value).between(0.41, 0.59).all()
    )  # three standard errors of the smallest segment


def test_a_peeked_test_is_significant_when_stopped_and_not_at_the_end():
    world, _, document = planted("ab_peeking")
    look, z = world.stopped
    entry = document["experiments"]["exp_1"]
    assert z > 1.96
    assert entry["looks"] == look < entry["planned_days"]


def test_the_novelty_is_gone_when_users_know_the_variant():
    world, _, _ = planted("ab_novelty")
    step = world.plan.trial.step
    user = world.sessions["user"].map(lambda k: f"u{k:06d}")
    shown = world.assignments.set_index("user_id")
    at = pd.Timestamp(world.plan.calendar.first) + pd.to_timedelta(
        world.sessions["day"] * 86400 + world.sessions["second"], unit="s"
    )
    age = (at - user.map(shown["assigned_at"])).dt.total_seconds() / 86400
    arm = user.map(shown["variant"])
    chance = pd.Series(world.funnel.chance[:, step - 1])
    fresh = chance[age.between(-0.01, 1)].groupby(arm).mean()
    known = chance[age > 10].groupby(arm).mean()
    assert fresh["B"] > 1.2 * fresh["A"]
    assert known["B"] == pytest.approx(known["A"], rel=0.06)


def test_every_kind_and_every_pair_fits_some_trade():
    pairs = [*((kind,) for kind in KINDS), *PAIRS]
    assert [
        p for p in pairs if not any(all(KINDS[k].suits(t) for k in p) for t in INDUSTRIES)
    ] == []


def test_two_causes_are_both_planted():
    _, causes, _ = make("local_regression+external_decline", seed=2, size=0.3)
    assert [cause.kind for cause in causes] == ["local_regression", "external_decline"]
