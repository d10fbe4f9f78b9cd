"""Cells of what stands around an experiment: its plan, its course by age, tests decided before."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
from cells.draws import FIRST, Called, Cell, Rng
from effects import answer

from kpilab import Assignments, EventLog, experiment, plan
from kpilab.experiments import Decision, Outcome, Units, effect_by_age, programme, reanalysis

ARMS = {"control": "A", "treatment": "B"}


def trail(
    rng: Rng, hit: int, n: int = 600, habit: float = 2.0, rate: float = 0.2, late: float = 0.0,
    days: int = 14,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Units met within a week and what they pay in the two weeks after; with an effect the
    treatment works on the first days alone."""
    who = pd.DataFrame({"user": np.arange(n), "experiment": "e"})
    who["time"] = pd.Timestamp(FIRST) + pd.to_timedelta(rng.integers(0, 7 * 86400, n), "s")
    who["variant"] = rng.choice(["A", "B"], n)
    own = rng.beta(habit * rate, habit * (1 - rate), n)
    age = np.arange(days)
    novel = 1 + 3.0 * hit * np.exp2(-age / 2.0) * (who["variant"] == "B").to_numpy()[:, None]
    chance = np.clip(own[:, None] * novel * (1 + late * age / days), 0, 1)
    unit, day = np.nonzero(rng.random((n, days)) < chance)
    at = who["time"].to_numpy()[unit] + pd.to_timedelta(day * 86400 + 3600, "s")
    paid = pd.DataFrame({"user": unit, "time": at, "event": "pay"})
    seen = who[["user", "time"]].assign(event="visit", time=who["time"] + timedelta(minutes=1))
    return who, pd.concat([paid, seen])


WORLDS: dict[str, dict] = {
    "600 units with habits": {}, "small n (60)": {"n": 60}, "rare (2 %)": {"rate": 0.02},
    "units alike": {"habit": 500.0}, "everybody grows with age": {"late": 2.0},
}  # fmt: skip


def age_cells() -> list[Cell]:
    def faded(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            who, log = trail(rng, hit, **world)
            found = experiment(
                Assignments(who), EventLog(log), control="A",
                metrics=[Outcome("paid", "count(*) filter (where event = 'pay')")],
            )  # fmt: skip
            return effect_by_age(found.by_age, "paid", **ARMS).p < 0.05

        return called

    def undone(**world) -> Called:
        """A decided test is called wrong: lost units, novelty, peeking."""
        decision = Decision("e", {"A": 0.5, "B": 0.5}, FIRST, 14, FIRST + timedelta(days=13))

        def called(rng: Rng, hit: int) -> bool:
            who, log = trail(rng, hit, **world)
            asked = {"decision": decision, "outcome": "event = 'pay'", "control": "A"}
            return reanalysis(Assignments(who), EventLog(log), **asked).verdict != "fine"

        return called

    return [
        *(Cell("effect_by_age", t, 0.06, faded(**w)) for t, w in WORLDS.items()),
        *(Cell("reanalysis", t, 0.06, undone(**w), planted=False) for t, w in WORLDS.items()),
    ]


def programme_cells() -> list[Cell]:
    """Share of 95 % intervals of what all tests brought that miss it."""

    def missed(alive: float, tests: int = 20, heavy: bool = False, uneven: bool = False) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            error = rng.uniform(0.6, 1.6, tests) * (rng.lognormal(0, 1, tests) if uneven else 1)
            size = rng.standard_t(3, tests) * 2 if heavy else rng.normal(0, 3, tests)
            true = np.where(rng.random(tests) < alive, size, 0)
            read = rng.normal(true, error)
            shipped = read / error > 1.96
            rows = {"test": np.arange(tests), "effect": read, "error": error, "shipped": shipped}
            total = programme(pd.DataFrame(rows)).total
            won = true[shipped].sum() + 8 * hit
            return not total.low - 1e-9 <= won <= total.high + 1e-9

        return called

    return [
        Cell("programme", "a fifth works", 0.06, missed(0.2), slow=True),
        Cell("programme", "none works", 0.06, missed(0.0), slow=True),
        Cell("programme", "most work", 0.06, missed(0.8), slow=True),
        Cell("programme", "small n (4 tests)", 0.06, missed(0.3, tests=4), slow=True),
        Cell("programme", "heavy tails", 0.06, missed(0.2, heavy=True), slow=True),
        Cell("programme", "unequal sizes", 0.06, missed(0.2, uneven=True), slow=True),
    ]


def plan_cells() -> list[Cell]:
    """Tests of the planned size that find the planned effect less often than four in five: the
    share that does not is the size here (promise 22 %)."""

    def weak(draw) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            past = pd.DataFrame({"variant": "x", "y": draw(rng, 4000)})
            table = plan(Units(past), metric="y", effects=[0.1], simulations=0).table
            n = int(table["units"].iloc[0])
            group = np.tile(["A", "B"], n // 2 + 1)[:n]
            y = draw(rng, n) * np.where(group == "B", 1.1, 1.0)
            rows = pd.DataFrame({"variant": group, "y": y})
            return not experiment(Units(rows), metrics=["y"], control="A").table["p"].iloc[0] < 0.05

        return called

    return [
        Cell("plan, tests without the planned power", t, 0.22, weak(f), planted=False)
        for t, f in {
            "normal": lambda r, n: r.normal(10, 4, n),
            "gamma": lambda r, n: r.gamma(1, 20, n),
            "lognormal 1": lambda r, n: r.lognormal(0, 1, n),
            "5 % payers": lambda r, n: (r.random(n) < 0.05) * r.gamma(2, 10, n),
        }.items()
    ]


def effect_cells() -> list[Cell]:
    """An action that does nothing is said to have worked, or to have made it worse."""

    def moved(days: int, alike: float, compared: bool) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            return answer(rng, days, alike, 0.3 * hit, compared) in ("worked", "worse")

        return called

    return [
        Cell("effects", f"{days} days, alike {alike}, {beside}", 0.06,
             moved(days, alike, beside == "beside the rest"))
        for days, alike, beside in (
            (28, 0.0, "beside the rest"), (28, 0.6, "beside the rest"), (56, 0.0, "alone"),
            (28, 0.6, "alone"),
        )
    ]  # fmt: skip


def decision_cells() -> list[Cell]:
    return [*age_cells(), *programme_cells(), *plan_cells(), *effect_cells()]
