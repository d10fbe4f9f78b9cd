"""Validity of an experiment: what is checked on a log and on units, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.experiments.effect_by_age import effect_by_age
from kpilab.analysis.experiments.experiment import experiment
from kpilab.analysis.experiments.sample_ratio import sample_ratio
from kpilab.core.table import Assignments, EventLog
from kpilab.core.trial import Design, Outcome, Units
from kpilab.engine.experiments.moments import read_moments
from kpilab.errors import BadInput
from kpilab.show import say

START = pd.Timestamp("2025-03-03")
PAY = Outcome("paying days", "count(*) filter (where event = 'pay')")


def who_and_log(effect=lambda age: 0.0, n=1200, days=21, arrive=7, seed=5):
    """Daily visits, some with a payment, whose chance in B depends on the days since the
    assignment."""
    rng = np.random.default_rng(seed)
    who = pd.DataFrame(
        {"user": np.arange(n), "variant": rng.choice(["A", "B"], n), "experiment": "t"}
    )
    who["time"] = START + pd.to_timedelta(rng.integers(0, arrive, n), "D") + pd.Timedelta(hours=9)
    rows = who.loc[who.index.repeat(days)].assign(step=np.tile(np.arange(days), n))
    day = START + pd.to_timedelta(rows["step"], "D") + pd.Timedelta(hours=12)
    age = (day.dt.normalize() - rows["time"].dt.normalize()).dt.days.to_numpy()
    chance = 0.2 + np.where(rows["variant"] == "B", np.vectorize(effect)(np.maximum(age, 0)), 0.0)
    pay = rng.random(len(rows)) < chance
    log = pd.DataFrame({"user": rows["user"], "time": day, "event": np.where(pay, "pay", "visit")})
    log["country"] = np.where(rows["user"] % 3 == 0, "de", "cn")
    seen = (age == 0) & (rows["user"] % 4 != 0).to_numpy()
    shown = log[seen].assign(event="shown", time=log["time"][seen] + pd.Timedelta(minutes=1))
    return who, pd.concat([log, shown], ignore_index=True)


def ask(who, log, **changes):
    asked = {"metrics": [PAY], "control": "A", "ages": False} | changes
    return experiment(Assignments(who), EventLog(log, dimensions=("country",)), **asked)


def check(result, name):
    return result.checks.set_index("check").loc[name]


@pytest.fixture(scope="module")
def steady():
    return who_and_log(lambda age: 0.05)


@pytest.fixture(scope="module")
def read(steady):
    return ask(*steady, by=["country"], ages=True)


def test_a_clean_log_passes_every_check(read):
    wanted = {
        "sample_ratio",
        "crossed",
        "segment_ratio",
        "daily_ratio",
        "weekdays",
        "late",
        "diluted",
        "bots",
    }
    assert wanted | {"outliers"} <= set(read.checks["check"])
    assert not read.checks["trouble"].any()
    assert "passed" in " ".join(say(line) for line in read.card)
    assert "flat prior" in say(read.card[-1])


def test_an_effect_that_wears_off_is_told_with_what_lasts():
    result = ask(*who_and_log(lambda age: 0.03 + 0.3 * 2 ** (-age / 2)), ages=True)
    found = check(result, "novelty")
    assert found["trouble"]
    assert "wears off" in " ".join(say(line, "en") for line in result.card)
    assert "消退" in " ".join(say(line, "zh") for line in result.card)
    view = effect_by_age(result.by_age, "paying days", control="A", treatment="B")
    assert view.low < 0.03 < view.high
    assert view.lasting == pytest.approx(found["value"])
    assert view.first == pytest.approx(0.33, abs=0.08)
    assert "wears off" in say(view.headline)


def test_an_effect_that_grows_is_primacy_and_a_steady_one_is_neither(read):
    grown = ask(*who_and_log(lambda age: 0.2 * (1 - 2 ** (-age / 3))), ages=True)
    assert check(grown, "primacy")["trouble"]
    view = effect_by_age(read.by_age, "paying days", control="A", treatment="B")
    assert "No sign" in say(view.headline)
    assert view.low < 0.05 < view.high
    with pytest.raises(BadInput, match="no variant named 'C'"):
        effect_by_age(read.by_age, "paying days", control="A", treatment="C")
    with pytest.raises(BadInput, match="not read by age"):
        effect_by_age(None, "paying days", control="A", treatment="B")


def test_ages_agree_with_a_hand_count(steady, read):
    who, log = steady
    joined = log[log["event"] == "pay"].merge(who, on="user", suffixes=("", "_since"))
    age = (joined["time"].dt.normalize() - joined["time_since"].dt.normalize()).dt.days
    first = joined[(age == 0) & (joined["time"] >= joined["time_since"])].groupby("variant").size()
    units = who.groupby("variant").size()
    view = effect_by_age(read.by_age, "paying days", control="A", treatment="B").table.iloc[0]
    assert view["control"] == pytest.approx(first["A"] / units["A"])
    assert view["effect"] == pytest.approx(first["B"] / units["B"] - first["A"] / units["A"])
    assert view["days"] == len(who)


def test_only_the_exposed_are_compared_and_the_effect_on_all_is_shown(steady):
    result = ask(*steady, design=Design(exposure="shown"))
    assert result.reach == pytest.approx(0.75, abs=0.01)
    assert result.moments.units() == 900
    assert {"assigned_ratio", "early"} <= set(result.checks["check"])
    line = next(say(note) for note in result.notes if note.key == "experiment.note_reach")
    assert "75.0 % of the assigned units" in line
    assert "over all assigned units" in line


def test_exposure_before_the_assignment_makes_the_test_invalid(steady):
    who, log = steady
    early = who.assign(
        time=np.where(who["user"] % 10 == 1, who["time"] + pd.Timedelta(days=2), who["time"])
    )
    result = ask(early, log, design=Design(exposure="event = 'shown'"))
    assert check(result, "early")["trouble"]
    assert result.decision == "invalid"
    assert "assignment before exposure" in say(result.headline)


def test_a_window_leaves_out_the_units_whose_data_are_late(steady):
    who, log = steady
    result = ask(who, log, design=Design(window=17))
    # The log ends on day 20 at noon: who came at nine on the first four days has seventeen days.
    ripe = (who["time"] + pd.Timedelta(days=17) <= log["time"].max()).sum()
    assert result.moments.units() == ripe < len(who)
    assert check(result, "late")["trouble"]
    assert "not in yet" in " ".join(say(line) for line in result.card)
    mean = result.table["control"].iloc[0]
    assert mean == pytest.approx(17 * 0.2, abs=0.2)


def test_days_of_assignment_can_be_chosen(steady):
    who, log = steady
    result = ask(who, log, design=Design(start=date(2025, 3, 4), until=date(2025, 3, 5)))
    assert result.moments.units() == who["time"].dt.day.isin([4, 5]).sum()
    with pytest.raises(BadInput, match="no unit was assigned from 2026-01-01"):
        ask(who, log, design=Design(start=date(2026, 1, 1)))
    with pytest.raises(BadInput, match="before start"):
        Design(start=date(2025, 3, 4), until=date(2025, 3, 3))
    with pytest.raises(BadInput, match="window is 0"):
        Design(window=0)


def test_bots_and_outliers_are_seen(steady):
    who, log = steady
    bot = pd.DataFrame(
        {"user": 5, "time": log["time"].max(), "event": "pay", "country": "cn"}, index=range(9000)
    )
    result = ask(who, pd.concat([log, bot], ignore_index=True))
    assert check(result, "bots")["value"] == pytest.approx(9000 / (len(log) + 9000), abs=0.07)
    assert check(result, "bots")["trouble"]
    assert check(result, "outliers")["value"] > 0.9
    assert check(result, "outliers")["where"] == "paying days"


def test_the_segment_that_lost_units_is_named(steady):
    who, log = steady
    lost = (who["variant"] == "B") & (who["user"] % 3 == 0) & (who["user"] % 2 == 0)
    result = ask(who[~lost], log, by=["country"])
    assert check(result, "segment_ratio")["where"] == "country = de"
    assert result.decision == "invalid"
    view = sample_ratio(result.moments, control="A", treatment="B")
    assert view.where == "country = de"
    assert "country = de" in say(view.headline)
    rows = view.table.set_index(["dimension", "value"])
    assert rows.loc[("country", "de"), "ratio"] < 0.7 < 0.8 < rows.loc[("country", "cn"), "ratio"]
    assert rows.loc["day"]["units_control"].sum() == rows.loc[("", ""), "units_control"]


def test_a_segment_of_one_value_is_not_searched_and_said(steady):
    who, log = steady
    lost = (who["variant"] == "B") & (who["user"] % 3 == 0) & (who["user"] % 2 == 0)
    plain = ask(who[~lost], log, by=["country"])
    more = ask(who[~lost], log.assign(app="shop"), by=["country", "app"])
    before, after = (sample_ratio(r.moments, control="A", treatment="B") for r in (plain, more))
    shown = after.table["dimension"] == "app"
    pd.testing.assert_series_equal(
        after.table.loc[~shown, "q"].reset_index(drop=True), before.table["q"]
    )
    assert after.table.loc[shown, "q"].isna().all()
    assert check(more, "segment_ratio")["p"] == check(plain, "segment_ratio")["p"]
    for found in (after, more):
        assert [n.values["dimensions"] for n in found.notes if n.key == "door.one_value"] == [
            ("app",)
        ]


def test_charts_of_ages_and_arrivals_draw_in_both_languages(read):
    views = [
        effect_by_age(read.by_age, "paying days", control="A", treatment="B"),
        sample_ratio(read.moments, control="A", treatment="B"),
    ]
    for view in views:
        for lang in ("en", "zh"):
            assert "layer" in view.chart(lang).to_dict()


def test_stored_moments_come_back_to_the_last_digit(read, tmp_path):
    read.moments.write(tmp_path / "moments.parquet")
    again = read_moments(tmp_path / "moments.parquet")
    pd.testing.assert_frame_equal(
        again.frame, read.moments.frame, check_dtype=False, check_exact=True
    )
    assert (again.keys, again.groups, again.shifts) == (
        read.moments.keys,
        read.moments.groups,
        read.moments.shifts,
    )
    assert again.merged(read.moments).units() == 2 * read.moments.units()
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(BadInput, match="no moments"):
        read_moments(tmp_path / "other.parquet")


def clustered(seed, schools=120, size=30, effect=0.0):
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(schools), size)
    ability = rng.normal(0, 1, schools)[school]
    arm = rng.permutation(np.repeat(["A", "B"], schools // 2))[school]
    before = ability + rng.normal(0, 1, len(school))
    score = ability + rng.normal(0, 1, len(school)) + effect * (arm == "B")
    return pd.DataFrame({"variant": arm, "school": school, "score": score, "before": before})


def test_clusters_carry_covariates_and_quantiles():
    design, median = Design(cluster="school"), Outcome("median", "score", kind="quantile")
    frame = clustered(1)
    plain = experiment(
        Units(frame), metrics=["score", median], control="A", design=design
    ).table.set_index("metric")
    design = replace(design, covariates=("before",))
    helped = experiment(Units(frame), metrics=["score"], control="A", design=design).table
    alone = experiment(Units(frame), metrics=[median], control="A").table.iloc[0]
    assert helped["cut"].iloc[0] > 0.5
    wide = plain["high"] - plain["low"]
    assert helped["high"].iloc[0] - helped["low"].iloc[0] < 0.75 * wide["score"]
    assert wide["median"] > 2 * (alone["high"] - alone["low"])
    assert wide["median"] == pytest.approx(1.15 * wide["score"], rel=0.25)
    assert plain.loc["median", "effect"] == pytest.approx(alone["effect"])


def test_clusters_in_two_variants_or_with_mixed_segments_are_refused():
    frame = clustered(1)
    frame.loc[0, "variant"] = "A" if frame.loc[0, "variant"] == "B" else "B"
    with pytest.raises(BadInput, match="1 clusters have several values of 'variant'"):
        experiment(Units(frame), metrics=["score"], control="A", design=Design(cluster="school"))
    mixed = clustered(1).assign(sex=lambda f: f.index % 2)
    with pytest.raises(BadInput, match="several values of 'sex'"):
        experiment(
            Units(mixed),
            metrics=["score"],
            control="A",
            design=Design(cluster="school"),
            by=["sex"],
        )


def test_strata_work_with_covariates_and_ratios():
    rng = np.random.default_rng(8)
    n = 4000
    frame = pd.DataFrame(
        {"variant": rng.choice(["A", "B"], n), "size": rng.choice([1, 10, 100], n)}
    )
    frame["before"] = frame["size"] * rng.gamma(4, 0.25, n)
    frame["spend"] = (
        frame["before"] * rng.gamma(9, 1 / 9, n) * np.where(frame["variant"] == "B", 1.05, 1.0)
    )
    frame["visits"] = rng.integers(1, 6, n)
    wanted = [
        Outcome("spend", covariates=("before",)),
        Outcome("per visit", "spend", per="visits", role="secondary"),
    ]
    layered = experiment(
        Units(frame), metrics=wanted, control="A", design=Design(strata="size")
    ).table
    plain = experiment(Units(frame), metrics=["spend", wanted[1]], control="A").table
    narrow, wide = (t["high"] - t["low"] for t in (layered, plain))
    assert (layered["cut"] > [0.85, 0.5]).all()
    assert (narrow < 0.75 * wide).all()
    assert layered["effect"].to_numpy() == pytest.approx(plain["effect"].to_numpy(), abs=2.5)


def test_exposure_of_units_is_a_column():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"variant": rng.choice(["A", "B"], 2000), "spend": rng.gamma(2, 1, 2000)})
    frame["seen"] = rng.random(2000) < 0.3
    result = experiment(
        Units(frame), metrics=["spend"], control="A", design=Design(exposure="seen")
    )
    assert result.moments.units() == frame["seen"].sum()
    with pytest.raises(BadInput, match="no column named 'sen'"):
        experiment(Units(frame), metrics=["spend"], control="A", design=Design(exposure="sen"))
    with pytest.raises(BadInput, match="no window"):
        experiment(Units(frame), metrics=["spend"], control="A", design=Design(window=7))


def test_the_prior_is_stated():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"variant": rng.choice(["A", "B"], 500), "spend": rng.gamma(2, 1, 500)})
    result = experiment(
        Units(frame), metrics=["spend"], control="A", design=Design(prior=(0.0, 0.0025))
    )
    assert "standard deviation 5.0 %" in say(result.card[-1])
    assert "标准差 5.0%" in say(result.card[-1], "zh")
