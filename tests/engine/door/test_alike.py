"""Rows that are the sum of the others, whatever they are called, and one name in several
spellings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.engine.connect import connect
from kpilab.engine.door.files import opened
from kpilab.engine.door.reading import Reading

DAYS = pd.date_range("2026-01-05", periods=20)


def sales() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"day": DAYS.repeat(3), "store": ["north", "south", "west"] * 20})
    frame["orders"] = rng.integers(20, 60, 60)
    return frame.assign(revenue=(frame["orders"] * rng.normal(30, 2, 60)).round(2))


def read(tmp_path, frame: pd.DataFrame):
    frame.to_csv(tmp_path / "sales.csv", index=False)
    return opened(connect(), tmp_path / "sales.csv", "sales", Reading())


@pytest.mark.parametrize("name", ["All stores", "*", "north+south+west", "", "Konzern"])
def test_a_name_with_the_sum_of_all_others_on_every_day_is_left_out(tmp_path, name):
    frame = sales()
    sums = frame.groupby("day", as_index=False)[["orders", "revenue"]].sum().assign(store=name)
    found = read(tmp_path, pd.concat([frame, sums]))
    assert found.table["revenue"].sum().to_pandas() == pytest.approx(frame["revenue"].sum())
    (note,) = [n for n in found.notes if n.key == "door.sums"]
    assert note.values["rows"] == 20
    assert note.values["first"] == (62,)


def test_a_store_as_large_as_the_others_on_a_few_days_stays(tmp_path):
    frame = sales()
    for day in DAYS[:9]:
        others = frame["day"].eq(day) & frame["store"].ne("west")
        mine = frame["day"].eq(day) & frame["store"].eq("west")
        frame.loc[mine, ["orders", "revenue"]] = (
            frame.loc[others, ["orders", "revenue"]].sum().to_numpy()
        )
    found = read(tmp_path, frame)
    assert found.table.count().to_pandas() == 60
    assert not [n for n in found.notes if n.key == "door.sums"]


def test_two_halves_of_everything_are_no_sums(tmp_path):
    frame = sales()
    twice = pd.concat([frame.assign(half="a"), frame.assign(half="b")])
    assert read(tmp_path, twice).table.count().to_pandas() == 120


@pytest.mark.parametrize(
    "other", ["north.", "north\u200b", "NORTH", "ｎｏｒｔｈ"], ids=["dot", "unseen", "case", "wide"]
)
def test_one_name_in_several_spellings_is_noticed(tmp_path, other):
    frame = sales()
    frame.loc[frame.index % 2 == 0, "store"] = frame["store"].replace("north", other)
    notes = {n.key: n.values for n in read(tmp_path, frame).notes}
    assert notes["door.spellings"]["rows"] == 10


def test_versions_and_numbers_of_things_are_no_spellings(tmp_path):
    frame = sales().assign(store=["A-1", "A1", "1.2"] * 20)
    assert not [n for n in read(tmp_path, frame).notes if n.key == "door.spellings"]
