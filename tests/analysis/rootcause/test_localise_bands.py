"""Localisation along a number: the band of prices or ages that moved, found by itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.rootcause.localise import localise
from kpilab.core.values import Period
from kpilab.engine.door.tables import table as as_table

PERIODS = (
    Period(pd.Timestamp("2026-01-05").date(), pd.Timestamp("2026-01-11").date()),
    Period(pd.Timestamp("2026-01-12").date(), pd.Timestamp("2026-01-18").date()),
)


def orders(seed=0, fall=0.4, city="c1", low=50.0, rows=60_000):
    """One row per order; in one city fewer of those that cost `low` or more, in the second week."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "city": rng.choice([f"c{k}" for k in range(5)], rows),
            "price": rng.lognormal(3.5, 0.7, rows).round(2),
            "age": rng.integers(18, 80, rows),
            "date": pd.Timestamp("2026-01-05") + pd.to_timedelta(rng.integers(0, 14, rows), "D"),
            "orders": 1,
        }
    )
    hit = (frame["date"] >= "2026-01-12") & (frame["price"] >= low)
    hit &= (frame["city"] == city) if city else True
    return frame[~hit | (rng.random(rows) >= fall)].reset_index(drop=True)


def told(frame, dimensions, wrap=lambda f: f):
    asked = {"measure": "orders", "periods": PERIODS, "dimensions": dimensions}
    result = localise(wrap(frame), **asked)
    return [place.plain() for place in result.places], result


def low_end(name):
    assert name.startswith("≥ ")
    return float(name.removeprefix("≥ "))


@pytest.mark.parametrize(("seed", "rows"), [(0, 60_000), (1, 60_000), (2, 60_000), (0, 20_000)])
def test_a_price_is_cut_where_it_began(seed, rows):
    ((place,), result) = told(orders(seed, rows=rows), ["city", "price"])
    assert place["city"] == "c1"
    assert low_end(place["price"]) == pytest.approx(50, rel=0.06)
    (cut,) = (n.values["bands"] for n in result.notes if n.key == "localise.banded")
    assert len(cut) == 2


def test_the_engine_cuts_as_a_frame_does():
    frame = orders(1)
    mine, other = (told(frame, ["city", "price"], wrap)[0] for wrap in (lambda f: f, as_facts))
    assert mine == other


def as_facts(frame):
    from kpilab.core.table import Facts

    return Facts(as_table(frame))


def test_an_age_is_cut_too_but_names_stay_names():
    rng = np.random.default_rng(2)
    frame = orders(2, fall=0.0)
    now = frame["date"] >= "2026-01-12"
    young = frame[~(now & (frame["age"] < 30) & (rng.random(len(frame)) < 0.4))]
    places, _ = told(young, ["city", "age"])
    assert places == [{"age": "< 30"}]
    one = frame[~(now & (frame["age"] == 44) & (rng.random(len(frame)) < 0.6))]
    assert told(one, ["city", "age"])[0] == [{"age": "44"}]


def test_a_price_along_which_nothing_moved_is_silent():
    results = [told(orders(seed, fall=0.0, rows=20_000), ["city", "price"]) for seed in range(10)]
    assert sum(len(places) for places, _ in results) <= 1
    cut = {"localise.banded", "localise.quartered"}
    assert all(cut & {note.key for note in result.notes} for _, result in results)


def test_a_missing_price_is_a_value_of_its_own():
    frame = orders(3, fall=0.0)
    gone = frame.index % 4 == 0
    frame.loc[gone, "price"] = np.nan
    frame = frame[~(gone & (frame["date"] >= "2026-01-12") & (frame.index % 8 == 0))]
    assert told(frame, ["city", "price"])[0] == [{"price": "(missing)"}]


def test_a_number_of_few_values_is_a_name():
    frame = orders(4, fall=0.0).assign(price=lambda f: (f["age"] % 3) + 0.5)
    now = frame["date"] >= "2026-01-12"
    frame = frame[~(now & (frame["price"] == 1.5) & (frame.index % 2 == 0))]
    assert told(frame, ["city", "price"])[0] == [{"price": "1.5"}]
