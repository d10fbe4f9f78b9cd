"""Uneven arms and a skewed metric: the interval leans, and where a few units carry it nothing is
judged."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.experiments.cumulative_effect import cumulative_effect
from kpilab.analysis.experiments.experiment import experiment
from kpilab.analysis.experiments.reanalysis import reanalysis
from kpilab.analysis.experiments.subgroups import subgroups
from kpilab.core.table import Assignments, EventLog
from kpilab.core.trial import Decision, Design, Outcome, Units
from kpilab.engine.experiments.moments import read_moments
from kpilab.show import say


def read(y, n, *metrics, **design):
    small, large = sorted(n)
    split = {v: k / (small + large) for v, k in zip("AB", n, strict=True)}
    rows = pd.DataFrame({"variant": np.repeat(["A", "B"], n), "y": y, "one": 1.0})
    rows["shop"] = np.arange(len(rows)) // 2
    return experiment(
        Units(rows), metrics=metrics or ["y"], control="A", design=Design(split=split, **design)
    )


def lucky(n, seed=2):
    return np.random.default_rng(seed).lognormal(0, 1.5, sum(n))


@pytest.mark.parametrize("n", [(1800, 200), (200, 1800)])
def test_the_interval_leans_and_the_note_says_so(n):
    row = (found := read(lucky(n), n)).table.iloc[0]
    reach = (row["effect"] - row["low"], row["high"] - row["effect"])
    assert (reach[1] > 1.4 * reach[0]) == (n[1] == 200)  # the small arm may have missed big values
    assert (reach[0] > 1.4 * reach[1]) == (n[0] == 200)
    side = row["p"] / 2
    assert min(row["chance"], 1 - row["chance"]) == pytest.approx(side, abs=1e-6)
    for lang, word in (("en", "lean to one side"), ("zh", "偏向一侧")):
        assert any(word in say(note, lang) for note in found.notes)


def test_a_metric_that_few_units_carry_costs_itself_only():
    n = (1800, 200)
    rng = np.random.default_rng(2)
    y = (rng.random(2000) < 0.02) * rng.lognormal(0, 1.5, 2000)
    found = read(y, n)
    row = found.table.iloc[0]
    assert (found.decision, found.reason) == ("continue", "unread")
    assert np.isfinite(row["effect"])
    assert np.isnan([row["p"], row["low"], row["high"], row["chance"]]).all()
    wanted = found.checks.set_index("check").loc["unread_skewed", "value"]
    assert wanted > 200
    said = [say(m, lang) for lang in ("en", "zh") for m in found.card]
    assert any("cannot be judged" in text for text in said)
    assert any("无法判断" in text for text in said)
    assert not any("nan" in text.lower() for text in said)
    found.chart().to_json()
    whole = read(y + rng.normal(0, 1, 2000), n, "y", Outcome("capped", "y", cap=0.98))
    assert np.isfinite(whole.table["p"]).all()


def test_even_arms_and_plain_metrics_ask_nothing_more():
    n = (1000, 1000)
    found = read(lucky(n), n)
    assert not any(note.key.endswith("uneven") for note in found.notes)


def test_clusters_ratios_and_strata_lean_too():
    n = (1800, 200)
    for metric, design in (
        (Outcome("r", "y", per="one"), {}), ("y", {"cluster": "shop"}), ("y", {"strata": "one"}),
    ):  # fmt: skip
        row = read(lucky(n), n, metric, **design).table.iloc[0]
        assert row["high"] - row["effect"] > 1.2 * (row["effect"] - row["low"])


ENDS = ["effect", "low", "high", "p"]


def parted(n=(5400, 600), seed=4):
    """Units of two places, assigned over three days."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"variant": np.repeat(["A", "B"], n), "y": rng.lognormal(0, 1.3, sum(n))})
    rows["place"] = rng.choice(["n", "s"], len(rows))
    rows["at"] = pd.Timestamp("2026-03-02") + pd.to_timedelta(rng.integers(0, 3, len(rows)), "D")
    return rows


def whole(rows, **asked):
    split = {"A": 0.9, "B": 0.1}
    units = Units(rows, time="at")
    return experiment(units, metrics=["y"], control="A", design=Design(split=split), **asked)


def test_a_segment_is_read_as_the_same_units_alone(tmp_path):
    rows = parted()
    found = whole(rows, by=["place"])
    found.moments.write(tmp_path / "moments.parquet")
    stored = read_moments(tmp_path / "moments.parquet")
    for moments in (found.moments, stored):
        table = subgroups(moments, "y", by="place", control="A", treatment="B").table
        for place, row in table.set_index("value").iterrows():
            alone = whole(rows[rows["place"] == place]).table.iloc[0]
            assert row["high"] - row["effect"] > 1.2 * (row["effect"] - row["low"])
            assert row[ENDS].tolist() == pytest.approx(alone[ENDS].tolist(), rel=0.02)


def test_a_day_of_the_course_is_read_as_the_test_that_ended_on_it():
    rows = parted()
    table = cumulative_effect(whole(rows).moments, "y", control="A", treatment="B").table
    for day, row in table.set_index("day").iterrows():
        so_far, only = (whole(rows[kept]).table.iloc[0] for kept in (
            rows["at"] <= day, rows["at"] == day,
        ))  # fmt: skip
        assert row[ENDS[:3]].tolist() == pytest.approx(
            so_far[ENDS[:3]].tolist(), rel=0.02, abs=0.01
        )
        found = row[["day_effect", "day_low", "day_high"]].tolist()
        assert found == pytest.approx(only[ENDS[:3]].tolist(), rel=0.02, abs=0.01)
    last = table.iloc[-1]
    assert last["wide_low"] < last["low"]
    assert last["wide_high"] > last["high"]
    assert last["wide_high"] - last["effect"] > 1.2 * (last["effect"] - last["wide_low"])


def test_a_part_that_a_few_units_carry_has_no_interval():
    rows = parted()
    rng = np.random.default_rng(3)
    small = rows["place"] == "s"
    rows.loc[small, "y"] = (rng.random(small.sum()) < 0.01) * rng.lognormal(0, 1.5, small.sum())
    found = subgroups(
        whole(rows, by=["place"]).moments, "y", by="place", control="A", treatment="B"
    )
    table = found.table.set_index("value")
    assert np.isfinite(table.loc["n", ENDS].astype(float)).all()
    assert np.isfinite(table.loc["s", "effect"])
    assert table.loc["s", ["low", "high", "p", "q"]].isna().all()
    for lang in ("en", "zh"):
        assert "nan" not in found.summary(lang).lower()
        found.chart(lang).to_json()


def test_a_course_that_few_units_carry_says_no_interval():
    rows = parted((900, 100))
    rng = np.random.default_rng(3)
    rows["y"] = (rng.random(1000) < 0.02) * rng.lognormal(0, 1.5, 1000)
    found = cumulative_effect(whole(rows).moments, "y", control="A", treatment="B")
    assert found.table[["low", "high", "wide_low", "wide_high"]].isna().all(axis=None)
    for lang in ("en", "zh"):
        assert "nan" not in say(found.headline, lang).lower()
        found.chart(lang).to_json()


def test_a_covariate_that_moved_adjusts_no_segment_either():
    rng = np.random.default_rng(5)
    rows = parted((1500, 1500))
    rows["before"] = rows["y"] + rng.normal(0, 0.1, len(rows)) + (rows["variant"] == "B")
    asked = {"metrics": [Outcome("y", covariates=("before",))], "control": "A"}
    found = experiment(Units(rows), by=["place"], **asked)
    assert any(note.key.endswith("unadjusted") for note in found.notes)
    table = subgroups(found.moments, "y", by="place", control="A", treatment="B").table
    means = rows.groupby(["place", "variant"])["y"].mean()
    for place, row in table.set_index("value").iterrows():
        assert row["effect"] == pytest.approx(means[place, "B"] - means[place, "A"])


def test_a_rereading_is_the_test_that_was_asked_then():
    rng = np.random.default_rng(6)
    n, start = 3000, pd.Timestamp("2026-03-02")
    who = pd.DataFrame({"user": range(n), "experiment": "t"})
    who["variant"] = np.where(rng.random(n) < 0.9, "A", "B")
    who["time"] = start + pd.to_timedelta(rng.integers(0, 6, n), "D")
    log = who[["user", "time"]].assign(event="pay", amount=rng.lognormal(0, 1.3, n))
    log["time"] += pd.Timedelta("2h")
    tables = Assignments(who), EventLog(log)
    split, last = {"A": 0.9, "B": 0.1}, date(2026, 3, 7)
    outcome = Outcome("amount", "sum(amount)")
    told = Decision("t", split, start.date(), 6, last)
    reread = reanalysis(*tables, decision=told, outcome=outcome, control="A")
    design = Design(name="t", split=split, start=start.date(), until=last, seen_until=last)
    row = experiment(*tables, metrics=[outcome], control="A", design=design).table.iloc[0]
    assert row["high"] - row["effect"] > 1.2 * (row["effect"] - row["low"])
    assert reread.p_effect == pytest.approx(row["p"])
    ends = [reread.effect.value, reread.effect.low, reread.effect.high]
    assert ends == pytest.approx(row[ENDS[:3]].tolist())
    decided = reread.curve[reread.curve["decided"]].iloc[0]
    assert decided[ENDS].astype(float).tolist() == pytest.approx([*ends, row["p"]])
