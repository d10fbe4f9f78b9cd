"""Cells of the alarms under `kpilab.data`: who is told that something is wrong with a healthy
table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from cells.draws import AFTER, BEFORE, BOTH, FIRST, Called, Cell, Rng, days, grid, wandering

from kpilab import EventLog, Facts, Period, Reports, definitions, quality
from kpilab.data import Measured, Metric, missing_rows, outages, reconcile, restatement

HOURS = np.array([0, 0, 0, 0, 0, 1, 2, 4, 6, 7, 7, 8, 9, 8, 7, 7, 8, 9, 10, 9, 6, 4, 2, 1]) / 115
WEEK = np.resize([1.0, 0.9, 0.9, 1.0, 1.2, 1.5, 1.3], 56)


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits a day, how they swing, grow, and leave rows."""

    mean: float = 300.0
    swing: float = 0.1
    phi: float = 0.0
    per: int = 4
    growth: float = 1.0
    shut: bool = False
    stores: int = 4
    even: bool = False  # over the hours of the day


def visits(rng: Rng, w: Visits) -> pd.DataFrame:
    """Visits of eight weeks in shops, each of which leaves about `per` rows within the hour."""
    level = w.mean * WEEK * w.growth ** (np.arange(56) / 28)
    level = level * np.exp(w.swing * wandering(rng, 56, w.phi) * np.sqrt(1 - w.phi**2))
    level = np.where(np.resize([0, 0, 0, 0, 0, 0, 1], 56) & w.shut, 0, level)
    n = rng.poisson(np.outer(level, np.full(24, 1 / 24) if w.even else HOURS).ravel())
    at = np.repeat(np.arange(56 * 24), n) + rng.random(n.sum())
    user = np.arange(len(at))
    copies = rng.poisson(w.per - 1, len(at)) + 1
    rows = pd.DataFrame({"user": np.repeat(user, copies), "at": np.repeat(at, copies)})
    rows["at"] += rng.random(len(rows)) * 0.5
    rows["event"] = rng.choice(["visit", "order", "pay"], len(rows), p=[0.55, 0.28, 0.17])
    rows["store"] = np.char.add("S", rng.integers(0, w.stores, len(at)).astype(str))[rows["user"]]
    rows["time"] = pd.Timestamp(FIRST) + pd.to_timedelta(rows["at"], "h").round("s")
    return rows[rows["time"] < pd.Timestamp(BOTH.last + timedelta(days=1))]


WORLDS: dict[str, dict] = {
    "300 visits a day, 4 rows each": {}, "small n (20 visits a day)": {"mean": 20.0},
    "one row a visit": {"per": 1}, "heavy tails": {"swing": 0.4},
    "dependence .8": {"swing": 0.3, "phi": 0.8}, "growth of a half": {"growth": 1.5},
    "shut on Sundays": {"shut": True}, "12 stores": {"stores": 12},
}  # fmt: skip


def log_cells() -> list[Cell]:
    def gaps(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = visits(rng, Visits(**world))
            lost = (rows["store"] == "S1") & rows["at"].between(25 * 24, 29 * 24)
            rows = rows[~lost | (rng.random(len(rows)) > 0.9 * hit)]
            table = missing_rows(EventLog(rows, dimensions=("store",)), period=BOTH).table
            return len(table) > 0

        return called

    def dark(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = visits(rng, Visits(**world))
            lost = (rows["store"] == "S1") & rows["at"].between(26 * 24 + 9, 26 * 24 + 21)
            rows = rows[~lost | (rng.random(len(rows)) > 0.9 * hit)]
            return len(outages(EventLog(rows, dimensions=("store",)), period=BOTH).table) > 0

        return called

    def clock(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = visits(rng, Visits(**world))
            moved = rows["at"].between(26 * 24, 28 * 24) & bool(hit)
            rows["time"] += pd.to_timedelta(np.where(moved, 5, 0), "h")
            found = quality(EventLog(rows.drop(columns="at")), period=BOTH).table
            return bool((found["check"] == "clock").any())

        return called

    def stopped(**world) -> Called:
        """The last three days are missing, but for a trickle."""

        def called(rng: Rng, hit: int) -> bool:
            rows = visits(rng, Visits(**world))
            late = (rows["at"] >= 53 * 24) & (rng.random(len(rows)) < 0.97 * hit)
            found = quality(EventLog(rows[~late].drop(columns="at")), period=BOTH).table
            return bool(found["check"].isin(["stale", "trickle"]).any())

        return called

    even = {"small n, the same at every hour": {"mean": 20.0, "even": True}}
    return [
        *(Cell("missing_rows", t, 0.06, gaps(**w)) for t, w in WORLDS.items()),
        *(Cell("outages", t, 0.06, dark(**w)) for t, w in WORLDS.items()),
        *(Cell("quality, hours off", t, 0.06, clock(**w)) for t, w in (WORLDS | even).items()),
        *(Cell("quality, data that stopped", t, 0.06, stopped(**w)) for t, w in WORLDS.items()),
    ]


def unit_cells() -> list[Cell]:
    """Amounts of healthy tables; with an effect those of two days are a hundred times as large."""
    draws = {
        "lognormal .5": lambda r, n: r.lognormal(3, 0.5, n),
        "heavy tails (lognormal 2)": lambda r, n: r.lognormal(3, 2, n),
        "uniform": lambda r, n: r.uniform(0, 100, n),
        "counts near 3": lambda r, n: r.poisson(3, n).astype(float),
        "mostly zeros": lambda r, n: np.where(r.random(n) < 0.8, 0.0, r.lognormal(3, 1, n)),
        "constant": lambda r, n: np.full(n, 9.9),
        "two price levels": lambda r, n: r.choice([1.0, 100.0], n, p=[0.6, 0.4]),
    }

    def slipped(draw, per_day: float) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            day = np.repeat(np.arange(56), rng.poisson(per_day, 56))
            amount = draw(rng, len(day)) * np.where(np.isin(day, (30, 31)) & bool(hit), 100, 1)
            rows = pd.DataFrame({"date": pd.Timestamp(FIRST) + pd.to_timedelta(day, "D")})
            found = quality(
                Facts(rows.assign(amount=amount)), period=BOTH, amounts=["amount"]
            ).table
            return bool((found["check"] == "unit").any())

        return called

    return [
        *(Cell("quality, unit slips", f"{t}, 50 a day", 0.06, slipped(f, 50))
          for t, f in draws.items()),
        *(Cell("quality, unit slips", f"{t}, 4 a day", 0.06, slipped(f, 4))
          for t, f in draws.items()),
    ]  # fmt: skip


def report_cells() -> list[Cell]:
    """Two departments, or a log and its books, differ by noise alone."""

    def jumped(reporters: int = 3, noise: float = 0.02, phi: float = 0.0, mean: float = 1000.0,
               missing: float = 0.0, constant: bool = False) -> Called:  # fmt: skip
        def called(rng: Rng, hit: int) -> bool:
            rows = grid(reporter=[f"r{k}" for k in range(reporters)], date=days())
            level = np.tile(rng.poisson(mean * WEEK), reporters).astype(float)
            level = np.full(len(rows), mean) if constant else level
            moves = np.concatenate([wandering(rng, 56, phi) for _ in range(reporters)])
            late = (rows["date"] >= pd.Timestamp(AFTER.first)) & (rows["reporter"] == "r0")
            moved = np.where(late, 1 + 0.3 * hit, 1.0)
            rows["value"] = level * np.exp(0 if constant else noise * moves) * moved
            rows = rows[rng.random(len(rows)) >= missing].assign(metric="active")
            found = definitions(Reports(rows), baseline=BEFORE, current=AFTER).table
            return bool(found["jumped"].any())

        return called

    def differs(mean: float = 200.0, segments: int = 4, swing: float = 0.0) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = grid(store=[f"S{k}" for k in range(segments)], date=days())
            true = rng.poisson(mean * np.exp(swing * rng.standard_normal(len(rows))))
            logged = rng.binomial(true, 0.95)
            logged[3] = logged[3] * (1 - 0.7 * hit)
            sides = [
                Measured(Facts(rows.assign(x=x), dimensions=("store",)),
                         Metric("x", "facts", measure="sum(x)"))
                for x in (logged, true)
            ]  # fmt: skip
            return bool(reconcile(*sides, period=BOTH, by="store").table["differs"].any())

        return called

    return [
        Cell("definitions", "3 reporters", 0.06, jumped()),
        Cell("definitions", "2 reporters", 0.06, jumped(reporters=2)),
        Cell("definitions", "noise of 20 %", 0.06, jumped(noise=0.2)),
        Cell("definitions", "dependence .8", 0.06, jumped(phi=0.8)),
        Cell("definitions", "days missing", 0.06, jumped(missing=0.1)),
        Cell("definitions", "constant", 0.06, jumped(constant=True)),
        Cell("reconcile", "4 stores, 200 a day", 0.06, differs()),
        Cell("reconcile", "ties (counts near 3)", 0.06, differs(mean=3.0)),
        Cell("reconcile", "heavy tails", 0.06, differs(swing=0.7)),
        Cell("reconcile", "one store", 0.06, differs(segments=1)),
    ]


def late_cells() -> list[Cell]:
    """Share of 95 % intervals that miss the chance that a row of the last day comes late."""

    def missed(rows_a_day: int) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            n = 28 * rows_a_day
            rows = pd.DataFrame({"id": np.arange(n), "x": 1.0})
            rows["date"] = days(28).repeat(rows_a_day)
            late = (rows["date"] == days(28)[-1]) & (rng.random(n) < 0.3)
            copies = [
                Measured(Facts(t), Metric("x", "facts", measure="sum(x)"))
                for t in (rows[~late], rows)
            ]
            period = Period(FIRST, days(28)[-1].date())
            row = restatement(*copies, period=period, key="id").table.iloc[-1]
            return not row["low"] <= 0.3 * (1 + hit) <= row["high"]

        return called

    return [Cell("restatement", f"{n} rows a day", 0.06, missed(n)) for n in (10, 50, 1000)]


def alarm_cells() -> list[Cell]:
    return [*log_cells(), *unit_cells(), *report_cells(), *late_cells()]
