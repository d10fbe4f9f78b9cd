"""How a driver fell: in one place, behind the mix, everywhere; each threshold from both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from kpilab.core.values import EVERYWHERE, Where
from kpilab.engine.column import SIDES
from kpilab.verdict.evidence import Fall, Move
from kpilab.verdict.falls import _since, described
from tests.verdict.given import CURRENT, NORTH, at_constant_mix, finding, row, split, spread

FELL = row("rate", 0.1, 0.08, contribution=-20.0, p=1e-4)
STEADY = row("rate", 0.1, 0.1001, contribution=0.1, p=0.9)


def shares(*after: float) -> pd.DataFrame:
    """Three channels of 1,000 visits each in the baseline."""
    rows = [("app", 300.0, 1000.0, 0.0, after[0]), ("web", 100.0, 1000.0, 0.0, after[1])]
    return pd.DataFrame([*rows, ("shop", 50.0, 1000.0, 0.0, after[2])], columns=["channel", *SIDES])


def fallen(
    driver: Mapping[str, Any],
    mix: Sequence[Mapping[str, Any]] = (),
    searched=None,
    after=(1000, 1000, 1000),
):
    move = Move("rate", finding("root_cause.2"), searched)
    return described(move, split([driver], mix), lambda _: shares(*after))


def test_a_place_that_carries_the_fall_is_named():
    fall = fallen(FELL, searched=spread([{"amount": -20.0}], amount=-20.0))
    assert isinstance(fall, Fall)
    assert (fall.pattern, fall.where, fall.finding) == ("place", NORTH, "root_cause.2")
    assert fall.change.value == pytest.approx(-0.2)  # of the whole driver
    assert (fall.change.low, fall.change.high) == pytest.approx((-0.25, -0.15))


@pytest.mark.parametrize(("carried", "placed"), [(-801.0, True), (-790.0, False)])
def test_the_place_carries_at_least_four_fifths(carried, placed):
    found = fallen(FELL, searched=spread([{"amount": carried}], amount=-1000.0, expected=5000.0))
    assert found is not None
    assert (found.pattern == "place") == placed


def test_what_is_left_within_its_noise_does_not_speak_against_the_place():
    # Noise of 100 expected is 20: 15 of 40 lie elsewhere, more than a fifth, yet no more than
    # noise.
    found = fallen(FELL, searched=spread([{"amount": -40.0}], amount=-55.0))
    assert found is not None
    assert found.pattern == "place"
    much = fallen(FELL, searched=spread([{"amount": -20.0}], amount=-31.0))
    assert much is not None
    assert much.pattern == "everywhere"  # more than half as much again fell beside it


@pytest.mark.parametrize(
    "no_place",
    [{"p": 0.011}, {"share": 0.71}, {"change": 0.2}, {"where": EVERYWHERE}],
    ids=["may be noise", "nearly all rows", "rose", "nowhere"],
)
def test_what_is_no_place(no_place):
    found = fallen(FELL, searched=spread([{"amount": -20.0} | no_place], amount=-20.0))
    assert found is not None
    assert found.pattern == "everywhere"


def test_every_segment_fell_behind_a_shift_to_better_ones():
    mix = [at_constant_mix("channel", -0.15, p=1e-6), at_constant_mix("region", 0.0, p=0.9)]
    found = fallen(STEADY, mix, after=(1500, 800, 700))
    assert found is not None
    assert (found.pattern, found.where, found.dimension) == (
        "mix",
        Where({"channel": ("app",)}),
        "channel",
    )
    assert found.p == pytest.approx(1e-6 * 2 / 2)  # two dimensions looked at, one direction
    assert found.change.value == -0.15


@pytest.mark.parametrize(
    ("mix", "after"),
    [
        (at_constant_mix("channel", -0.15, falling=0.79), (1500, 800, 700)),
        (at_constant_mix("channel", 0.15), (1500, 800, 700)),
        (at_constant_mix("channel", -0.15), (1005, 1000, 995)),
    ],
    ids=["not nearly all fell", "they rose", "the shares did not move"],
)
def test_what_is_no_fall_behind_the_mix(mix, after):
    assert fallen(STEADY, [mix], after=after) is None


@pytest.mark.parametrize(("total", "hidden"), [(-0.10, True), (-0.11, False)])
def test_the_total_must_look_better_than_its_segments_by_a_third_of_their_fall(total, hidden):
    mix = [at_constant_mix("channel", -0.15)]
    driver = row("rate", 0.1, 0.1 * (1 + total), contribution=-1.0)
    found = fallen(driver, mix, after=(1500, 800, 700))
    assert found is not None
    assert (found.pattern == "mix") == hidden


def test_a_dimension_whose_values_were_replaced_tells_nothing_of_the_mix():
    mix = [at_constant_mix("channel", -0.15)]
    replaced = spread([], amount=0.0, replaced=["channel"])
    assert fallen(STEADY, mix, replaced, after=(1500, 800, 700)) is None


def test_a_fall_at_constant_mix_whichever_way_it_is_cut_is_everywhere():
    mix = [at_constant_mix("channel", -0.2, p=1e-3), at_constant_mix("region", -0.19, p=1e-6)]
    found = fallen(FELL, mix)
    assert found is not None
    assert (found.pattern, found.where) == ("everywhere", EVERYWHERE)
    assert found.p == 1e-3 / 2  # the weakest of all cuts, one direction
    assert found.change.value == FELL["change"]


@pytest.mark.parametrize(
    "mix",
    [
        [at_constant_mix("channel", 0.01), at_constant_mix("region", -0.2)],
        [at_constant_mix("channel", -0.2, falling=0.7)],
    ],
    ids=["one cut rose", "much of the weight did not fall"],
)
def test_what_is_not_everywhere(mix):
    assert fallen(FELL, mix) is None


def test_a_driver_that_rose_did_not_fall():
    assert fallen(row("rate", 0.1, 0.12, contribution=20.0)) is None


@pytest.mark.parametrize(
    ("start", "low", "high", "since"),
    [
        (date(2025, 4, 2), date(2025, 3, 30), date(2025, 4, 5), date(2025, 4, 2)),
        (date(2025, 3, 17), date(2025, 3, 15), date(2025, 3, 20), date(2025, 3, 17)),
        (date(2025, 3, 16), date(2025, 3, 15), date(2025, 3, 20), None),
        (date(2025, 4, 2), date(2025, 3, 26), date(2025, 4, 10), None),
        (None, None, None, None),
    ],
    ids=["told", "two weeks before", "too long before", "within more than two weeks", "not told"],
)
def test_a_start_is_said_where_the_days_tell_it(start, low, high, since):
    dated: Any = SimpleNamespace(start=start, low=low, high=high)
    assert _since(CURRENT, Move("rate", finding(), dating=dated)) == since
    assert _since(CURRENT, Move("rate", finding())) is None
