"""A KPI that jumps in one place while nothing downstream of it moves."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.relation.hollow_growth import hollow_growth
from kpilab.core.values import EVERYWHERE, Period, Where
from kpilab.errors import BadInput
from kpilab.show import say

BASE = Period(date(2025, 3, 3), date(2025, 3, 30))
NOW = Period(date(2025, 3, 31), date(2025, 4, 27))
DAYS = pd.date_range(BASE.first, NOW.last)


def world(seed=1, hollow=None, real=None, everywhere=1.0, noise=0.0, rollout=False):
    """Long daily counts of two dimensions; `hollow` multiplies sign-ups alone,
    `real` the visits as well."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in DAYS:
        now = day.date() >= NOW.first
        wave = (1.3 if day.dayofweek < 5 else 0.8) * np.exp(rng.normal(0, noise))
        for channel in ("ads", "store", "referral"):
            for version in ("v1", "v2"):
                share = (
                    (
                        (0.1 if version == "v1" else 0.9)
                        if now
                        else (0.99 if version == "v1" else 0.01)
                    )
                    if rollout
                    else 0.5
                )
                lift = everywhere if now else 1.0
                visits = rng.poisson(
                    60 * share * wave * (real if real and now and channel == "referral" else 1)
                )
                factor = (hollow if hollow and now and channel == "referral" else 1) * lift
                rows.append(
                    (
                        day,
                        channel,
                        version,
                        visits,
                        rng.poisson(
                            8
                            * share
                            * factor
                            * wave
                            * (real if real and now and channel == "referral" else 1)
                        ),
                        rng.binomial(visits, 0.4),
                    )
                )
    wide = pd.DataFrame(rows, columns=["day", "channel", "version", "visits", "signups", "orders"])
    parts = [
        wide.groupby(["day", d])[["visits", "signups", "orders"]]
        .sum()
        .reset_index()
        .rename(columns={d: "value"})
        .assign(dimension=d)
        for d in ("channel", "version")
    ]
    return pd.concat(parts, ignore_index=True)


def ask(frame):
    return hollow_growth(
        frame, kpi="signups", downstream=["visits", "orders"], baseline=BASE, current=NOW
    )


def test_the_hollow_jump_is_found_in_its_segment():
    result = ask(world(hollow=2.5))
    assert result.where == Where({"channel": "referral"})
    assert result.change.low < 1.5 < result.change.high
    assert result.total.value == pytest.approx(0.5, abs=0.15)
    assert (result.downstream["p"] < 0.01).all()


def test_a_jump_that_downstream_follows_is_not_hollow():
    result = ask(world(real=2.5))
    assert result.where is None
    assert result.rose
    assert result.headline.key == "surge.followed"


def test_a_jump_in_every_segment_is_everywhere():
    assert ask(world(everywhere=2.0)).where == EVERYWHERE


def test_a_roll_out_is_no_jump_and_hides_none():
    assert ask(world(rollout=True)).where is None
    assert ask(world(rollout=True, hollow=2.5)).where == Where({"channel": "referral"})


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_silence_where_nothing_was_planted(noise):
    found = [ask(world(seed, noise=noise)).where for seed in range(100)]
    assert sum(w is not None for w in found) <= 11  # nominal 5 %, three standard errors


def test_order_of_rows_and_missing_zero_rows_change_nothing():
    frame = world(hollow=2.0)
    shuffled = frame[frame["signups"] + frame["visits"] > 0].sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(ask(frame).table, ask(shuffled).table)


def test_faults_are_named():
    with pytest.raises(BadInput, match="no column named 'signup'"):
        hollow_growth(world(), kpi="signup", downstream=["visits"], baseline=BASE, current=NOW)
    with pytest.raises(BadInput, match="no downstream"):
        hollow_growth(world(), kpi="signups", downstream=[], baseline=BASE, current=NOW)
    with pytest.raises(BadInput, match="has 3 days"):
        hollow_growth(
            world(),
            kpi="signups",
            downstream=["visits"],
            baseline=BASE,
            current=Period(NOW.first, date(2025, 4, 2)),
        )


def test_it_says_so():
    assert "referral" in say(ask(world(hollow=2.5)).headline, "en")
    assert "猛增" in say(ask(world(hollow=2.5)).headline, "zh")


@pytest.mark.parametrize(
    "as_",
    [
        lambda d: d.dt.date,
        lambda d: d.dt.tz_localize("Asia/Shanghai"),
        lambda d: d.dt.strftime("%Y-%m-%d"),
    ],
)
def test_types_of_days_do_not_matter(as_):
    counts = world(hollow=4.0)
    other = counts.assign(day=as_(counts["day"]))
    kinds = {"kpi": "signups", "downstream": ["visits"], "baseline": BASE, "current": NOW}
    assert hollow_growth(other, **kinds).table.equals(hollow_growth(counts, **kinds).table)


def test_a_missing_count_is_a_day_left_out_not_a_day_of_zero():
    counts = world()
    kinds = {"kpi": "signups", "downstream": ["visits"], "baseline": BASE, "current": NOW}
    holed = counts.assign(signups=counts["signups"].where(counts["day"] != DAYS[40]).astype(float))
    result = hollow_growth(holed, **kinds)
    assert result.notes[0].values["days"] == 1
    assert (
        hollow_growth(counts[counts["day"] != DAYS[40]], **kinds).table["now"].iat[-1]
        < result.table["now"].iat[-1]
    )
    with pytest.raises(BadInput, match="below zero"):
        hollow_growth(counts.assign(signups=-counts["signups"]), **kinds)
    with pytest.raises(BadInput, match="missing on 28 of 28 days"):
        hollow_growth(
            counts.assign(signups=counts["signups"].where(counts["day"] < "2025-03-31")), **kinds
        )
