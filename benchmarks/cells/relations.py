"""Cells of the questions under `kpilab.relation`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from cells.draws import AFTER, BEFORE, Called, Cell, Rng, days, grid, off, wandering, weeks

from kpilab.data import Metric
from kpilab.relation import (
    Kpi,
    correlate,
    goodhart,
    hollow_growth,
    kpi_cascade,
    panel,
    relate,
    screen,
)

Make = Callable[[Rng], pd.Series]


def pair(rng: Rng, hit: int, make: Make) -> tuple[pd.Series, pd.Series]:
    """Two draws; with an effect the second follows the first two periods later."""
    kpi, goal = make(rng), make(rng)
    if hit:
        moves = (kpi / kpi.mean() - 1).shift(2, fill_value=0.0)
        goal = goal * 0.5 + goal.mean() * (0.5 + moves)
    return kpi, goal


def related(make: Make, **options) -> Called:
    return lambda rng, hit: relate(*pair(rng, hit, make), **options).verdict == "related"


def daily(rng: Rng, level: np.ndarray | float, when: pd.DatetimeIndex) -> pd.Series:
    return pd.Series(rng.poisson(level, len(when)).astype(float), when)


def plain_series() -> dict[str, Make]:
    """Weekly series without a calendar."""
    growth = np.arange(104) / 52
    return {
        "independent": lambda r: pd.Series(100 + 10 * r.standard_normal(104), weeks()),
        "small n (26)": lambda r: pd.Series(100 + 10 * r.standard_normal(26), weeks(26)),
        "ties (counts near 3)": lambda r: pd.Series(r.poisson(3, 104) + 1.0, weeks()),
        "heavy tails": lambda r: pd.Series(np.exp(r.standard_normal(104)), weeks()),
        "dependence .8": lambda r: pd.Series(200 + 10 * wandering(r, 104, 0.8), weeks()),
        "random walk": lambda r: pd.Series(500 + 5 * wandering(r, 104, 1.0), weeks()),
        "scale 1e-6": lambda r: pd.Series(1e-6 * (100 + r.standard_normal(104)), weeks()),
        "growth 68 % a year": lambda r: pd.Series(
            1.68**growth * np.exp(r.normal(0, 0.08, 104)), weeks()
        ),
        "growth 183 % a year": lambda r: pd.Series(
            2.83**growth * np.exp(r.normal(0, 0.08, 104)), weeks()
        ),
        "falling volatility": lambda r: pd.Series(
            100 + 9 * np.exp(-growth) * r.standard_normal(104), weeks()
        ),
    }


def relate_cells() -> list[Cell]:
    years = pd.date_range("2020-01-01", "2023-12-31")
    two = pd.date_range("2022-01-03", periods=7 * 104)
    year = pd.date_range("2024-01-01", periods=400)
    quiet = 1000 * np.where(off(two, "US") & (two.dayofweek < 5), 0.3, 1.0)
    golden = 1000 * np.where(off(year, "CN"), 2.0, 1.0)
    festive = 1000 * np.where(off(year, "CN"), 0.2, 1.0) * np.where(year.dayofweek > 4, 0.6, 1.0)
    closed = 1000 * ~off(year, "US") * (year.dayofweek != 6)
    ends = 1000 * np.where(year.days_in_month - year.day < 3, 1.4, 1.0)
    makes: dict[str, tuple[Make, dict]] = {k: (f, {}) for k, f in plain_series().items()}
    makes |= {
        "months, sums": (lambda r: daily(r, 1000, years).resample("MS").sum(), {}),
        "months by last day": (lambda r: daily(r, 1000, years).resample("ME").sum(), {}),
        "weeks by last day, US": (
            lambda r: daily(r, quiet, two).resample("W").sum(), {"calendar": "US"}),
        "days, Golden Week, CN": (lambda r: daily(r, golden, year), {"calendar": "CN"}),
        "days, holidays and weekends, CN": (
            lambda r: daily(r, festive, year), {"calendar": "CN"}),
        "days, closed ones are 0, US": (lambda r: daily(r, closed, year), {"calendar": "US"}),
        "days, ends of months": (lambda r: daily(r, ends, year), {}),
    }  # fmt: skip
    return [Cell("relate", trait, 0.06, related(f, **o)) for trait, (f, o) in makes.items()]


def many_cells() -> list[Cell]:
    """Several KPIs at once: the error rate is that of all of them together."""

    def frame(rng: Rng, hit: int, make: Make) -> pd.DataFrame:
        kpi, goal = pair(rng, hit, make)
        others = {f"kpi{k}": make(rng) for k in range(5)}
        return pd.DataFrame({"goal": goal, "kpi": kpi, **others})

    def screened(make: Make) -> Called:
        return lambda rng, hit: bool(
            (screen(frame(rng, hit, make), goal="goal").table["verdict"] == "related").any()
        )

    def correlated(make: Make) -> Called:
        return lambda rng, hit: bool(
            (correlate(frame(rng, hit, make)).table["verdict"] == "related").any()
        )

    def against(make: Make) -> Called:
        """A KPI that gets better as its parent gets worse."""
        kpis = [
            Kpi("goal", owner="x", level="company"),
            Kpi("kpi", owner="y", parent="goal", level="store"),
        ]
        metrics = {k.metric: Metric(k.metric, "facts", measure="sum(x)") for k in kpis}

        def called(rng: Rng, hit: int) -> bool:
            kpi, goal = make(rng), make(rng)
            if hit:
                goal = 2 * goal.mean() - 0.5 * goal - 0.5 * kpi * (goal.mean() / kpi.mean())
            rows = pd.DataFrame({"goal": goal, "kpi": kpi})
            found = kpi_cascade(kpis, goal="goal", metrics=metrics, series=rows).table
            return bool((found["trouble"] == "moves_against").any())

        return called

    plain = plain_series()
    return [
        Cell(name, trait, 0.06, of(plain[trait]))
        for name, of in (
            ("screen, 6 KPIs", screened), ("correlate, 7 series", correlated),
            ("kpi_cascade", against),
        )
        for trait in (
            "independent", "small n (26)", "ties (counts near 3)", "heavy tails", "dependence .8",
            "random walk", "growth 183 % a year",
        )
    ]  # fmt: skip


def goodhart_cells() -> list[Cell]:
    def broke(make: Make, n: int = 104) -> Called:
        since = weeks(n)[n // 2].date()

        def called(rng: Rng, hit: int) -> bool:
            kpi, noise = make(rng), make(rng)
            spread = float(kpi.diff().std()) / float(noise.diff().std())
            slope = np.where(np.arange(n) < n // 2, 1.0, 1.0 - hit)
            moves = kpi.diff().fillna(0.0) * slope
            goal = moves.cumsum() + noise * spread
            return goodhart(kpi, goal, since=since).p < 0.05

        return called

    plain = plain_series()
    traits = [
        "independent", "ties (counts near 3)", "heavy tails", "dependence .8", "random walk",
        "growth 183 % a year", "falling volatility", "scale 1e-6",
    ]  # fmt: skip
    cells = [Cell("goodhart", t, 0.06, broke(plain[t])) for t in traits]
    return [*cells, Cell("goodhart", "small n (26)", 0.06, broke(plain["small n (26)"], 26))]


def panel_cells() -> list[Cell]:
    def told(units: int = 20, periods: int = 24, **world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = stores(rng, Stores(units, periods, **world))
            rows["goal"] += hit * 0.5 * rows["kpi"] * rows["size"]
            found = panel(rows, unit="unit", time="time", kpi="kpi", goal="goal").table
            return found.set_index("comparison")["p"]["within"] < 0.05

        return called

    return [
        Cell("panel", "20 units, 24 periods", 0.06, told()),
        Cell("panel", "6 units", 0.06, told(units=6)),
        Cell("panel", "8 periods", 0.06, told(periods=8)),
        Cell("panel", "dependence .8", 0.06, told(phi=0.8)),
        Cell("panel", "random walks", 0.06, told(phi=1.0)),
        Cell("panel", "unequal sizes", 0.06, told(spread=1.0)),
        Cell("panel", "one large unit of 8", 0.06, told(units=8, large=10.0)),
        Cell("panel", "heavy tails", 0.06, told(heavy=True)),
        Cell("panel", "ties (counts near 3)", 0.06, told(counts=True)),
        Cell("panel", "a tenth missing", 0.06, told(missing=0.1)),
        Cell("panel", "scale 1e-6", 0.06, told(scale=1e-6)),
    ]


@dataclass(frozen=True, slots=True)
class Stores:
    """How many units and periods, how dependent, uneven, heavy."""

    units: int
    periods: int
    phi: float = 0.0
    spread: float = 0.0
    large: float = 1.0
    heavy: bool = False
    counts: bool = False
    missing: float = 0.0
    scale: float = 1.0


def stores(rng: Rng, w: Stores) -> pd.DataFrame:
    """A KPI and a goal per store and week, both with a course that all stores share."""
    rows = grid(unit=[f"s{k}" for k in range(w.units)], time=weeks(w.periods))
    size = np.exp(rng.normal(0, w.spread, w.units)) * np.where(
        np.arange(w.units) == 0, w.large, 1.0
    )
    rows["size"] = size.repeat(w.periods)
    for name in ("kpi", "goal"):
        noise = np.concatenate([wandering(rng, w.periods, w.phi) for _ in range(w.units)])
        noise = rng.standard_t(3, len(rows)) if w.heavy else noise
        shared = np.tile(wandering(rng, w.periods, 0.5), w.units)
        value = 10 + noise + shared
        value = rng.poisson(np.clip(3 + shared, 0.5, None)) if w.counts else value
        rows[name] = np.where(rng.random(len(rows)) < w.missing, np.nan, value) * w.scale
    return rows.assign(goal=rows["goal"] * rows["size"])


def hollow_cells() -> list[Cell]:
    def jumped(values: int = 4, mean: float = 60.0, **world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = channels(rng, hit, Channels(values, mean, **world))
            asked = {"kpi": "signups", "downstream": ["bought"], "baseline": BEFORE}
            return hollow_growth(rows, current=AFTER, **asked).where is not None

        return called

    return [
        Cell("hollow_growth", "4 values", 0.06, jumped()),
        *(Cell("hollow_growth", f"{n} values", 0.06, jumped(values=n)) for n in (2, 3, 12)),
        Cell("hollow_growth", "ties (counts near 3)", 0.06, jumped(mean=3.0)),
        Cell("hollow_growth", "heavy tails", 0.06, jumped(swing=0.5)),
        Cell("hollow_growth", "dependence .7", 0.06, jumped(swing=0.1, phi=0.7)),
        Cell("hollow_growth", "unequal sizes", 0.06, jumped(sizes=(20.0, 3.0, 1.0, 0.2))),
        Cell("hollow_growth", "days missing", 0.06, jumped(missing=True)),
        Cell("hollow_growth", "constant", 0.06, jumped(constant=True)),
        Cell("hollow_growth", "weekdays", 0.06, jumped(week=(1, 1, 1, 1, 1.3, 0.3, 0.2))),
    ]


@dataclass(frozen=True, slots=True)
class Channels:
    """How many values, how many a day, how they swing."""

    values: int
    mean: float
    swing: float = 0.0
    phi: float = 0.0
    sizes: tuple[float, ...] = (1.0,)
    missing: bool = False
    constant: bool = False
    week: tuple[float, ...] = (1.0,)


def channels(rng: Rng, hit: int, w: Channels) -> pd.DataFrame:
    """Sign-ups and purchases of channels; with an effect the first one's sign-ups double."""
    when = days()
    rows = grid(dimension=["channel"], value=[f"c{k}" for k in range(w.values)], day=when)
    size = np.resize(w.sizes, w.values).repeat(56) * np.resize(w.week, len(rows))
    moves = np.concatenate([w.swing * wandering(rng, 56, w.phi) for _ in range(w.values)])
    level = w.mean * size * np.exp(moves)
    late = (rows["day"] >= pd.Timestamp(AFTER.first)) & (rows["value"] == "c0")
    for name, share in (("signups", 1.0), ("bought", 0.4)):
        drawn = (
            np.full(len(rows), round(w.mean * share)) if w.constant else rng.poisson(level * share)
        )
        rows[name] = drawn * np.where(late & (name == "signups"), 1.0 + hit, 1.0)
    return rows[~rows["day"].isin(when[[5, 17, 40]])] if w.missing else rows


def searched_cells() -> list[Cell]:
    """The date that `goodhart` searches for beside the one it is given."""

    def called(rng: Rng, hit: int) -> bool:
        kpi, goal = (pd.Series(wandering(rng, 104, 1.0), weeks()) for _ in range(2))
        goal = goal + kpi * np.where(np.arange(104) < 60, 1.0, 1.0 - hit)
        return goodhart(kpi, goal, since=date(2025, 1, 6)).searched_p < 0.05

    return [Cell("goodhart, the date searched for", "random walk", 0.06, called, slow=True)]


def relation_cells() -> list[Cell]:
    return [
        *relate_cells(), *many_cells(), *goodhart_cells(), *searched_cells(), *panel_cells(),
        *hollow_cells(),
    ]  # fmt: skip
