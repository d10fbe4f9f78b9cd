"""Subgroups, course and plan read the moments again; the charts of all of them draw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.experiments.cumulative_effect import cumulative_effect
from kpilab.analysis.experiments.effect_by_age import effect_by_age
from kpilab.analysis.experiments.experiment import experiment
from kpilab.analysis.experiments.plan import plan
from kpilab.analysis.experiments.sample_ratio import sample_ratio
from kpilab.analysis.experiments.subgroups import subgroups
from kpilab.analysis.experiments.tails import pair
from kpilab.core.table import Assignments, EventLog
from kpilab.core.trial import Design, Outcome, Units
from kpilab.engine.column import marked
from kpilab.errors import BadInput
from kpilab.show import say


def frame(lift=(0.0, 0.0), n=6000, seed=4):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {"variant": rng.choice(["A", "B"], n), "country": rng.choice(["cn", "de"], n)}
    )
    rows["before"] = rng.gamma(2.0, 5.0, n)
    treated = np.where(rows["country"] == "cn", *lift) * (rows["variant"] == "B")
    rows["spend"] = rows["before"] + rng.gamma(2.0, 3.0, n) + 10 * treated
    return rows.assign(at=pd.Timestamp("2025-03-03") + pd.to_timedelta(rng.integers(0, 14, n), "D"))


def read(rows):
    known = Outcome("spend", covariates=("before",))
    return experiment(Units(rows, time="at"), metrics=[known], control="A", by=["country"])


def test_an_effect_in_one_country_only_is_an_interaction():
    asked = {"by": "country", "control": "A", "treatment": "B"}
    differs = subgroups(read(frame((0.1, 0.0))).moments, "spend", **asked)
    assert differs.interaction < 0.01
    assert dict(zip(differs.table["value"], differs.table["q"] < 0.05, strict=True)) == {
        "cn": True,
        "de": False,
    }
    assert subgroups(read(frame((0.1, 0.1))).moments, "spend", **asked).interaction > 0.05
    with pytest.raises(BadInput, match="no dimension named 'county'"):
        subgroups(read(frame()).moments, "spend", **(asked | {"by": "county"}))


def test_the_course_ends_where_the_experiment_ends():
    result = read(frame((0.1, 0.1)))
    found = cumulative_effect(result.moments, "spend", control="A", treatment="B")
    last = found.table.iloc[-1]
    assert len(found.table) == 14
    assert last["effect"] == pytest.approx(result.table["effect"].iloc[0])
    assert (found.table["wide_high"] >= found.table["high"]).all()
    assert "crossed" in say(found.headline)


def test_a_day_of_the_course_sums_its_own_units_and_those_before():
    moments = read(frame((0.1, 0.1))).moments
    found = cumulative_effect(moments, "spend", control="A", treatment="B")
    for day, row in found.table.set_index("day").iterrows():
        until, on = (
            pair(m, "spend", "A", "B").difference for m in (moments.until(day), moments.on(day))
        )
        assert row[["effect", "low", "high", "z"]].tolist() == pytest.approx(
            [until.effect, until.low, until.high, until.statistic]
        )
        assert row[["day_effect", "day_low", "day_high"]].tolist() == pytest.approx(
            [on.effect, on.low, on.high]
        )


def aged(kind, n=400, days=10):
    """Units with a row a day whose share of days with a payment rises by a tenth in B."""
    rng = np.random.default_rng(3)
    who = pd.DataFrame({"user": range(n), "experiment": "t", "variant": ["A", "B"] * (n // 2)})
    who["time"] = pd.Timestamp("2026-03-02")
    log = who.loc[who.index.repeat(days), ["user", "variant"]].reset_index(drop=True)
    log["time"] = pd.Timestamp("2026-03-02 08:00") + pd.to_timedelta(log.index % days, "D")
    log["event"] = np.where(rng.random(len(log)) < 0.3 + 0.1 * (log["variant"] == "B"), "pay", "-")
    paid = Outcome("paid", "max(case when event = 'pay' then 1 else 0 end)", kind=kind)
    tables = Assignments(who), EventLog(log.drop(columns="variant"))
    found = experiment(*tables, metrics=[paid], control="A", design=Design(name="t"))
    return effect_by_age(found.by_age, "paid", control="A", treatment="B")


@pytest.mark.parametrize(("kind", "told"), [("proportion", True), ("mean", False)])
def test_the_effect_by_age_of_a_share_is_in_points(kind, told):
    found = aged(kind)
    for lang, word in (("en", "pp"), ("zh", "百分点")):
        assert (word in say(found.headline, lang)) == told
        assert (word in str(found.chart(lang).to_dict())) == told


def test_segments_say_their_absolute_change_beside_the_relative_one():
    rows = frame()
    rows["paid"] = np.random.default_rng(1).random(len(rows)) < 0.2 + 0.1 * (rows["variant"] == "B")
    asked = [Outcome("paid", kind="proportion")]
    found = experiment(Units(rows), metrics=asked, control="A", by=["country"])
    table = subgroups(found.moments, "paid", by="country", control="A", treatment="B")
    for one in (found, table):
        assert " pp)" in str(one.chart("en").to_dict())


def test_the_experiments_days_are_checked():
    checks = read(frame()).checks.set_index("check")
    assert {"daily_ratio", "weekdays", "balance"} <= set(checks.index)
    assert not checks["trouble"].any()


def test_a_plan_needs_fewer_units_with_covariates_and_more_with_looks():
    rows = frame().assign(variant="history")
    plain = plan(Units(rows, time="at"), metric="spend", effects=[0.05])
    asked = {"effects": [0.05], "simulations": 0}
    helped = plan(Units(rows, time="at"), metric=Outcome("spend", covariates=("before",)), **asked)
    looked = plan(Units(rows, time="at"), metric="spend", looks=10, **asked)
    assert helped.table["units"].iloc[0] == pytest.approx(
        plain.table["units"].iloc[0] * (1 - helped.cut), rel=1e-3
    )
    assert (
        plain.table["units"].iloc[0]
        < looked.table["units"].iloc[0]
        < 1.1 * plain.table["units"].iloc[0]
    )
    assert plain.traffic == pytest.approx(6000 / 14)
    assert 0.01 < plain.false_alarms < 0.1
    with pytest.raises(BadInput):
        plan(Units(rows), metric="spend", arms=1)


@pytest.mark.slow
def test_all_charts_draw_in_both_languages():
    result = read(frame((0.1, 0.0)))
    asked = {"control": "A", "treatment": "B"}
    shown = [
        result,
        subgroups(result.moments, "spend", by="country", **asked),
        cumulative_effect(result.moments, "spend", **asked),
    ]
    shown.append(plan(Units(frame().assign(variant="history")), metric="spend", simulations=0))
    for one in shown:
        for lang in ("en", "zh"):
            assert {"layer", "vconcat"} & set(one.chart(lang).to_dict())


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_a_plan_needs_units(rows):
    with pytest.raises(BadInput, match="units are known"):
        plan(
            Units(frame().head(rows), time="at"),
            metric=Outcome("spend", covariates=("before",)),
            effects=[0.05],
        )


def test_units_without_a_value_are_a_segment_of_their_own():
    rows = pd.DataFrame(
        {
            "variant": ["A", "B"] * 500,
            "score": np.arange(1000) % 7,
            "country": ["DE", "DE", "FR", "FR"] * 250,
        }
    )
    rows.loc[rows.index % 4 == 3, "country"] = (
        None  # FR is A alone, and those without a country B alone
    )
    result = experiment(Units(rows), metrics=[Outcome("score")], control="A", by=["country"])
    found = sample_ratio(result.moments, control="A", treatment="B").table.set_index("value")
    assert found.loc["(missing)", ["units_control", "units_treatment"]].tolist() == [0, 250]
    assert result.moments.values(marked("country")) == ["(missing)", "DE", "FR"]
    assert result.checks.set_index("check").loc["segment_ratio", "trouble"]


def test_a_cluster_known_in_part_is_in_no_segment():
    rows = pd.DataFrame(
        {
            "variant": list("AABB") * 25,
            "score": range(100),
            "school": np.arange(100) // 2,
            "sex": ["f", None] * 50,
        }
    )
    with pytest.raises(BadInput, match="several values of 'sex'"):
        experiment(
            Units(rows),
            metrics=["score"],
            control="A",
            design=Design(cluster="school"),
            by=["sex"],
        )
