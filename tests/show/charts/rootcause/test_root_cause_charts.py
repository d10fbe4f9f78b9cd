"""Charts of root causes: titles break between words, both languages draw,
axes speak the reader's language."""

from __future__ import annotations

from datetime import date
from itertools import product

import numpy as np
import pandas as pd
import pytest

from kpilab import show
from kpilab.analysis.rootcause.changepoint import changepoint
from kpilab.analysis.rootcause.localise import localise
from kpilab.analysis.rootcause.next_split import next_split
from kpilab.analysis.rootcause.ratemix import ratemix
from kpilab.show.charts.words import lines


def cube(fall):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(list(product("abcd", "xyz", "123456")), columns=["shop", "app", "city"])
    hit = (frame["shop"] == "b") & (frame["app"] == "x")
    return frame.assign(
        num0=rng.poisson(200, len(frame)), num1=rng.poisson(np.where(hit, 200 * (1 - fall), 200))
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("fall", [0.0, 0.6])
def test_places_and_next_splits_draw_with_and_without_a_find(lang, fall):
    names = ["shop", "app", "city"]
    found = localise(cube(fall), dimensions=names, measure="num1", expected="num0")
    assert len(found.table) == (fall > 0)
    split = next_split(cube(fall), dimensions=names)
    assert (split.best is None) == (fall == 0)
    for result in (found, split):
        assert show.chart(result, lang).to_dict()


def test_entries_of_the_change_log_are_named_and_days_are_chinese():
    days = pd.DataFrame(
        {
            "day": pd.date_range("2025-01-01", periods=40),
            "value": [9.0, 11.0] * 10 + [19.0, 21.0] * 10,
        }
    )
    result = changepoint(days, changes=[(date(2025, 1, 20), "new price list")])
    spec = str(show.chart(result, "zh").to_dict())
    assert "new price list" in spec
    assert "%-m月%-d日" in spec


def test_a_ratio_that_is_a_rate_is_told_in_points():
    frame = pd.DataFrame(
        {
            "app": ["a", "b"],
            "num0": [50, 20],
            "den0": [100, 100],
            "num1": [40, 20],
            "den1": [100, 100],
        }
    )
    assert ratemix(frame, by="app").headline.key == "ratemix.split_points"
    money = frame.assign(num0=[5000, 100], num1=[4000, 100])
    assert ratemix(money, by="app").headline.key == "ratemix.split"


def test_a_title_is_not_broken_inside_a_number():
    text = "偏差集中在 channel = b3(除 version = d1):+5,886(5,515 至 6,257),相对预期 +56.1%。" * 3
    told = lines(text)
    assert "".join(told).replace(" ", "") == text.replace(" ", "")
    assert not any(line[0] in "0123456789,。:)" for line in told)
    assert lines("a" * 70 + " change of +56.1 % against it") == [
        "a" * 70 + " change",
        "of +56.1 % against it",
    ]
