"""Cells of the questions under `kpilab.rootcause` that name a place or split a change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from cells.draws import AFTER, BEFORE, Called, Cell, Rng, days, grid, outside, with_holes

from kpilab import Where, decompose, localise, open_case, split
from kpilab.rootcause import next_split, ratemix, user_intervals

CASE = """\
kpilab: 1
title: Stress
periods:
  baseline: [2025-03-03, 2025-03-30]
  current: [2025-03-31, 2025-04-27]
tables:
  daily: {kind: facts, source: daily.parquet, time: date, dimensions: [a]}
metrics:
  sales: {table: daily, measure: 'sum(x)'}
goal: {metric: sales}
"""


@dataclass(frozen=True, slots=True)
class Leaves:
    """How many leaves, how large, how uneven and how noisy."""

    shape: tuple[int, ...] = (3, 4, 5)
    mean: float = 200.0
    spread: float = 0.0
    swing: float = 0.0
    scale: float = 1.0
    moved: float = 1.0
    missing: float = 0.0
    zeros: float = 0.0
    negative: bool = False


def cube(rng: Rng, hit: int, w: Leaves) -> pd.DataFrame:
    """Leaves with what was and what is; with an effect a third of value a0 is gone."""
    rows = grid(**{n: [f"{n}{k}" for k in range(m)] for n, m in zip("abc", w.shape, strict=False)})
    size = w.mean * np.exp(rng.normal(0, w.spread, len(rows))) * (rng.random(len(rows)) >= w.zeros)
    gone = np.where(rows["a"] == "a0", 1 - 0.4 * hit, 1.0)
    for name, level in (("was", size), ("now", size * gone * w.moved)):
        noise = np.exp(w.swing * rng.standard_normal(len(rows)))
        drawn = rng.poisson(level * noise).astype(float)
        drawn = drawn - 0.9 * rng.poisson(size) if w.negative else drawn
        rows[name] = drawn * w.scale
    return rows.assign(now=with_holes(rng, rows["now"].to_numpy(), w.missing))


CUBES: dict[str, dict] = {
    "60 leaves of 200": {}, "small n (8 leaves)": {"shape": (2, 4)},
    "one dimension": {"shape": (12,)}, "ties (counts near 3)": {"mean": 3.0},
    "mostly zeros": {"mean": 20.0, "zeros": 0.7}, "unequal sizes": {"spread": 1.5},
    "heavy tails": {"swing": 0.3}, "all moved by a fifth": {"moved": 0.8},
    "missing cells": {"missing": 0.05}, "negative amounts": {"negative": True},
    "thousands": {"scale": 1e-3}, "scale 1e-6": {"scale": 1e-6},
    "600 leaves": {"shape": (6, 10, 10)},
}  # fmt: skip


def localise_cells() -> list[Cell]:
    def found(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = cube(rng, hit, Leaves(**world))
            names = [n for n in "abc" if n in rows]
            return len(localise(rows, dimensions=names, measure="now", expected="was").table) > 0

        return called

    def rated(mean: float, **world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = rates(rng, hit, Rated(mean, **world))
            asked = {"measure": ("num1", "den1"), "expected": ("num0", "den0")}
            return len(localise(rows, dimensions=["a", "b"], **asked).table) > 0

        return called

    return [
        *(Cell("localise", t, 0.06, found(**w)) for t, w in CUBES.items()),
        Cell("localise, a rate", "12 leaves of 1,000", 0.06, rated(1000)),
        Cell("localise, a rate", "small n (20 a leaf)", 0.06, rated(20)),
        Cell("localise, a rate", "unequal sizes", 0.06, rated(1000, spread=1.5)),
        Cell("localise, a rate", "mix moved", 0.06, rated(1000, mix=0.7)),
        Cell("localise, a rate", "rare (.5 %)", 0.06, rated(1000, rate=0.005)),
    ]


@dataclass(frozen=True, slots=True)
class Rated:
    """How large the leaves of a rate are, how uneven, and what moves."""

    mean: float
    shape: tuple[int, int] = (3, 4)
    rate: float = 0.3
    spread: float = 0.0
    mix: float = 0.0
    apart: float = 0.0
    missing: float = 0.0


def rates(rng: Rng, hit: int, w: Rated) -> pd.DataFrame:
    """Numerators and denominators of two periods; with an effect the rate of a0 halves."""
    rows = grid(a=[f"a{k}" for k in range(w.shape[0])], b=[f"b{k}" for k in range(w.shape[1])])
    size = w.mean * np.exp(rng.normal(0, w.spread, len(rows)))
    own = w.rate * np.exp(rng.normal(0, w.apart, len(rows)))
    gone = np.where(rows["a"] == "a0", 1 - 0.5 * hit, 1.0)
    rows["den0"] = rng.poisson(size) + 1
    rows["den1"] = rng.poisson(size * np.exp(rng.normal(0, w.mix, len(rows)))) + 1
    rows["num0"] = rng.binomial(rows["den0"], np.minimum(own, 1))
    drawn = rng.binomial(rows["den1"], np.minimum(own * gone, 1)).astype(float)
    return rows.assign(num1=with_holes(rng, drawn, w.missing))


def split_cells() -> list[Cell]:
    """A dimension is proposed; a rate is said to have moved; the total against its segments."""

    def proposed(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = cube(rng, hit, Leaves(**world)).rename(columns={"was": "num0", "now": "num1"})
            names = [n for n in "abc" if n in rows]
            return next_split(rows, dimensions=names).best is not None

        return called

    def rated(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            return (
                next_split(rates(rng, hit, Rated(**world)), dimensions=["a", "b"]).best is not None
            )

        return called

    def moved(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            return ratemix(rates(rng, hit, Rated(**world)), by="a").rate.excludes_zero

        return called

    def against(**world) -> Called:
        return lambda rng, hit: ratemix(rates(rng, 0, Rated(**world)), by="b").simpson

    rated_worlds: dict[str, dict] = {
        "1,000 a leaf": {"mean": 1000}, "small n (20 a leaf)": {"mean": 20},
        "unequal sizes": {"mean": 1000, "spread": 1.5},
        "rare (.5 %)": {"mean": 1000, "rate": 0.005},
        "mix moved": {"mean": 1000, "mix": 0.7, "apart": 0.5, "shape": (12, 1)},
        "missing cells": {"mean": 1000, "missing": 0.1},
    }  # fmt: skip
    counts = {k: w for k, w in CUBES.items() if not w.get("negative")}
    return [
        *(Cell("next_split", t, 0.06, proposed(**w)) for t, w in counts.items()),
        *(Cell("next_split, a rate", t, 0.06, rated(**w)) for t, w in rated_worlds.items()),
        *(Cell("ratemix", t, 0.06, moved(**w)) for t, w in rated_worlds.items()),
        Cell("ratemix, Simpson", "mix moved", 0.06,
             against(mean=1000, mix=0.7, apart=0.5), planted=False),
    ]  # fmt: skip


def decompose_cells() -> list[Cell]:
    """Share of intervals that miss a leaf's true part of the change; with an effect they are held
    against twice that part."""

    def missed(formula: str, was: dict[str, float], now: dict[str, float], error: float) -> Called:
        truth = decompose(formula, was, now).leaves.set_index("node")["contribution"]
        leaf = str(truth.index[0])

        def called(rng: Rng, hit: int) -> bool:
            wide = {k: (error * abs(was[k]) or error, error * abs(now[k]) or error) for k in was}
            drawn = [
                {k: v + rng.normal(0, wide[k][at]) for k, v in of.items()}
                for at, of in enumerate((was, now))
            ]
            row = decompose(formula, *drawn, errors=wide).leaves.set_index("node").loc[leaf]
            return outside(row["low"], row["high"], truth[leaf] * (1 + hit))

        return called

    return [
        Cell("decompose", "a · b · c", 0.06, missed(
            "a * b * c", {"a": 100, "b": 2, "c": 5}, {"a": 120, "b": 1.8, "c": 5.5}, 0.02)),
        Cell("decompose", "large errors (20 %)", 0.06, missed(
            "a * b", {"a": 100, "b": 2}, {"a": 160, "b": 2}, 0.2)),
        Cell("decompose", "a leaf near zero", 0.06, missed(
            "a * b", {"a": 0.0, "b": 2}, {"a": 5, "b": 3}, 0.1)),
        Cell("decompose", "a negative leaf", 0.06, missed(
            "a * b - c", {"a": 10, "b": 2, "c": 40}, {"a": 14, "b": 2, "c": 30}, 0.03)),
        Cell("decompose", "a denominator that is a difference", 0.06, missed(
            "a / (b - c)", {"a": 10, "b": 10, "c": 5}, {"a": 14, "b": 10, "c": 4}, 0.01)),
        Cell("decompose", "scale 1e-6", 0.06, missed(
            "a * b", {"a": 1e-4, "b": 2e-6}, {"a": 1.5e-4, "b": 2e-6}, 0.05)),
    ]  # fmt: skip


def user_cells() -> list[Cell]:
    """Share of intervals that miss the true change of a place, nothing having happened; with an
    effect a fifth of every user's rows is gone."""

    def missed(users: int = 300, habit: float = 0.5, rows: float = 3.0) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            own = rng.gamma(habit, rows / habit, users)
            parts = [
                pd.DataFrame({"user": np.repeat(np.arange(users), rng.poisson(own * left))}).assign(
                    date=pd.Timestamp(span.first)
                )
                for span, left in ((BEFORE, 1.0), (AFTER, 1 - 0.5 * hit))
            ]
            table = pd.concat(parts).assign(x=1.0)
            asked = {"user": "user", "measure": "x", "periods": (BEFORE, AFTER)}
            row = user_intervals(table, [Where()], **asked).table.iloc[0]
            return outside(row["low"], row["high"], 0.0)

        return called

    return [
        Cell("user_intervals", "300 users", 0.06, missed()),
        Cell("user_intervals", "small n (20 users)", 0.06, missed(users=20)),
        Cell("user_intervals", "heavy tails", 0.06, missed(habit=0.05)),
        Cell("user_intervals", "users alike", 0.06, missed(habit=100.0)),
        Cell("user_intervals", "rare (.1 rows a user)", 0.06, missed(rows=0.1)),
    ]


def case_cells() -> list[Cell]:
    """A value of one dimension is said to have changed."""

    def told(values: int = 3, mean: float = 60.0, swing: float = 0.0) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = grid(date=days(), a=[f"a{k}" for k in range(values)])
            late = (rows["date"] >= pd.Timestamp(AFTER.first)) & (rows["a"] == "a0")
            level = mean * np.exp(swing * rng.standard_normal(len(rows)))
            rows["x"] = rng.poisson(level * np.where(late, 1 - 0.4 * hit, 1.0)).astype(float)
            with TemporaryDirectory() as place:
                rows.to_parquet(Path(place) / "daily.parquet")
                (Path(place) / "case.yml").write_text(CASE, "utf-8")
                found = split(open_case(place), "sales", by="a")
            return found.headline.key == "split.most"

        return called

    return [
        Cell("split", "3 values", 0.06, told()),
        Cell("split", "12 values", 0.06, told(values=12)),
        Cell("split", "ties (counts near 3)", 0.06, told(mean=3.0)),
        Cell("split", "heavy tails", 0.06, told(swing=0.7)),
    ]


def place_cells() -> list[Cell]:
    return [
        *localise_cells(), *split_cells(), *decompose_cells(), *user_cells(), *case_cells(),
    ]  # fmt: skip
