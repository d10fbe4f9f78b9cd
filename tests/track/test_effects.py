"""An action is believed when what it should move moved more than the rest did."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from kpilab.core.values import Where
from kpilab.show.say import sentence
from kpilab.stats.core.contrast import beside
from kpilab.stats.core.level import Window
from kpilab.track.effects import effects
from kpilab.track.records import Aim
from tests.track.conftest import daily

START = date(2026, 3, 30)
APP = Where({"platform": "app"})


def act(store, on=START, **fields):
    action = store.add_action(
        "loop", "simplify the form", owner="Ann", aim=Aim(**({"metric": "orders"} | fields))
    )
    if on:
        store.finish(action, on)


def answer(store, case):
    return effects(store, case).table.iloc[0].to_dict()


def test_a_lift_where_the_action_was_worked(store, make):
    act(store, where=APP, expected=0.1)
    row = answer(store, make(daily(1.1)))
    assert (row["answer"], row["beside"]) == ("worked", "segments")
    assert row["low"] < 0.1 < row["high"]


def test_no_lift_is_no_effect_when_the_expected_one_would_have_been_seen(store, make):
    act(store, where=APP, expected=0.1)
    assert answer(store, make(daily(1.0)))["answer"] == "none"


def test_no_lift_cannot_be_told_when_the_noise_is_larger_than_what_was_expected(store, make):
    act(store, where=APP, expected=0.02)
    row = answer(store, make(daily(1.0, noise=0.3)))
    assert row["answer"] == "unclear"
    assert row["detectable"] > 0.02


def test_a_fall_is_worse_and_a_fall_of_what_should_fall_worked(store, make):
    act(store, where=APP)
    act(store, metric="refunds", where=APP, expected=-0.2)
    frame = daily(0.8)
    late = (frame["date"] >= START) & (frame["platform"] == "app")
    frame.loc[late, "refunds"] = (frame.loc[late, "refunds"] * 0.7).round()
    assert effects(store, make(frame)).table["answer"].tolist() == ["worse", "worked"]


def test_without_a_segment_it_is_compared_with_its_own_past_only(store, make):
    act(store, metric="rate", expected=0.05)
    row = answer(store, make(daily(1.2)))
    assert (row["answer"], row["beside"]) == ("worked", "before")
    assert row["effect"] == pytest.approx(0.1, abs=0.02)


def test_one_that_is_open_or_too_young_is_not_tested(store, make):
    act(store, on=None)
    act(store, on=date(2026, 4, 22))
    result = effects(store, make())
    assert result.table["answer"].tolist() == ["open", "unclear"]
    assert sentence(result.table["why"].iloc[1]) == "needs a whole week of data before and after"
    assert "1 still open" in sentence(result.headline)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"metric": None}, "no metric was named"),
        ({"metric": "odrers"}, "no metric named 'odrers'"),
        ({"where": Where({"country": "CN"})}, "no column named 'country'"),
        ({"experiment": "exp_9"}, "no experiment named 'exp_9'"),
    ],
)
def test_what_cannot_be_tested_says_why_and_stops_nothing(store, make, fields, why):
    act(store, **fields)
    act(store, where=APP, expected=0.1)
    table = effects(store, make(daily(1.1))).table
    assert why in sentence(table["why"].iloc[0])
    assert table["answer"].tolist() == ["unclear", "worked"]


def test_a_case_without_actions_has_none(store, make):
    result = effects(store, make())
    assert result.table.empty
    assert sentence(result.headline, "zh") == "该案例还没有登记任何行动。"


def days(num, den=None):
    num = np.asarray(num, float)
    return Window.of(num, np.ones(len(num)) if den is None else den, np.arange(len(num)) % 7)


def test_what_both_share_drops_out():
    rng = np.random.default_rng(3)
    shock = rng.lognormal(0, 0.4, 56)
    own, other = 100 * shock * rng.lognormal(0, 0.01, 56), 300 * shock * rng.lognormal(0, 0.01, 56)
    own[28:] *= 1.05
    found = beside(days(own[:28]), days(own[28:]), (days(other[:28]), days(other[28:])))
    alone = beside(days(own[:28]), days(own[28:]))
    assert found.low < 0.05 < found.high
    assert (found.high - found.low) * 5 < alone.high - alone.low


def test_days_without_anything_tell_nothing():
    assert np.isnan(beside(days([0, 0, 0]), days([1, 2, 3])).p)
    assert np.isnan(beside(days([5]), days([5])).p)
