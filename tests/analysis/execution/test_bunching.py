"""Bunching, heaping and timing: found when planted, silent when not."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.execution.bunching import bunching
from kpilab.analysis.execution.heaping import heaping
from kpilab.analysis.execution.timing import timing
from kpilab.core.table import Executions
from kpilab.core.values import Period
from kpilab.errors import BadInput

FIRST = dt.date(2025, 3, 1)
PERIOD = Period(FIRST, FIRST + dt.timedelta(days=60))


def records(quantities: np.ndarray, **columns) -> Executions:
    days = [FIRST + dt.timedelta(days=k % 61) for k in range(len(quantities))]
    frame = pd.DataFrame(
        {"date": days, "actor": "a", "action": "visit", "quantity": quantities} | columns
    )
    return Executions(
        frame,
        target="target" if "target" in columns else None,
        recorded="recorded" if "recorded" in columns else None,
    )


def test_claims_topped_up_to_the_target_are_found():
    rng = np.random.default_rng(1)
    claims = rng.poisson(16, 800)
    padded = np.where((claims >= 15) & (claims < 18) & (rng.random(800) < 0.25), 18, claims)
    row = bunching(records(padded, target=18), period=PERIOD).table.iloc[0]
    assert row["bunched"]
    assert row["at"] == 18
    assert row["low"] < (padded == 18).sum() - (claims == 18).sum() < row["high"]
    assert not bunching(records(claims, target=18), period=PERIOD).table["bunched"].any()


def test_ratios_are_measured_in_multiples_of_their_target():
    rng = np.random.default_rng(2)
    target = rng.choice([80.0, 120.0], 1500)
    reached = rng.normal(0.97, 0.12, 1500)
    reached[(reached > 0.93) & (reached < 1) & (rng.random(1500) < 0.3)] = 1.004
    assert bunching(records(reached * target, target=target), period=PERIOD).table[
        "bunched"
    ].tolist() == [True]


def test_rounded_figures_and_repeats():
    rng = np.random.default_rng(3)
    honest = rng.poisson(40, 900)
    rounded = np.where(rng.random(900) < 0.3, np.round(honest / 5) * 5, honest)
    assert heaping(records(rounded), period=PERIOD).table.set_index("check")["stands_out"][
        "multiples_5"
    ]
    assert not heaping(records(honest), period=PERIOD).table["stands_out"].any()
    twice = heaping(records(np.r_[honest[:61], honest[:61]]), period=PERIOD)
    assert twice.repeats["times"].tolist() == [2] * 61


def test_benford_says_where_it_is_not_applicable():
    narrow = heaping(records(np.random.default_rng(4).poisson(40, 900)), period=PERIOD)
    assert [n.key for n in narrow.notes] == ["heaping.no_benford"]
    wide = np.exp(np.random.default_rng(5).uniform(0, np.log(1e5), 3000))
    table = heaping(records(wide), period=PERIOD).table.set_index("check")
    assert not table["stands_out"]["digits"]


def test_a_rush_on_the_last_days_and_late_entry():
    rng = np.random.default_rng(6)
    days = pd.Series([FIRST + dt.timedelta(days=k) for k in range(61)])
    last = pd.to_datetime(days).dt.days_in_month - pd.to_datetime(days).dt.day < 3
    late = np.arange(61) % 4 == 0
    recorded = pd.to_datetime(days) + pd.to_timedelta(np.where(late, 5, 0), unit="D")
    busy = timing(records(rng.poisson(np.where(last, 300, 150)), recorded=recorded), period=PERIOD)
    assert busy.headline.key == "timing.rush"
    assert busy.ending.low < 2 < busy.ending.high
    assert busy.table["late"].tolist() == [late.sum()]
    assert timing(records(rng.poisson(150, 61)), period=PERIOD).headline.key == "timing.even"


def test_bad_input():
    with pytest.raises(BadInput, match="no target and no tiers"):
        bunching(records(np.arange(9)), period=PERIOD)
    with pytest.raises(BadInput, match="10 days"):
        timing(records(np.arange(9)), period=Period(FIRST, FIRST + dt.timedelta(days=9)))


@pytest.mark.few(1)
@pytest.mark.parametrize("sizes", [(20, 25), (17, 18, 19, 20, 21, 22, 23), (8, 20, 60)])
def test_honest_whole_claims_against_targets_of_several_sizes_are_not_bunched(sizes):
    flagged = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        target = rng.choice(sizes, 400)
        claims = rng.poisson(target if 60 in sizes else 20, 400)
        flagged += bunching(records(claims, target=target), period=PERIOD).table["bunched"].any()
    assert flagged <= 2


def test_padding_is_found_whatever_the_sizes_of_the_targets():
    rng = np.random.default_rng(2)
    target = rng.choice([20, 25, 40], 800)
    claims = rng.poisson(0.95 * target)
    padded = np.where(
        (claims < target) & (claims > 0.8 * target) & (rng.random(800) < 0.2), target, claims
    )
    assert bunching(records(padded, target=target), period=PERIOD).table["bunched"].all()


def test_claims_rounded_everywhere_are_not_bunched_at_a_round_target():
    rng = np.random.default_rng(5)
    claims = rng.poisson(45, 900)
    rounded = np.where(rng.random(900) < 0.3, np.round(claims / 5) * 5, claims)
    assert not bunching(records(rounded, target=50), period=PERIOD).table["bunched"].any()


def test_everybody_exactly_at_target_does_not_run_smoothly():
    every = bunching(records(np.full(560, 20), target=20), period=PERIOD)
    assert every.headline.key == "bunching.bunched"
    assert every.table["excess"].tolist() == [560]
    few = bunching(records(np.full(12, 20), target=20), period=PERIOD)
    assert few.headline.key == "bunching.untested"
    assert [n.key for n in heaping(records(np.full(560, 20)), period=PERIOD).notes] == [
        "heaping.no_benford", "heaping.constant",
    ]  # fmt: skip


def test_the_crest_of_a_distribution_is_no_rounding():
    honest = np.random.default_rng(1).poisson(10.4, 20_000)
    assert not heaping(records(honest), period=PERIOD).table["stands_out"].any()
