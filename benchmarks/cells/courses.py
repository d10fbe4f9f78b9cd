"""Cells of what follows one course in time: a change in it, a control chart, a forecast, a
market."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
from cells.draws import BOTH, Called, Cell, Rng, days, wandering, weeks, with_holes

from kpilab import Facts, Period, market
from kpilab.data import Measured, Metric
from kpilab.external import counterfactual
from kpilab.operations import control, pace
from kpilab.rootcause import changepoint
from kpilab.stats.forecast import forecast

WEEK = np.resize([1.0, 0.9, 0.9, 1.0, 1.2, 1.5, 1.3], 56)


def changepoint_cells() -> list[Cell]:
    def level(values: Callable[[Rng], np.ndarray]) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            series = values(rng)
            half = len(series) // 2
            series[half:] += hit * 2 * max(float(np.nanstd(series)), 1.0)
            rows = pd.DataFrame({"day": days(len(series)), "value": series})
            return changepoint(rows).p < 0.05

        return called

    def rate(mean: float) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            weight = rng.poisson(mean * rng.uniform(0.5, 2, 60)) + 1
            share = np.where(np.arange(60) < 30, 0.3, 0.3 - 0.1 * hit)
            rows = pd.DataFrame({"day": days(60), "weight": weight})
            rows["value"] = rng.binomial(weight, share)
            return changepoint(rows, exposure="weight").p < 0.05

        return called

    makes = {
        "independent": lambda r: r.normal(10, 1, 60),
        "constant": lambda r: np.full(60, 10.0),
        "dependence .5": lambda r: 10 + wandering(r, 60, 0.5),
        "small n (30)": lambda r: r.normal(10, 1, 30),
        "small n (30), dependence .5": lambda r: 10 + wandering(r, 30, 0.5),
        "ties (counts near 3)": lambda r: r.poisson(3, 60).astype(float),
        "heavy tails": lambda r: 10 + r.standard_t(3, 60),
        "missing days": lambda r: np.where(np.arange(60) % 9 == 4, np.nan, r.normal(10, 1, 60)),
        "weekdays": lambda r: r.poisson(100 * np.resize(WEEK, 60)).astype(float),
        "scale 1e-6": lambda r: 1e-6 * r.normal(10, 1, 60),
    }
    rates = [Cell("changepoint", f"a rate of {n:,} a day", 0.06, rate(n)) for n in (20, 2000)]
    cells = [Cell("changepoint", t, 0.06, level(f)) for t, f in makes.items() if t != "scale 1e-6"]
    return [*cells, Cell("changepoint", "scale 1e-6", 0.06, level(makes["scale 1e-6"]), False),
            *rates]  # fmt: skip


def control_cells() -> list[Cell]:
    """Share of charts of 56 days with a day outside, at .0027 per day: 14 % by chance."""

    def chart(values: Callable[[Rng], np.ndarray], size: float = 0.0) -> Called:
        """A total; a rate of `size` a day."""
        measure = {"numerator": "sum(x)", "denominator": "sum(n)"} if size else {}
        metric = Metric("x", "facts", **(measure or {"measure": "sum(x)"}))

        def called(rng: Rng, hit: int) -> bool:
            x = values(rng).astype(float)
            x[45] += hit * max(8 * float(np.nanstd(x)), 8.0)
            rows = pd.DataFrame({"date": days(), "x": x, "n": size})
            found = control(Measured(Facts(rows), metric), period=BOTH).table
            return bool(found["outside"].any())

        return called

    makes = {
        "independent": chart(lambda r: r.normal(100, 1, 56)),
        "weekdays": chart(lambda r: r.poisson(100 * WEEK)),
        "constant": chart(lambda r: np.full(56, 0.1)),
        "ties (counts near 3)": chart(lambda r: r.poisson(3, 56)),
        "heavy tails": chart(lambda r: 100 + r.standard_t(5, 56)),
        "dependence .8": chart(lambda r: 100 + wandering(r, 56, 0.8)),
        "days missing": chart(lambda r: with_holes(r, r.normal(100, 1, 56), 0.1)),
        "scale 1e6": chart(lambda r: 1e6 * r.normal(100, 1, 56)),
        "rates of 100": chart(lambda r: r.binomial(100, 0.1, 56), 100),
        "rates of 1,000,000": chart(lambda r: r.binomial(1_000_000, 0.1, 56), 1e6),
        "order values near 50": chart(lambda r: r.normal(5000, 100, 56), 100),
    }
    none = Cell("control (56 days)", "a rate that is 0", 0.2, chart(lambda r: np.zeros(56), 100))
    return [*(Cell("control (56 days)", t, 0.2, f) for t, f in makes.items()), none]


def target_cells() -> list[Cell]:
    """Share of 80 % intervals of a mean that miss it: "called" is a miss; promise 28 %."""

    def missed(make: Callable[[Rng, int], np.ndarray], n: int, ahead: int):
        def called(rng: Rng, hit: int) -> bool:
            y = make(rng, n + ahead)
            found, mean = forecast(y[:n], ahead, season=52), float(y[n:].mean())
            return not found.mean_low <= mean * (1 + hit) <= found.mean_high

        return called

    makes: dict[str, Callable[[Rng, int], np.ndarray]] = {
        "independent": lambda r, n: 100 + 10 * r.standard_normal(n),
        "dependence .5": lambda r, n: 100 + 10 * wandering(r, n, 0.5),
        "random walk": lambda r, n: 500 + 5 * wandering(r, n, 1.0),
        "trend + AR .5": lambda r, n: 50 + 0.5 * np.arange(n) + 5 * wandering(r, n, 0.5),
        "growth 1 % a week": lambda r, n: (
            1000 * 1.01 ** np.arange(n) * np.exp(r.normal(0, 0.05, n))
        ),
        "growth 2 % a week": lambda r, n: (
            1000 * 1.02 ** np.arange(n) * np.exp(r.normal(0, 0.05, n))
        ),
        "Poisson on a wave": lambda r, n: r.poisson(
            50 * (1 + 0.4 * np.sin(2 * np.pi * (np.arange(n) / 52 + r.random())))
        ).astype(float),
        "trend that broke": lambda r, n: (
            100 + 0.5 * np.maximum(np.arange(n) - r.integers(17, 35), 0) + r.normal(0, 3, n)
        ),
    }
    return [
        Cell("targets, 80 % interval", f"{trait}, {n} → {ahead} weeks", 0.28, missed(f, n, ahead))
        for trait, f in makes.items()
        for n, ahead in ((52, 4), (52, 13), (104, 13))
    ]


def pace_cells() -> list[Cell]:
    """Share of 80 % intervals of the end of a period that miss it, three weeks of eight being
    left; with an effect the end is held against one that is 50 % higher."""

    def missed(level: Callable[[Rng], np.ndarray]) -> Called:
        metric, until = Metric("x", "facts", measure="sum(x)"), days(84)[62].date()
        period = Period(days(84)[28].date(), days(84)[-1].date())

        def called(rng: Rng, hit: int) -> bool:
            y = rng.poisson(np.clip(level(rng), 0, None)).astype(float)
            rows = pd.DataFrame({"date": days(84), "store": "a", "x": y})
            asked = {"by": "store", "period": period, "until": until}
            row = pace(Measured(Facts(rows), metric), {"a": 1.0}, **asked).table.iloc[0]
            return not row["low"] <= y[28:].sum() * (1 + 0.5 * hit) <= row["high"]

        return called

    week = np.resize(WEEK[:7], 84)
    makes = {
        "independent": lambda r: np.full(84, 100.0),
        "weekdays": lambda r: 100 * week,
        "ties (counts near 3)": lambda r: np.full(84, 3.0),
        "heavy tails": lambda r: 100 * r.lognormal(0, 0.7, 84),
        "dependence .6": lambda r: 100 * np.exp(0.2 * wandering(r, 84, 0.6)),
        "random walk": lambda r: 100 * np.exp(0.05 * wandering(r, 84, 1.0)),
        "growth 1 % a week": lambda r: 100 * 1.01 ** (np.arange(84) / 7),
    }
    return [Cell("pace, 80 % interval", t, 0.28, missed(f)) for t, f in makes.items()]


def counterfactual_cells() -> list[Cell]:
    when = weeks(62)

    def panel(
        rng: Rng, hit: int, own: float = 1.0, size: float = 1.0, units: int = 12,
        phi: tuple[float, float] = (0.5, 0.5), unequal: bool = False, broke: float = 0.0,
    ) -> pd.DataFrame:  # fmt: skip
        market_ = np.cumsum(rng.standard_normal(62))
        noise = np.array([wandering(rng, 62, phi[0 if k == 0 else 1]) for k in range(units)])
        noise *= np.exp(rng.normal(0, 0.7, (units, 1))) if unequal else 1.0
        noise[0] *= own
        values = (100 + market_ + noise) * np.where(np.arange(units) == 0, 1.0, size)[:, None]
        values[0, :20] += broke
        values[0, 50:] += 3 * own * hit
        frame = pd.DataFrame(values.T, when, [f"u{k}" for k in range(units)])
        return frame.rename_axis("time").reset_index().melt("time", var_name="unit")

    traits: dict[str, dict] = {
        "alike": {}, "own noise × 1.5": {"own": 1.5}, "own noise × 3": {"own": 3.0},
        "peers × 10": {"size": 10.0}, "peers / 10": {"size": 0.1}, "5 peers": {"units": 6},
        "own noise dependent, theirs not": {"phi": (0.8, 0.0)},
        "random walks": {"phi": (1.0, 1.0)}, "unequal noise": {"unequal": True},
        "an earlier break of 10": {"broke": 10.0},
    }  # fmt: skip

    def call(options: dict, method: str) -> Callable[[Rng, int], bool]:
        return lambda rng, hit: (
            counterfactual(
                panel(rng, hit, **options), treated="u0", since=when[50], method=method
            ).p
            < 0.05
        )

    return [
        Cell(f"counterfactual, {method}", trait, 0.08, call(options, method))
        for method in ("synthetic did", "did")
        for trait, options in traits.items()
    ]


def market_cells() -> list[Cell]:
    when = weeks(104)
    spans = {
        "baseline": Period(date(2025, 6, 30), date(2025, 9, 28)),
        "current": Period(date(2025, 9, 29), date(2025, 12, 28)),
    }

    def called(odd: str, peers: int) -> Callable[[Rng, int], bool]:
        """Our own is accused though all fell alike; with an effect, it did fall alone."""

        def one(rng: Rng, hit: int) -> bool:
            factor = np.cumsum(rng.normal(0, 0.01, 104))
            factor[-13:] -= 0.0 if hit else 0.15
            names = ["own", *(f"p{k}" for k in range(peers))]
            logs = pd.DataFrame({n: factor + rng.normal(0, 0.01, 104) for n in names}, when)
            logs.iloc[-13:, 0] -= 0.15 * hit
            if odd == "stuck":
                logs["odd"] = 0.1
            elif odd == "calm":
                logs["odd"] = 0.4 * factor + rng.normal(0, 0.002, 104)
            elif odd == "hit":
                logs.iloc[-13:, 1] -= 0.4
            long = np.exp(4 + logs).rename_axis("date").reset_index()
            long = long.melt("date", var_name="series", value_name="value")
            if odd == "missing":
                long = long[(rng.random(len(long)) > 0.05) | (long["date"] >= when[-26])]
            return market(long, own="own", **spans).cause in ("own", "both")

        return one

    traits = [("alike", 4), ("stuck", 4), ("calm", 4), ("hit", 4), ("hit", 3), ("missing", 4)]
    traits += [("alike", 2), ("alike", 1)]
    return [
        Cell("market, accuses us", f"{odd}, {n} peers", 0.06, called(odd, n)) for odd, n in traits
    ]
