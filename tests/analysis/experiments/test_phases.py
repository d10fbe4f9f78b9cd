"""Splits that differ by stratum or over time, and tests that switch back and forth."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.experiments.experiment import experiment
from kpilab.core.trial import Design, Units
from kpilab.errors import BadInput

SPLITS = {"one": {"A": 0.9, "B": 0.1}, "two": {"A": 0.5, "B": 0.5}}


def grown(lost=0):
    """A ramp-up: a tenth in the first week, half in the second, in which everybody buys more."""
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"week": np.repeat(["one", "two"], 2000)})
    rows["variant"] = np.where(rng.random(4000) < np.repeat([0.1, 0.5], 2000), "B", "A")
    rows["y"] = rng.normal(10, 1, 4000) + 3 * (rows["week"] == "two")
    gone = rows[(rows["variant"] == "B") & (rows["week"] == "two")].index[:lost]
    return rows.drop(gone)


def read(rows, **design):
    return experiment(Units(rows), metrics=["y"], control="A", design=Design(**design))


def test_each_phase_is_held_against_its_own_split():
    found = read(grown(), strata="week", phases=SPLITS)
    assert found.decision != "invalid"
    assert abs(found.table["effect"].iloc[0]) < 0.1
    # As one split the ramp-up looks like lost units, and the second week like an effect.
    naive = read(grown())
    assert naive.decision == "invalid"
    assert naive.table["effect"].iloc[0] > 0.5


def test_units_lost_in_a_phase_are_named():
    checks = read(grown(lost=250), strata="week", phases=SPLITS).checks.set_index("check")
    assert checks.loc["segment_ratio", "where"] == "week = two"
    assert checks.loc[["sample_ratio", "segment_ratio"], "trouble"].all()


def test_what_phases_need():
    with pytest.raises(BadInput, match="a split each"):
        Design(phases=SPLITS)
    with pytest.raises(BadInput, match="'two' leaves out variant"):
        read(grown(), strata="week", phases={"one": SPLITS["one"]})
    with pytest.raises(BadInput, match="empty share"):
        Design(strata="week", phases={"one": {"A": 1.0, "B": 0.0}})


def switched(effect=0.0, carried=0.0, seed=3):
    """Hours drawn to a variant in three cities; an hour has its weather, and what was on before
    works for ten minutes."""
    rng = np.random.default_rng(seed)
    slots = pd.DataFrame(
        {"city": np.repeat(["a", "b", "c"], 100), "hour": np.tile(np.arange(100), 3)}
    )
    slots["variant"] = rng.choice(["A", "B"], 300)
    slots["level"] = rng.normal(50, 5, 300) + effect * (slots["variant"] == "B")
    before = slots.groupby("city")["variant"].shift(fill_value="A")
    slots["before"] = (before == "B").astype(float) - (slots["variant"] == "B")
    rows = slots.loc[slots.index.repeat(12)].reset_index(drop=True)
    minute = np.tile(np.arange(12) * 5, 300)
    rows["at"] = pd.Timestamp("2026-01-05") + pd.to_timedelta(rows["hour"] * 60 + minute, "min")
    rows["y"] = rows["level"] + rng.normal(0, 1, 3600) + carried * rows["before"] * (minute < 10)
    return rows


def test_a_switchback_counts_slots_and_not_rows():
    design = {"slot": timedelta(hours=1), "cluster": "city"}
    rows = switched()
    found = experiment(Units(rows, time="at"), metrics=["y"], control="A", design=Design(**design))
    row = found.table.iloc[0]
    assert row["units_control"] + row["units_treatment"] == 300
    means = rows.groupby(["city", "hour", "variant"])["y"].mean().reset_index()
    a, b = (means.loc[means["variant"] == v, "y"] for v in "AB")
    assert row["effect"] == pytest.approx(b.mean() - a.mean())
    error = np.sqrt(a.var() / len(a) + b.var() / len(b))
    assert (row["high"] - row["low"]) / 2 == pytest.approx(1.97 * error, rel=0.01)


def test_a_washout_leaves_out_what_was_on_before():
    rows = Units(switched(effect=4, carried=20), time="at")
    slot = {"slot": timedelta(hours=1), "cluster": "city"}
    effects = [
        experiment(
            rows, metrics=["y"], control="A",
            design=Design(**slot, washout=washout),
        ).table["effect"].iloc[0]
        for washout in (None, "10m")
    ]  # fmt: skip
    assert effects[1] - effects[0] > 2
    assert effects[1] == pytest.approx(4, abs=1.5)


def test_what_a_switchback_needs():
    rows = switched()
    with pytest.raises(BadInput, match="have none"):
        experiment(Units(rows), metrics=["y"], control="A", design=Design(slot=timedelta(hours=1)))
    day = Design(slot=timedelta(days=1), cluster="city")
    with pytest.raises(BadInput, match="several values of 'variant'"):
        experiment(Units(rows, time="at"), metrics=["y"], control="A", design=day)
    with pytest.raises(BadInput, match="leaves nothing of a slot"):
        Design(washout=timedelta(minutes=5))
