"""An experiment is read from its units or its log: what it says, and what it refuses."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.experiments.experiment import experiment
from kpilab.core.table import Assignments, EventLog
from kpilab.core.trial import Design, Outcome, Units
from kpilab.engine.experiments.moments import Group
from kpilab.engine.experiments.scan import moments
from kpilab.errors import BadInput
from kpilab.show import say
from kpilab.stats.mean import Sample
from tests.conftest import DATA


def units(seed=1, n=4000, lift=0.0, **columns):
    rng = np.random.default_rng(seed)
    before = rng.gamma(2.0, 5.0, n)
    variant = rng.choice(["A", "B"], n)
    spend = before + rng.gamma(2.0, 3.0, n) * (1 + lift * (variant == "B"))
    frame = pd.DataFrame(
        {"variant": variant, "spend": spend, "before": before, "sessions": rng.integers(1, 9, n)}
    )
    frame["paid"] = (rng.random(n) < 0.3).astype(int)
    frame["country"] = rng.choice(["cn", "de"], n)
    return frame.assign(**columns)


def row(result, metric):
    return result.table.set_index("metric").loc[metric]


def test_cookie_cats_as_published(shared):
    frame = pd.read_csv(shared / "datasets" / "ab_cookie_cats.csv")
    wanted = [Outcome(f"retention_{k}", kind="proportion") for k in (1, 7)]
    result = experiment(
        Units(frame, variant="version" if "version" in frame else "test_version"),
        metrics=wanted,
        control="gate_30",
    )
    first, week = row(result, "retention_1"), row(result, "retention_7")
    assert (first["control"], first["value"]) == pytest.approx((0.4482, 0.4423), abs=5e-5)
    assert first["p"] == pytest.approx(0.0744, abs=5e-5)
    assert (week["control"], week["value"]) == pytest.approx((0.1902, 0.1820), abs=5e-5)
    assert week["p"] == pytest.approx(0.00155, abs=5e-6)
    assert result.checks.set_index("check").loc["sample_ratio", "p"] == pytest.approx(
        0.0086, abs=5e-5
    )
    assert any("sample-ratio p 0.009" in say(line) for line in result.card)
    assert result.decision == "stop"


def test_landing_page_as_published():
    rows = pd.read_csv(DATA / "ab_landing_page_aggregate.csv").set_index("group")
    (xa, na), (xb, nb) = (rows.loc[g, ["converted", "users"]] for g in ("control", "treatment"))
    common = (xa + xb) / (na + nb)
    z = (xb / nb - xa / na) / np.sqrt(common * (1 - common) * (1 / na + 1 / nb))
    assert float(z) == pytest.approx(-1.311, abs=5e-4)
    paid = np.concatenate([np.arange(n) < x for x, n in ((xa, na), (xb, nb))]).astype(int)
    frame = pd.DataFrame({"variant": np.repeat(["old", "new"], [na, nb]), "paid": paid})
    result = experiment(Units(frame), metrics=[Outcome("paid", kind="proportion")], control="old")
    assert row(result, "paid")["p"] == pytest.approx(0.1899, abs=1e-4)
    assert result.decision == "stop"


def test_a_gain_ships_and_its_interval_agrees_with_its_p():
    result = experiment(Units(units(lift=0.2)), metrics=["spend"], control="A")
    spend = row(result, "spend")
    assert result.decision == "ship"
    assert (spend["low"] > 0) == (spend["p"] < 0.05) == (spend["lift_low"] > 0)
    assert "Ship B" in say(result.headline, "en")
    assert "上线 B" in say(result.headline, "zh")


def test_covariates_cut_the_variance_and_keep_the_effect():
    frame = units(lift=0.1)
    plain = row(experiment(Units(frame), metrics=["spend"], control="A"), "spend")
    known = Outcome("spend", covariates=("before",))
    adjusted = row(experiment(Units(frame), metrics=[known], control="A"), "spend")
    assert adjusted["cut"] > 0.5
    assert adjusted["high"] - adjusted["low"] < 0.75 * (plain["high"] - plain["low"])


def test_missing_values_are_not_units():
    frame = units()
    frame.loc[frame.index % 2 == 0, "spend"] = np.nan
    dropped = row(experiment(Units(frame), metrics=["spend"], control="A"), "spend")
    whole = row(experiment(Units(frame.dropna()), metrics=["spend"], control="A"), "spend")
    assert dropped["p"] == pytest.approx(whole["p"], rel=1e-9)
    assert dropped["units_control"] == whole["units_control"]
    zero = row(
        experiment(Units(frame), metrics=["spend"], control="A", design=Design(nulls="zero")),
        "spend",
    )
    assert zero["units_control"] > dropped["units_control"]
    with pytest.raises(BadInput, match="missing values"):
        experiment(Units(frame), metrics=["spend"], control="A", design=Design(nulls="error"))


def test_a_missing_covariate_costs_its_gain_but_not_the_unit():
    frame = units(lift=0.1)
    known = Outcome("spend", covariates=("before",))
    whole = row(experiment(Units(frame), metrics=[known], control="A"), "spend")
    frame.loc[frame.index % 4 == 0, "before"] = np.nan
    holed = row(experiment(Units(frame), metrics=[known], control="A"), "spend")
    assert holed["units_control"] == whole["units_control"]
    assert 0.2 < holed["cut"] < whole["cut"]
    assert holed["effect"] == pytest.approx(whole["effect"], abs=0.5)


def test_a_guardrail_that_gets_worse_stops_a_gain():
    frame = units(lift=0.3)
    frame["errors"] = (
        np.random.default_rng(2).random(len(frame)) < 0.1 + 0.05 * (frame["variant"] == "B")
    ).astype(int)
    guard = Outcome("errors", kind="proportion", better="down", role="guardrail", margin=0.1)
    result = experiment(Units(frame), metrics=["spend", guard], control="A")
    assert (result.decision, result.reason) == ("stop", "guardrail")
    assert "errors" in say(result.headline)


def test_a_guardrail_not_shown_safe_keeps_the_test_running():
    guard = Outcome("paid", kind="proportion", role="guardrail", margin=0.01)
    result = experiment(Units(units(lift=0.3)), metrics=["spend", guard], control="A")
    assert (result.decision, result.reason) == ("continue", "guardrail_open")


def test_lost_units_make_the_test_invalid():
    frame = units(lift=0.3)
    lost = (frame["variant"] == "B") & (frame.index % 4 == 0)
    result = experiment(Units(frame[~lost]), metrics=["spend"], control="A")
    assert result.decision == "invalid"
    assert "sample ratio" in say(result.headline)


def test_units_in_two_variants_are_left_out_and_counted():
    frame = units(n=1000, user=np.arange(1000))
    twice = pd.concat(
        [
            frame,
            frame.head(100).assign(variant=frame["variant"].head(100).map({"A": "B", "B": "A"})),
        ]
    )
    result = experiment(Units(twice, unit="user"), metrics=["spend"], control="A")
    assert result.checks.set_index("check").loc["crossed", "value"] == pytest.approx(0.1)
    assert result.decision == "invalid"
    with pytest.raises(BadInput, match="several rows in one variant"):
        experiment(
            Units(pd.concat([frame, frame.head(5)]), unit="user"), metrics=["spend"], control="A"
        )


def test_ratio_quantile_cap_strata_and_clusters():
    frame = units(lift=0.1, school=np.arange(4000) % 80)
    frame["variant"] = np.where(frame["school"] % 2, "A", "B")
    wanted = [
        Outcome("per session", "spend", per="sessions"),
        Outcome("median", "spend", kind="quantile", role="secondary"),
    ]
    result = experiment(Units(frame), metrics=[*wanted, Outcome("spend", cap=0.99)], control="A")
    assert set(result.table["metric"]) == {"per session", "median", "spend", "spend (capped)"}
    assert row(result, "per session")["control"] == pytest.approx(
        frame[frame["variant"] == "A"]["spend"].sum()
        / frame[frame["variant"] == "A"]["sessions"].sum()
    )
    clustered = experiment(
        Units(frame), metrics=["spend"], control="A", design=Design(cluster="school")
    )
    assert row(clustered, "spend")["units_control"] == 40
    assert row(clustered, "spend")["control"] == pytest.approx(
        frame[frame["variant"] == "A"]["spend"].mean()
    )
    layered = experiment(
        Units(frame), metrics=["spend"], control="A", design=Design(strata="country")
    )
    assert row(layered, "spend")["effect"] == pytest.approx(row(result, "spend")["effect"], abs=0.5)


def test_looks_widen_the_interval():
    frame = units()
    once = row(experiment(Units(frame), metrics=["spend"], control="A"), "spend")
    early = Design(boundary="obrien-fleming", looks=(0.2, 0.5))
    always = Design(boundary="always valid")
    for design in (early, always):
        result = experiment(Units(frame), metrics=["spend"], control="A", design=design)
        looked = row(result, "spend")
        assert looked["high"] - looked["low"] > 1.2 * (once["high"] - once["low"])
        assert looked["p"] > once["p"]
        assert result.decision == "continue"


def test_three_arms_are_corrected_together():
    frame = units(n=6000)
    frame["variant"] = np.random.default_rng(3).choice(["A", "B", "C"], len(frame))
    table = experiment(Units(frame), metrics=["spend"], control="A").table
    assert len(table) == 2
    assert (table["q"] >= table["p"]).all()
    assert (table["q"] <= 2 * table["p"] + 1e-6).all()


def test_a_negative_baseline_keeps_its_sign():
    frame = units(lift=0.3).assign(spend=lambda f: f["spend"] - 100)
    spend = row(experiment(Units(frame), metrics=["spend"], control="A"), "spend")
    assert spend["control"] < 0 < spend["lift_low"] < spend["lift"] < spend["lift_high"]


def test_a_baseline_near_zero_is_said_to_be_unbounded():
    frame = units(n=200).assign(spend=lambda f: f["spend"] - f["spend"].mean())
    result = experiment(Units(frame), metrics=["spend"], control="A")
    assert row(result, "spend")["bounds"] == "unbounded"
    assert any("cannot be bounded" in say(note) for note in result.notes)


def test_a_log_is_measured_from_the_assignment_on():
    start = pd.Timestamp("2025-03-03")
    who = pd.DataFrame(
        {"user": range(40), "variant": ["A", "B"] * 20, "experiment": "t", "time": start}
    )
    rows = [
        (u, start + pd.Timedelta(days=d), "pay", 1.0 + (u % 5))
        for u in range(30)
        for d in (-2, 1, 2)
    ]
    log = EventLog(pd.DataFrame(rows, columns=["user", "time", "event", "amount"]))
    wanted = [
        Outcome("spend", "sum(amount)"),
        Outcome("orders", "count(*) filter (where event = 'pay')"),
    ]
    result = experiment(Assignments(who), log, metrics=wanted, control="A", design=Design(before=7))
    assert row(result, "spend")["control"] == pytest.approx(
        who[who["variant"] == "A"]["user"].map(lambda u: 2 * (1 + u % 5) if u < 30 else 0).mean(),
        abs=0.5,
    )
    assert row(result, "orders")["cut"] == pytest.approx(1.0)
    assert result.moments.units() == 40
    assert result.checks.set_index("check").loc["diluted", "value"] == pytest.approx(0.25)


def test_order_of_rows_and_scale_change_nothing():
    frame = units()
    plain = row(experiment(Units(frame), metrics=["spend"], control="A"), "spend")
    mixed = row(
        experiment(Units(frame.sample(frac=1, random_state=1)), metrics=["spend"], control="A"),
        "spend",
    )
    scaled = row(
        experiment(Units(frame.assign(spend=frame["spend"] * 7)), metrics=["spend"], control="A"),
        "spend",
    )
    assert mixed["p"] == pytest.approx(plain["p"], rel=1e-9)
    assert scaled["lift_low"] == pytest.approx(plain["lift_low"], rel=1e-9)


def test_moments_keep_their_digits_and_can_be_added():
    import ibis

    frame = units(n=2000).assign(spend=lambda f: f["spend"] + 1e8)
    groups = [Group("spend", ("spend",), ("before",))]
    whole = moments(ibis.memtable(frame), groups, by=["variant", "country"])
    exact = frame[frame["variant"] == "A"]["spend"]
    n, s, q, shift = whole.only(variant="A").sums("spend")
    assert Sample.of_sums(n, s, q, shift).cov[0, 0] == pytest.approx((exact - 1e8).var(), rel=1e-7)
    halves = [
        moments(ibis.memtable(f), groups, by=["variant", "country"], shifts=whole.shifts)
        for f in (frame[:900], frame[900:])
    ]
    merged = halves[0].merged(halves[1])
    assert merged.only(variant="B").sums("spend")[2] == pytest.approx(
        whole.only(variant="B").sums("spend")[2], rel=1e-12
    )


@pytest.mark.parametrize(
    ("frame", "changes", "words"),
    [
        (units(n=60, variant="A"), {}, "only one variant"),
        (units(n=60), {"control": "a"}, "no variant named 'a'"),
        (units(n=60), {"metrics": ["spent"]}, "no column named 'spent'"),
        (units(n=60, spend=3.0), {}, "every unit has the same value"),
        (units(n=60), {"design": Design(split={"A": 0.4, "B": 0.4, "C": 0.2})}, "'C' has no units"),
        (units(n=60), {"metrics": ["spend", "spend"]}, "share a name"),
        (
            units(n=60).assign(spend=lambda f: f["spend"].where(f["variant"] == "A")),
            {},
            "fewer than two units",
        ),
    ],
)
def test_bad_input_says_what_is_wrong(frame, changes, words):
    with pytest.raises(BadInput, match=words):
        experiment(Units(frame), **({"metrics": ["spend"], "control": "A"} | changes))


def test_dates_reversed_are_refused():
    with pytest.raises(BadInput, match="rise"):
        Design(looks=(0.5, 0.2))
    assert Design(start=date(2025, 1, 1)).nulls == "drop"


def test_units_of_no_named_experiment_are_left_out_of_the_only_one():
    rng = np.random.default_rng(4)
    who = pd.DataFrame({"user": range(200), "time": pd.Timestamp("2025-03-03"), "experiment": "t1"})
    who["variant"] = rng.permutation(["A", "B"] * 100)
    acts = who.assign(
        time=who["time"] + pd.Timedelta(hours=3), event="pay", amount=rng.gamma(2.0, 5.0, 200)
    )
    log = EventLog(acts[["user", "time", "event", "amount"]])
    wanted = [Outcome("paid", "sum(amount)")]
    named = who.assign(experiment=who["experiment"].where(who["user"] >= 9, None))
    found, told = (
        experiment(Assignments(w, unit="user"), log, metrics=wanted, control="A")
        for w in (named, who[9:])
    )
    assert row(found, "paid").to_dict() == pytest.approx(row(told, "paid").to_dict(), nan_ok=True)
