"""Cells of intervals under `kpilab.operations`: machines, alarms, targets of units, bonuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
from cells.draws import BOTH, FIRST, Called, Cell, Rng, days, grid, outside, wandering

from kpilab import Facts
from kpilab.data import Measured, Metric
from kpilab.operations import Incidents, Machines, fair_targets, incentives, oee, response


def oee_cells() -> list[Cell]:
    """Share of 95 % intervals of OEE that miss it; with an effect they are held against a tenth
    less."""

    def missed(n: int = 28, swing: float = 0.3, phi: float = 0.0, machines: int = 1,
               rare: bool = False) -> Called:  # fmt: skip
        columns = Machines(scheduled="sch", total="made", scrap="scrap", cycle="cycle",
                           stops={"breakdown": "down"})  # fmt: skip

        def called(rng: Rng, hit: int) -> bool:
            rows = grid(machine=[f"m{k}" for k in range(machines)], date=days(n))
            moves = np.concatenate([wandering(rng, n, phi) for _ in range(machines)])
            moves *= np.sqrt(1 - phi**2)
            down = 60 * np.exp(swing * moves - swing**2 / 2)
            down = np.where(rng.random(len(rows)) < 0.05, 240.0, 0.0) if rare else down
            rows["down"] = np.minimum(down, 400)
            rows["sch"], rows["cycle"] = 480.0, 0.5
            rows["made"] = np.floor((480 - rows["down"]) * 1.7).astype(int)
            rows["scrap"] = rng.binomial(rows["made"], 0.03)
            found = oee(Facts(rows), columns).table.iloc[0]
            lost = 12.0 if rare else 60.0
            truth = (480 - lost) * 1.7 * 0.97 * 0.5 / 480
            return outside(found["low"], found["high"], truth * (1 - 0.1 * hit))

        return called

    return [
        Cell("oee", "28 days", 0.06, missed()),
        Cell("oee", "small n (6 days)", 0.06, missed(n=6)),
        Cell("oee", "4 machines", 0.06, missed(machines=4)),
        Cell("oee", "heavy tails", 0.06, missed(swing=0.8)),
        Cell("oee", "dependence .6", 0.06, missed(phi=0.6)),
        Cell("oee", "rare long stops", 0.06, missed(rare=True)),
    ]


def response_cells() -> list[Cell]:
    """Share of 95 % intervals of the median that miss it; with an effect it is twice as long."""

    def missed(n: int = 80, waiting: float = 0.0, spread: float = 1.0, rounded: bool = False):
        def called(rng: Rng, hit: int) -> bool:
            at = pd.Timestamp(FIRST) + pd.to_timedelta(rng.integers(0, 28 * 86400, n), "s")
            took = 30 * np.exp(spread * rng.standard_normal(n))
            took = np.round(took / 15) * 15 + 1 if rounded else took
            done = at + pd.to_timedelta(took, "min").round("s")
            # Who is not done when the log ends is waiting.
            end = at.max() - pd.Timedelta(minutes=0)
            unseen = (rng.random(n) < waiting) | (done > end)
            rows = pd.DataFrame({"time": at, "unit": "m", "alarm": "x", "responded": done})
            rows.loc[unseen, "responded"] = pd.NaT
            found = response(Incidents(rows.assign(solved=rows["responded"]))).table.iloc[0]
            # Alarms left alone for good push the median up: the quantile of those answered.
            from scipy.stats import norm

            truth = 30 * np.exp(spread * norm.ppf(0.5 / (1 - waiting)))
            truth = np.round(truth / 15) * 15 + 1 if rounded else truth
            return outside(found["low"], found["high"], truth * (1 + hit))

        return called

    return [
        Cell("response", "80 alarms", 0.06, missed()),
        Cell("response", "small n (12)", 0.06, missed(n=12)),
        Cell("response", "a fifth never answered", 0.06, missed(waiting=0.2)),
        Cell("response", "heavy tails", 0.06, missed(spread=2.0)),
        Cell("response", "ties (quarters of an hour)", 0.06, missed(rounded=True)),
    ]


def fair_cells() -> list[Cell]:
    """Share of 95 % intervals of a unit's level that miss it, a unit drawn at random; with an
    effect they are held against a half more."""

    def missed(units: int = 12, mean: float = 100.0, apart: float = 0.1, sizes: float = 0.0,
               swing: float = 0.0, phi: float = 0.0, n: int = 28) -> Called:  # fmt: skip
        metric = Metric("r", "facts", numerator="sum(x)", denominator="sum(n)")

        def called(rng: Rng, hit: int) -> bool:
            own = 0.2 * np.exp(rng.normal(0, apart, units))
            size = mean * np.exp(rng.normal(0, sizes, units))
            rows = grid(unit=[f"s{k}" for k in range(units)], date=days(n))
            rows["n"] = rng.poisson(size.repeat(n)) + 1
            moves = np.concatenate([wandering(rng, n, phi) for _ in range(units)])
            share = own.repeat(n) * np.exp(swing * moves * np.sqrt(1 - phi**2) - swing**2 / 2)
            rows["x"] = rng.binomial(rows["n"], np.clip(share, 0, 1))
            found = fair_targets(Measured(Facts(rows), metric), by="unit", period=BOTH).table
            k = int(rng.integers(units))
            row = found.set_index("unit").loc[f"s{k}"]
            return outside(row["low"], row["high"], own[k] * (1 + 0.5 * hit))

        return called

    return [
        Cell("fair_targets", "12 units of 100 a day", 0.06, missed()),
        Cell("fair_targets", "3 units", 0.06, missed(units=3)),
        Cell("fair_targets", "small n (6 days of 10)", 0.06, missed(mean=10.0, n=6)),
        Cell("fair_targets", "units alike", 0.06, missed(apart=0.0)),
        Cell("fair_targets", "unequal sizes", 0.06, missed(sizes=1.5)),
        Cell("fair_targets", "heavy tails", 0.06, missed(swing=0.5)),
        Cell("fair_targets", "dependence .6", 0.06, missed(swing=0.2, phi=0.6)),
    ]


def bonus_cells() -> list[Cell]:
    """Share of 80 % intervals of the payout that miss what is paid, ends being drawn as their
    forecasts say; with an effect they are held against a third more."""

    def missed(units: int = 20, spread: float = 0.15, alike: float = 0.3) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            middle = 100 * (1 + 0.15 * rng.standard_normal(units))
            sd = 100 * spread
            rows = pd.DataFrame({"unit": np.arange(units).astype(str), "target": 100.0})
            rows = rows.assign(end=middle, low=middle - 1.2816 * sd, high=middle + 1.2816 * sd)
            found = incentives(rows, draws=1000, shared=alike)
            noise = np.sqrt(alike) * rng.standard_normal()
            ends = middle + sd * (noise + np.sqrt(1 - alike) * rng.standard_normal(units))
            paid = np.select([ends >= 125, ends >= 110, ends >= 100], [1500, 900, 500], 0).sum()
            return not found.cost_low <= paid * (1 + hit / 3) + 1 * hit <= found.cost_high

        return called

    return [
        Cell("incentives, 80 % interval", "20 units", 0.28, missed()),
        Cell("incentives, 80 % interval", "4 units", 0.28, missed(units=4)),
        Cell("incentives, 80 % interval", "nothing shared", 0.28, missed(alike=0.0)),
        Cell("incentives, 80 % interval", "wide forecasts", 0.28, missed(spread=0.4)),
    ]


def plant_cells() -> list[Cell]:
    return [*oee_cells(), *response_cells(), *fair_cells(), *bonus_cells()]
