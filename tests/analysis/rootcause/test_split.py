"""Split: one dimension, all of its values looked at together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kpilab import open_case, split

CASE = """\
kpilab: 1
title: t
periods: {baseline: [2025-03-03, 2025-03-30], current: [2025-03-31, 2025-04-27]}
tables:
  daily: {kind: facts, source: daily.parquet, time: date, dimensions: [a]}
metrics:
  sales: {table: daily, measure: sum(x)}
goal: {metric: sales}
"""


def told(place: Path, seed: int, fall: float = 0.0):
    """A dozen values; with a fall, the first loses that share."""
    days = pd.date_range("2025-03-03", periods=56)
    rows = pd.MultiIndex.from_product([days, [f"v{k:02d}" for k in range(12)]], names=["date", "a"])
    frame = rows.to_frame(index=False)
    late = (frame["date"] >= "2025-03-31") & (frame["a"] == "v00")
    frame["x"] = (
        np.random.default_rng(seed).poisson(60 * np.where(late, 1 - fall, 1.0)).astype(float)
    )
    frame.to_parquet(place / "daily.parquet")
    (place / "case.yml").write_text(CASE, "utf-8")
    return split(open_case(place), "sales", by="a")


def test_one_of_a_dozen_values_moves_by_chance(tmp_path):
    """At a level of 95 % one of twelve intervals leaves out zero in 46 % of draws."""
    found = [told(tmp_path, seed) for seed in range(12)]
    alone = [((f.table["low"] > 0) | (f.table["high"] < 0)).any() for f in found]
    assert sum(alone) >= 3
    assert sum(f.headline.key == "split.most" for f in found) <= 2
    assert all((f.table["q"] >= f.table["p"]).all() for f in found)


def test_what_did_move_is_named(tmp_path):
    headline = told(tmp_path, 1, fall=0.4).headline
    assert headline.key == "split.most"
    assert headline.values["segment"] == "v00"
    assert headline.values["contribution"] == pytest.approx(-0.4 * 60 * 28, rel=0.2)
