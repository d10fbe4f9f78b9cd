"""Experiments as they should not be given: one metric costs itself only,
and no decision can be misread."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kpilab.analysis.experiments.experiment import experiment
from kpilab.analysis.experiments.plan import plan
from kpilab.analysis.experiments.sample_ratio import sample_ratio
from kpilab.analysis.experiments.subgroups import subgroups
from kpilab.core.table import Assignments, EventLog
from kpilab.core.trial import Design, Outcome, Units
from kpilab.errors import BadInput
from kpilab.show import say
from kpilab.stats.experiments.dunnett import adjusted_p


def frame(n=2000, seed=1, shift=0.0, **more):
    rng = np.random.default_rng(seed)
    variant = np.resize(["A", "B"], n)
    rows = pd.DataFrame({"variant": variant, "x": rng.normal(10, 2, n) + shift * (variant == "B")})
    return rows.assign(**more)


def read(rows, metrics=("x",), **asked):
    return experiment(Units(rows), metrics=list(metrics), control="A", **asked)


def checks(result):
    return result.checks.set_index("check")


def told(name):
    """Effect, p-value and planned sizes of a metric that is called so."""
    rows = frame(shift=0.3).rename(columns={"x": name})
    found = read(rows, [name]).table.iloc[0]
    sized = plan(Units(rows), metric=name, simulations=0)
    return found["effect"], found["p"], sized.table["units"].tolist()


@pytest.fixture(scope="module")
def called_x():
    return told("x")


@pytest.mark.few(3)
@pytest.mark.parametrize(
    "name", ["units", "holed", "day", "row", "bucket", "num0", "variant ", "at", "s_x0", "k0"]
)
def test_a_metric_may_have_any_name(name, called_x):
    assert told(name) == called_x


def test_a_guardrail_that_never_varies_costs_itself_only():
    guard = Outcome("crashes", role="guardrail", better="down")
    result = read(frame(shift=0.4, crashes=0), ["x", guard])
    assert (result.decision, result.table["metric"].tolist()) == ("ship", ["x"])
    assert checks(result).loc["unread_constant", "where"] == "crashes"
    for lang in ("en", "zh"):
        assert "crashes" in " ".join(say(line, lang) for line in result.card).lower()


def test_a_cap_at_a_constant_leaves_the_figure_as_measured():
    rows = frame()
    rows["x"] = np.where(np.arange(len(rows)) % 50 < 2, rows["x"], 0.0)
    result = read(rows, [Outcome("x", cap=0.95)])
    assert result.table["metric"].tolist() == ["x"]
    assert checks(result).loc["unread_constant", "where"] == "x (capped)"
    assert result.reason == "no_effect"


def test_a_treatment_that_stopped_everything_is_read():
    rows = frame()
    rows.loc[rows["variant"] == "B", "x"] = 0.0
    assert read(rows).decision == "stop"


def test_a_primary_metric_that_cannot_be_read_is_no_missing_effect():
    result = read(frame(flat=1), ["flat", Outcome("x", role="secondary")])
    assert (result.decision, result.reason) == ("continue", "unread")
    assert "flat" in say(result.headline, "en")


def test_a_denominator_of_zero_is_undefined_and_said():
    rows = frame(y=1.0)
    rows["y"] = np.where(rows["variant"] == "A", 0.0, 1.0)
    result = read(rows, ["x", Outcome("ratio", "x", per="y", role="secondary")])
    assert checks(result).loc["unread_undefined", "where"] == "ratio"
    with pytest.raises(BadInput, match="denominator"):
        read(rows, [Outcome("ratio", "x", per="y")])


@pytest.mark.parametrize("scale", [100, 7.5])
def test_a_share_in_percent_or_money_is_refused(scale):
    rows = frame(paid=np.resize([0, 0, 1, 0, 1], 2000) * scale)
    with pytest.raises(BadInput, match="more than 0 and 1"):
        read(rows, [Outcome("paid", kind="proportion")])


def test_a_split_that_omits_a_variant_is_refused():
    rows = frame(variant=np.resize(["A", "B", "C"], 2000))
    with pytest.raises(BadInput, match="leaves out variant 'C'"):
        read(rows, design=Design(split={"A": 0.5, "B": 0.5}))
    with pytest.raises(BadInput, match="gives variant 'B' no share"):
        sample_ratio(read(frame()).moments, control="A", treatment="B", split={"A": 1.0})


def test_texts_are_no_outcome():
    for words in (["yes", "no"], pd.to_datetime(["2026-01-01", "2026-01-02"])):
        with pytest.raises(BadInput, match=r"column 'said' holds .*, no numbers"):
            read(frame(said=np.resize(words, 2000)), ["said"])


def test_units_without_a_variant_are_counted_and_said():
    rows = frame()
    rows.loc[:99, "variant"] = None
    result = read(rows)
    assert checks(result).loc["unnamed", "value"] == pytest.approx(0.05)
    assert result.moments.units() == 1900


def test_a_covariate_that_the_treatment_moved_adjusts_nothing():
    rows = frame(seed=3, shift=1.0)
    rows["during"] = rows["x"] * 0.9
    rows["before"] = np.random.default_rng(4).normal(size=len(rows))
    plain, helped = read(rows), read(rows, design=Design(covariates=("during",)))
    assert helped.table["effect"].tolist() == plain.table["effect"].tolist()
    assert helped.decision == "ship"
    told = read(rows, design=Design(covariates=("before",))).notes
    assert "experiment.note_unadjusted" in {note.key for note in helped.notes}
    assert "experiment.note_unadjusted" not in {note.key for note in told}


def test_quantiles_of_too_few_units_are_not_read():
    result = read(
        frame(100),
        [Outcome("x"), Outcome("slow", "x", kind="quantile", quantile=0.99, role="secondary")],
    )
    assert checks(result).loc["unread_sparse", "where"] == "slow"
    many = read(frame(1000), [Outcome("slow", "x", kind="quantile", quantile=0.99)])
    assert many.table["metric"].tolist() == ["slow"]


def test_strata_that_share_no_arm_are_said():
    rows = frame(part=np.resize(["a", "b"], 2000))
    with pytest.raises(BadInput, match="no stratum"):
        read(rows, design=Design(strata="part"))


def test_units_whose_window_is_open_are_waited_for():
    rng = np.random.default_rng(6)
    start = pd.Timestamp("2026-01-05")
    given = pd.DataFrame(
        {"user": np.arange(400), "variant": np.resize(["A", "B"], 400), "experiment": "t"}
    )
    given["time"] = start + pd.to_timedelta(np.where(np.arange(400) < 40, 0, 10), "D")
    log = pd.DataFrame({"user": rng.integers(0, 400, 3000), "event": "see"})
    log["time"] = start + pd.to_timedelta(rng.uniform(0, 16, 3000), "D")
    result = experiment(
        Assignments(given),
        EventLog(log),
        metrics=[Outcome("seen", "count(*)")],
        control="A",
        design=Design(window=14),
    )
    assert (result.decision, result.reason) == ("continue", "late")
    assert "90" in say(result.headline, "en")


def test_a_guardrail_within_its_margin_reads_so():
    rng = np.random.default_rng(2)
    rows = frame(20000, shift=0.3)
    rows["latency"] = rng.normal(100, 20, 20000) * np.where(rows["variant"] == "B", 1.016, 1.0)
    result = read(rows, ["x", Outcome("latency", role="guardrail", better="down", margin=0.05)])
    line = next(
        say(m, "en") for m in result.card if "latency" in say(m, "en") and "→" in say(m, "en")
    )
    assert "stays within its margin of 5" in line
    assert "within its margin" in say(result.headline, "en")


@pytest.mark.parametrize(("better", "up"), [("down", 1.016), ("up", 1 / 1.016)])
def test_a_harm_within_the_margin_says_that_it_is_one(better, up):
    """Worse, by how much, and within what: in the line, the headline and the cell, whichever way
    the metric counts."""
    rng = np.random.default_rng(2)
    rows = frame(20000, shift=0.3)
    rows["speed"] = rng.normal(100, 20, 20000) * np.where(rows["variant"] == "B", up, 1.0)
    result = read(rows, ["x", Outcome("speed", role="guardrail", better=better, margin=0.05)])
    by = abs(float(result.table.set_index("metric").loc["speed", "lift"]))
    assert result.table.set_index("metric").loc["speed", "gain"] == -1
    for lang, worse, within in (("en", "worse by", "within"), ("zh", "变差", "容许范围内")):
        lines = [say(m, lang) for m in result.card if "speed" in say(m, lang)]
        assert len(lines) == 2
        for line in [*lines, say(result.figures[-1]["margin"], lang)]:
            assert f"{worse} {100 * by:.1f}" in line.replace("\u202f", " ")
            assert "5" in line
        assert all(within in line for line in lines)


def test_a_secondary_metric_that_got_worse_is_in_the_headline():
    rows = frame(20000)
    rows["kept"] = np.random.default_rng(2).normal(100, 20, 20000) - 3 * (rows["variant"] == "B")
    metrics = ["x", Outcome("kept", role="secondary")]
    result = read(rows, metrics)
    assert result.reason == "no_effect"
    for lang, word in (("en", "kept got worse."), ("zh", "kept 变差。")):
        assert word in say(result.headline, lang)
    rows["kept"] += 3 * (rows["variant"] == "B")
    assert "got worse" not in say(read(rows, metrics).headline, "en")


def test_a_guardrail_that_is_not_worse_is_never_called_so():
    rows = frame(20000, shift=0.3)
    rows["speed"] = np.random.default_rng(2).normal(100, 20, 20000)
    result = read(rows, ["x", Outcome("speed", role="guardrail", margin=0.05)])
    for lang, worse, none in (("en", "worse by", "not shown"), ("zh", "变差 ", "没有证据")):
        line = next(say(m, lang) for m in result.card if "speed" in say(m, lang))
        assert worse not in line
        assert none in line


def test_a_change_from_zero_is_told_in_absolute_terms():
    rows = frame(paid=0.0)
    rows.loc[rows["variant"] == "B", "paid"] = np.resize([1.0] + [0.0] * 49, 1000)
    result = read(rows, [Outcome("paid", kind="proportion")])
    assert "+2.0 pp" in say(result.headline, "en")


def test_arms_without_variance_keep_the_pair_p_value():
    # Two constant treatments stand on the control's error alone, so there is one comparison: q = p.
    p = 2 * stats.norm.sf(1.555)
    assert adjusted_p([1.555, 1.555], [1.0, 1.0]) == pytest.approx([p, p], abs=1e-9)


@pytest.mark.parametrize(("share", "effect", "right"), [(0.01, 0.5, 7750), (0.10, 0.2, 3841)])
def test_a_plan_sizes_shares_by_the_test_that_is_used(share, effect, right):
    rows = pd.DataFrame({"variant": "A", "paid": (np.arange(10_000) < share * 10_000).astype(int)})
    found = plan(
        Units(rows), metric=Outcome("paid", kind="proportion"), effects=[effect], simulations=0
    )
    assert found.table["units"].tolist() == pytest.approx([2 * right], abs=2)


def test_a_share_cannot_rise_above_one():
    rows = pd.DataFrame({"variant": "A", "paid": (np.arange(1000) < 900).astype(int)})
    paid = Outcome("paid", kind="proportion")
    with pytest.raises(BadInput, match="cannot change by"):
        plan(Units(rows), metric=paid, effects=[0.5], simulations=0)
    assert plan(Units(rows), metric=paid, effects=[0.05, 0.5],
        simulations=0).table["units"].isna().tolist() == [
        False, True,
    ]  # fmt: skip


@pytest.mark.parametrize("names", [("day", "variant"), ("units", "spend:n")])
def test_segments_may_be_called_as_keys_of_ours(names):
    rng = np.random.default_rng(5)
    rows = pd.DataFrame(
        {
            "arm": ["A", "B"] * 200,
            "app": ["x", "x", "y", "y"] * 100,
            "shop": ["u"] * 200 + ["v"] * 200,
        }
    )
    rows = rows.assign(spend=rng.normal(5, 1, 400), at=pd.Timestamp("2026-01-05"))
    asked = {"metrics": ["spend"], "control": "A"}
    right = experiment(Units(rows, variant="arm", time="at"), by=["app", "shop"], **asked)
    named = rows.rename(columns=dict(zip(("app", "shop"), names, strict=True)))
    found = experiment(Units(named, variant="arm", time="at"), by=list(names), **asked)
    arms = {"control": "A", "treatment": "B"}
    parts = [
        sample_ratio(r.moments, **arms).table.drop(columns="dimension") for r in (found, right)
    ]
    pd.testing.assert_frame_equal(*parts)
    parts = [
        subgroups(r.moments, "spend", by=by, **arms).table
        for r, by in ((found, names[0]), (right, "app"))
    ]
    pd.testing.assert_frame_equal(*parts)


def test_a_log_that_holds_none_of_the_units_is_said_in_words():
    who = pd.DataFrame(
        {"user": list("abcd"), "experiment": "e", "variant": ["A", "B"] * 2, "time": "2026-01-05"}
    )
    log = pd.DataFrame({"user": ["x", "y"], "event": "pay", "time": "2026-01-06"})
    with pytest.raises(BadInput, match="no row of any unit"):
        experiment(Assignments(who), EventLog(log), metrics=["count(*)"], control="A")
