"""Localisation of incidents in rates: places are told as a whole, and only what carries much."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.rootcause.localise import Search, localise
from kpilab.errors import BadInput

NAMES = ["route", "rate", "device"]


def views(seed=0, size=2000.0, shape=(4, 5, 3), rate=0.02):
    """Views and stalls of two periods, four times as long the first one."""
    rng = np.random.default_rng(seed)
    codes = np.indices(shape).reshape(3, -1)
    frame = pd.DataFrame(
        {d: [f"{d[0]}{v}" for v in code] for d, code in zip(NAMES, codes, strict=True)}
    )
    volume = size * rng.lognormal(0, 0.7, len(frame))
    frame["all0"], frame["all1"] = rng.poisson(4 * volume), rng.poisson(volume)
    return frame.assign(stalled0=rng.binomial(frame["all0"], rate)), np.full(len(frame), rate), rng


def places(frame, rates, rng, **more):
    frame = frame.assign(stalled1=rng.binomial(frame["all1"], rates))
    result = localise(
        frame,
        dimensions=NAMES,
        measure=("stalled1", "all1"),
        expected=("stalled0", "all0"),
        **more,
    )
    return {frozenset(p.plain().items()) for p in result.places}, result


def inside(frame, **where):
    return np.all([frame[d] == v for d, v in where.items()], axis=0)


@pytest.mark.parametrize("seed", range(8))
def test_parts_hit_unevenly_are_told_as_the_place_they_fill(seed):
    frame, rates, rng = views(seed, size=20_000.0)
    uneven = np.exp(rng.normal(1.5, 0.5, 4))[frame["route"].str[1:].astype(int)]
    uneven *= np.exp(rng.normal(0, 0.5, 3))[frame["device"].str[1:].astype(int)]
    rates = np.where(inside(frame, rate="r2"), rates * uneven, rates)
    assert places(frame, rates, rng)[0] == {frozenset({("rate", "r2")})}


def test_two_of_five_values_that_moved_stay_two():
    frame, rates, rng = views(1, size=20_000.0)
    for value in ("r1", "r3"):
        rates = np.where(inside(frame, device="d0", rate=value), 5 * rates, rates)
    told = {frozenset({("device", "d0"), ("rate", value)}) for value in ("r1", "r3")}
    assert places(frame, rates, rng)[0] == told


def test_what_carries_next_to_nothing_is_counted_not_named():
    frame, rates, _ = views(2, size=200_000.0)
    rates = np.where(inside(frame, rate="r2"), 5 * rates, rates)
    rates = np.where(inside(frame, route="r0", rate="r0", device="d1"), 0.7 * rates, rates)
    large, small = frozenset({("rate", "r2")}), {"route": "r0", "rate": "r0", "device": "d1"}
    told, result = places(frame, rates, np.random.default_rng(0))
    assert told == {large}
    assert "localise.minor" in {note.key for note in result.notes}
    told, result = places(frame, rates, np.random.default_rng(0), search=Search(material=0))
    assert told == {large, frozenset(small.items())}
    assert "localise.minor" not in {note.key for note in result.notes}


@pytest.mark.parametrize("material", [-0.1, 1, 2])
def test_material_is_a_share(material):
    with pytest.raises(BadInput, match="material is"):
        places(*views(), search=Search(material=material))


@pytest.mark.parametrize("seed", range(5))
def test_a_second_cause_among_few_leaves_is_not_taken_for_noise(seed):
    frame, rates, rng = views(seed, size=150.0, shape=(4, 6, 1), rate=0.01)
    for value, factor in (("r2", 40.0), ("r4", 20.0)):
        rates = np.where(inside(frame, rate=value), factor * rates, rates)
    assert places(frame, rates, rng)[0] == {frozenset({("rate", v)}) for v in ("r2", "r4")}


@pytest.mark.parametrize("spared", [("r1",), ("r1", "r2")])
def test_everything_but_some_values_is_told_as_such(spared):
    frame, rates, rng = views(3, size=20_000.0, shape=(6, 4, 3))
    rates = np.where(frame["route"].isin(spared), rates, 0.7 * rates)
    _, result = places(frame, rates, rng)
    (place,) = result.places
    assert (dict(place.values), list(place.without)) == ({}, ["route"])
    assert {*place.without["route"]} == {*spared}
    row = result.table.iloc[0]
    assert row["change"] == pytest.approx(-0.3, abs=0.02)
    assert row["low"] < row["contribution"] < row["high"] < 0
    assert result.everywhere.value == pytest.approx(-0.3, abs=0.02)
    assert "localise.rest" not in {note.key for note in result.notes}


def test_a_place_that_moved_otherwise_than_everything_is_a_place():
    frame, rates, rng = views(4, size=20_000.0)
    rates = np.where(inside(frame, route="r1"), 1.5, 0.8) * rates
    told, result = places(frame, rates, rng)
    assert told == {frozenset({("route", "r1")})}
    assert result.everywhere.value == pytest.approx(-0.2, abs=0.02)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bias", [0.95, 1.05])
def test_a_bias_of_everything_beside_large_places_makes_no_more_of_them(seed, bias):
    rng = np.random.default_rng(seed)
    codes = np.indices((10, 8, 6, 5)).reshape(4, -1)
    frame = pd.DataFrame({d: [f"{d}{v}" for v in c] for d, c in zip("abcd", codes, strict=True)})
    was = rng.lognormal(4, 0.5, len(frame))
    now = was * bias * np.maximum(1 + rng.normal(0, 0.1, len(frame)), 0)
    now[frame["d"] == "d3"] *= 1.4
    now[frame["a"] == "a7"] *= 0.65
    asked = {"dimensions": list("abcd"), "measure": "now", "expected": "was"}
    result = localise(frame.assign(was=was, now=now), **asked)
    assert {tuple(p.plain().items()) for p in result.places} == {(("d", "d3"),), (("a", "a7"),)}
    assert result.everywhere.value == pytest.approx(bias - 1, abs=0.02)
