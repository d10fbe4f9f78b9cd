"""Cells of the questions under `kpilab.events`; users are drawn, so are their habits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from cells.draws import AFTER, BEFORE, FIRST, Called, Cell, Rng, outside

from kpilab import EventLog, funnel, paths, retention
from kpilab.events import (
    activity,
    blindspots,
    dropoff,
    funnel_change,
    paths_change,
    sequences,
    step_matrix,
)

STEPS = ["visit", "cart", "pay"]
# What the traits change of a log of 400 users with their own habits.
WORLDS: dict[str, dict] = {
    "users with habits": {},
    "users alike": {"habit": 500.0},
    "small n (30 users)": {"users": 30},
    "rare (2 %)": {"rate": 0.02},
    "nearly all (97 %)": {"rate": 0.97},
    "a few users with most of the rows": {"swing": 1.5},
    "unequal sizes": {"sizes": (80, 10, 5, 3, 2)},
    "ties (days, no times)": {"ties": True},
    "dimension missing": {"missing": 0.3},
}


@dataclass(frozen=True, slots=True)
class Users:
    """How many users, their shares and habits, how their visits differ."""

    users: int = 400
    rate: float = 0.5
    habit: float = 2.0
    swing: float = 0.3
    sizes: tuple[int, ...] = (1, 1, 1)
    ties: bool = False
    missing: float = 0.0


def log(rng: Rng, hit: int, w: Users) -> pd.DataFrame:
    """Visits of eight weeks, on each of which a user goes on with a share of his own, twice.

    With an effect, those of platform p0 go on half as often in the second half.
    """
    platform = rng.choice(len(w.sizes), w.users, p=np.array(w.sizes) / sum(w.sizes))
    own = rng.beta(w.habit * w.rate, w.habit * (1 - w.rate), w.users)
    visits = rng.poisson(4 * np.exp(w.swing * rng.standard_normal(w.users))) + 1
    who = np.repeat(np.arange(w.users), np.minimum(visits, 400))
    at = rng.uniform(0, 56, len(who))
    share = own[who] * np.where((platform[who] == 0) & (at >= 28), 1 - 0.6 * hit, 1.0)
    cart = rng.random(len(who)) < share
    pay = cart & (rng.random(len(who)) < share)
    start = pd.Timestamp(FIRST) + pd.to_timedelta(at, "D").round("s")
    parts = [
        pd.DataFrame({"user": who, "event": name, "time": start + pd.Timedelta(minutes=k)})[mask]
        for k, (name, mask) in enumerate(
            zip(STEPS, (np.ones(len(who), bool), cart, pay), strict=True)
        )
    ]
    rows = pd.concat(parts, ignore_index=True)
    name = np.where(rng.random(w.users) < w.missing, None, np.char.add("p", platform.astype(str)))
    rows["time"] = rows["time"].dt.floor("D") if w.ties else rows["time"]
    return rows.assign(platform=name[rows["user"]])


def events_of(rng: Rng, hit: int = 0, **world) -> EventLog:
    return EventLog(log(rng, hit, Users(**world)), dimensions=("platform",))


def change_cells() -> list[Cell]:
    """Something is called a change between two periods, or between those who stop and go on."""
    spans = {"current": AFTER, "baseline": BEFORE}

    def changed(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            found = funnel_change(
                events_of(rng, hit, **world), STEPS, breakdown="platform", **spans
            )
            return bool((found.table["q"] < 0.05).any())

        return called

    def walked(part: str, **world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            found = paths_change(events_of(rng, hit, **world), start="visit", **spans)
            return bool((getattr(found, part)["q"] < 0.05).any())

        return called

    def stopped(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = log(rng, 0, Users(**world))
            if hit:
                bad = (rows["platform"] == "p0") & (rows["event"] == "cart")
                rows = rows[~bad | (rng.random(len(rows)) < 0.3)]
            found = dropoff(rows, STEPS, after="visit", by=["platform"])
            return bool((found.table["q"] < 0.05).any())

        return called

    alike = {k: w for k, w in WORLDS.items() if "ties" not in w}
    return [
        *(Cell("funnel_change", t, 0.06, changed(**w)) for t, w in WORLDS.items()),
        *(Cell("paths_change, ways", t, 0.06, walked("table", **w)) for t, w in alike.items()),
        *(
            Cell("paths_change, neighbours", t, 0.06, walked("transitions", **w))
            for t, w in alike.items()
        ),
        *(Cell("dropoff", t, 0.06, stopped(**w)) for t, w in alike.items()),
    ]


def interval_cells() -> list[Cell]:
    """Share of 95 % intervals that miss the share of the population that the users come from."""

    def share_of(read, truth) -> Called:
        """Two thousand times as many users say what is true."""

        def world_of(**world) -> Called:
            known: dict[str, float] = {}

            def called(rng: Rng, hit: int) -> bool:
                if not known:
                    many = log(np.random.default_rng(1), 0, Users(20_000, **_large(world)))
                    known["truth"] = truth(EventLog(many))
                low, high = read(EventLog(log(rng, 0, Users(**world))))
                return outside(low, high, known["truth"] * (1 - 0.6 * hit))

            return called

        return world_of

    questions = {
        "funnel": (_funnel, lambda e: funnel(e, STEPS).table["rate"].iloc[1]),
        "sequences": (
            _sequences, lambda e: sequences(e, ("visit", "pay")).table["rate"].iloc[0]),
        "blindspots": (_blind, lambda e: _lost(e)["goal_lost"]),
        "retention": (_retention, lambda e: _week_two(e)["rate"]),
        "activity": (_activity, lambda e: activity(e).table["stickiness"].iloc[40:].mean()),
        "paths": (_paths, lambda e: _way(e)["share"]),
        "paths, neighbours": (_neighbours, lambda e: _next(e)["probability"]),
        "step_matrix": (_matrix, lambda e: _second(e)["share"]),
    }  # fmt: skip
    names = ("users with habits", "users alike", "small n (30 users)", "rare (2 %)",
             "nearly all (97 %)", "a few users with most of the rows")  # fmt: skip
    return [
        Cell(name, trait, 0.06, share_of(read, truth)(**WORLDS[trait]))
        for name, (read, truth) in questions.items()
        for trait in names
    ]


def _large(world: dict) -> dict:
    return {k: v for k, v in world.items() if k != "users"}


def _ends(row: pd.Series) -> tuple[float, float]:
    return float(row["low"]), float(row["high"])


def _funnel(e: EventLog) -> tuple[float, float]:
    return _ends(funnel(e, STEPS).table.iloc[1])


def _lost(e: EventLog) -> pd.Series:
    """Goals lost before the cart, per user that began."""
    row = blindspots(e, STEPS, watched=()).table.set_index("step").loc["cart"]
    began = float(funnel(e, STEPS[:1]).table["users"].iloc[0])
    return row[["goal_lost", "low", "high"]].astype(float) / began


def _blind(e: EventLog) -> tuple[float, float]:
    return _ends(_lost(e))


def _sequences(e: EventLog) -> tuple[float, float]:
    return _ends(sequences(e, ("visit", "pay")).table.iloc[0])


def _week_two(e: EventLog) -> pd.Series:
    return retention(e, start="visit", back="cart").curve.set_index("age").loc[1]


def _retention(e: EventLog) -> tuple[float, float]:
    return _ends(_week_two(e))


def _activity(e: EventLog) -> tuple[float, float]:
    return _ends(activity(e).table.iloc[45])


def _way(e: EventLog) -> pd.Series:
    table = paths(e, start="visit").table.set_index("path")
    return table.loc[next(w for w in table.index if "cart" in w and "pay" not in w)]


def _paths(e: EventLog) -> tuple[float, float]:
    return _ends(_way(e))


def _next(e: EventLog) -> pd.Series:
    found = paths(e, start="visit").transitions.set_index(["source", "target"])
    return found.loc[("visit", "cart")]


def _neighbours(e: EventLog) -> tuple[float, float]:
    return _ends(_next(e))


def _second(e: EventLog) -> pd.Series:
    table = step_matrix(e).table
    return table[(table["step"] == 2) & (table["event"] == "cart")].iloc[0]


def _matrix(e: EventLog) -> tuple[float, float]:
    return _ends(_second(e))


def event_cells() -> list[Cell]:
    return [*change_cells(), *interval_cells()]
