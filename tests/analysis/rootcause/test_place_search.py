"""Which place moved on its own, and what else moved there."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.rootcause.place_moves import place_moves
from kpilab.analysis.rootcause.place_search import place_search
from kpilab.core.table import Facts
from kpilab.core.values import Period
from kpilab.questions.drivers import Driver

BASE = Period(date(2026, 1, 5), date(2026, 3, 1))
NOW = Period(date(2026, 3, 2), date(2026, 4, 26))
REGIONS, ITEMS, WAYS = ("east", "north", "south"), ("book", "game", "lamp", "toy"), ("app", "web")
LINES = Driver("lines", "t", "count(*)", "sum(amount)")
EACH = Driver("amount_per_line", "t", "sum(amount)", "sum(amount)", "count(*)", 1.0)


def shop(seed: int = 0, **kept: float) -> pd.DataFrame:
    """Order lines of 600 customers over 30 weeks; `kept` says which part of the current lines of a
    place ("north", "north_toy", "north_toy_app") is left."""
    rng = np.random.default_rng(seed)
    n = 16_000
    who = rng.integers(0, 600, n)
    frame = pd.DataFrame(
        {
            "day": rng.choice(pd.date_range("2025-09-29", "2026-04-26"), n),
            "who": who,
            "region": np.array(REGIONS)[who % 3],
            "item": rng.choice(ITEMS, n, p=[0.4, 0.3, 0.2, 0.1]),
            "way": rng.choice(WAYS, n),
            "amount": rng.gamma(4, 5, n),
        }
    )
    late = frame["day"] >= pd.Timestamp(NOW.first)
    for place, part in kept.items():
        inside = late.copy()
        for value in place.split("_"):
            inside &= frame.isin([value]).any(axis=1)
        frame = frame[~(inside & (rng.random(n)[: len(frame)] > part))]
        late = frame["day"] >= pd.Timestamp(NOW.first)
    return frame


def search(frame: pd.DataFrame, *drivers: Driver):
    table = Facts(frame, time="day", dimensions=("region", "item", "way"), name="t")
    return place_search(table, drivers or (LINES, EACH), baseline=BASE, current=NOW, customer="who")


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("kept", "where"),
    [
        ({"north": 0.6}, {"region": ("north",)}),
        ({"north_book": 0.3}, {"region": ("north",), "item": ("book",)}),
        (
            {"north_book_app": 0.05},
            {"region": ("north",), "item": ("book",), "way": ("app",)},
        ),
        ({"lamp": 0.5, "toy": 0.5}, {"item": ("lamp", "toy")}),
    ],
)
def test_a_place_of_any_depth_is_found_and_sized(kept, where):
    frame = shop(1, **kept)
    found = search(frame).found
    assert [dict(f.where.values) for f in found] == [where]
    assert found[0].driver == LINES
    whole = shop(1)
    current = [f[f["day"] >= pd.Timestamp(NOW.first)]["amount"].sum() for f in (frame, whole)]
    low, high = found[0].effect.low, found[0].effect.high
    assert low is not None
    assert high is not None
    assert low < current[0] - current[1] < high < 0


def test_a_rise_is_found_as_a_fall_is():
    frame = shop(2)
    more = frame[(frame["day"] >= pd.Timestamp(NOW.first)) & (frame["item"] == "game")]
    found = search(pd.concat([frame, more.iloc[::2]])).found
    assert [dict(f.where.values) for f in found] == [{"item": ("game",)}]
    assert found[0].effect.value > 0


def test_the_value_of_a_line_is_told_from_their_number():
    frame = shop(3)
    inside = (frame["day"] >= pd.Timestamp(NOW.first)) & (frame["item"] == "book")
    frame.loc[inside, "amount"] *= 0.7
    found = search(frame).found
    assert [(f.driver, dict(f.where.values)) for f in found] == [(EACH, {"item": ("book",)})]
    assert found[0].change == pytest.approx(-0.3, abs=0.05)


def test_two_places_are_two():
    found = search(shop(4, north_book=0.3, south_game=0.3)).found
    assert {tuple(sorted(v[0] for v in f.where.values.values())) for f in found} == {
        ("book", "north"),
        ("game", "south"),
    }


@pytest.mark.few(1)
@pytest.mark.parametrize("seed", range(4))
def test_each_of_two_places_is_sized_with_all_its_rows_and_beside_the_other(seed):
    """The north's lamps are lost to both; the one found last is not only what lies outside the
    first, and the first does not count as its own what the last one lost in it."""
    rng = np.random.default_rng(100 + seed)
    whole = shop(seed)
    late = (whole["day"] >= pd.Timestamp(NOW.first)).to_numpy()
    north, lamp = (
        late & whole[d].eq(v).to_numpy() & (rng.random(len(whole)) > 0.5)
        for d, v in (("region", "north"), ("item", "lamp"))
    )
    found = {next(iter(f.where.values)): f for f in search(whole[~north & ~lamp]).found}
    assert set(found) == {"region", "item"}
    for dimension, gone, other in (("region", north, lamp), ("item", lamp, north)):
        true, told = -whole["amount"][gone & ~other].sum(), found[dimension].effect
        assert told.low < true < told.high
        assert told.value == pytest.approx(true, rel=0.25)


@pytest.mark.few(1)
@pytest.mark.parametrize("everything", [1.0, 0.5])
def test_what_all_places_share_is_no_place(everything):
    quiet = [
        search(shop(10 + k, east=everything, north=everything, south=everything)).found
        for k in range(12)
    ]
    assert [f for found in quiet for f in found] == []


def test_a_dimension_without_values_and_odd_values_are_places():
    frame = shop(5, north=0.5)
    frame["region"] = frame["region"].where(frame["region"] != "north")
    assert [dict(f.where.values) for f in search(frame).found] == [{"region": ("(missing)",)}]


def test_one_large_place_of_two_is_told_from_the_small_one():
    frame = shop(6)
    frame["way"] = np.where(np.random.default_rng(0).random(len(frame)) < 0.8, "app", "web")
    late = frame["day"] >= pd.Timestamp(NOW.first)
    gone = late & (frame["way"] == "app") & (np.random.default_rng(1).random(len(frame)) > 0.4)
    found = search(frame[~gone]).found
    assert [dict(f.where.values) for f in found] == [{"way": ("app",)}]
    assert found[0].effect.value < 0


def test_what_else_moved_in_a_place():
    frame = shop(7)
    waited = np.random.default_rng(2).poisson(3, len(frame)).astype(float)
    late = (frame["day"] >= pd.Timestamp(NOW.first)) & (frame["region"] == "north")
    table = Facts(
        frame.assign(waited=waited + np.where(late, 3, 0)),
        time="day",
        dimensions=("region", "item"),
        name="t",
    )
    wait = Driver("wait", "t", "sum(waited)", "sum(waited)", "count(*)", 1.0)
    where = search(shop(7, north=0.5)).found[0].where
    moved = place_moves(table, [wait, EACH], where, baseline=BASE, current=NOW, customer="who")
    assert moved[0].p < 1e-6
    assert (moved[0].before, moved[0].after) == pytest.approx((3.0, 6.0), abs=0.3)
    assert moved[1].p > 0.001


def test_a_table_without_the_place_says_nothing():
    table = Facts(shop(8), time="day", dimensions=("way",), name="t")
    where = search(shop(7, north=0.5)).found[0].where
    assert place_moves(table, [LINES], where, baseline=BASE, current=NOW) == ()


def test_a_version_that_was_rolled_out_is_no_place_and_that_is_said():
    frame = shop(9)
    late = frame["day"] >= pd.Timestamp(NOW.first)
    found = search(frame.assign(way=np.where(late, "v2", "v1")))
    assert found.found == ()
    assert found.replaced == ("way",)
    assert [n.key for n in found.notes] == ["place_search.replaced"]
