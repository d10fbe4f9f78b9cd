"""A sales team: opportunities and the stages they went through."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kpilab.samples.companies.company import (
    Company,
    Draw,
    Knob,
    Papers,
    Setting,
    book,
    column,
    uneven,
)
from kpilab.samples.companies.lever import SPARE, Lever, doubled, kept, pulled
from kpilab.samples.companies.span import busy, grown

SEGMENTS = ("small", "mid", "enterprise")
WORTH = {"small": 4_000.0, "mid": 15_000.0, "enterprise": 48_000.0}
TRADES = ("retail", "finance", "health", "public", "energy")
REGIONS = ("DACH", "Nordics", "UK", "Benelux", "Iberia")
ORIGINS = ("inbound", "cold call", "partner", "fair")
DIMS = ("segment", "industry", "region", "origin", "rep")
STAGES = ("qualified", "demo", "proposal", "won")
CHANCE = (0.68, 0.66, 0.54)  # of the next stage
LAG = (6.0, 11.0, 16.0)  # days until it, median
ROWS = 3.2  # stages entered per opportunity
BEFORE = 150  # days of opportunities before the first day, so that deals close from then on


def simulate(setting: Setting, levers: Sequence[Lever]) -> Draw:
    """The team's tables; the same setting with other levers differs by the levers alone."""
    rng = np.random.default_rng(setting.seed)
    deals = _deals(rng, setting, levers)
    history = _stages(rng, setting, deals, levers)
    deals = deals[deals["happens"]]
    history = history[history["happens"] & (history["time"] < setting.days.days)]
    history = doubled(history.sort_values("time", kind="stable"), levers)
    days = setting.days
    tables = {
        "opportunities": pd.DataFrame(
            {
                "opportunity_id": deals["opportunity_id"].to_numpy(),
                "created_date": days.dates(deals["day"].to_numpy()),
                **{dim: deals[dim].to_numpy() for dim in DIMS},
                "amount": deals["amount"].to_numpy(),
            }
        ),
        "stage_history": pd.DataFrame(
            {
                "opportunity_id": history["opportunity_id"].to_numpy(),
                "stage": history["stage"].to_numpy(),
                "entered_at": days.moments(history["time"].to_numpy()),
            }
        ),
    }
    won = history[history["stage"] == "won"]
    ones = {name: np.ones(len(rows)) for name, rows in (("won", won), ("deals", deals))}
    books = {
        "won_amount": book(won, DIMS, won["amount"].to_numpy()),
        "won_deals": book(won, DIMS, ones["won"]),
        "opportunities": book(deals, DIMS, ones["deals"]),
    }
    return Draw(tables, books)


def _deals(rng: np.random.Generator, setting: Setting, levers: Sequence[Lever]) -> pd.DataFrame:
    """Possible opportunities, and which are opened."""
    days, room = setting.days, setting.spare("join", SPARE)
    level = busy(rng, days, setting.course) * grown(days, setting.course.growth)
    level = level * np.where(days.calendar().dayofweek < 5, 1.3, 0.05)
    before = level[rng.integers(0, min(90, len(level)), BEFORE)]
    usual = setting.rows / ROWS / days.days
    count = rng.poisson(np.concatenate([before, level]) * usual * room)
    day = np.repeat(np.arange(-BEFORE, days.days), count)
    n = len(day)
    reps = [f"rep {k:02d}" for k in range(1, int(rng.integers(8, 19)))]
    frame = pd.DataFrame({"day": day, "time": day + 0.33 + 0.4 * rng.random(n)})
    for dim, names in (("industry", TRADES), ("region", REGIONS), ("origin", ORIGINS)):
        frame[dim] = column(rng, names, uneven(rng, len(names), 0.25), n)
    frame["rep"] = column(rng, reps, uneven(rng, len(reps), 0.25), n)
    frame["segment"] = column(rng, SEGMENTS, np.array([0.45, 0.35, 0.2]), n)
    worth = frame["segment"].astype(str).map(WORTH).to_numpy() * rng.lognormal(0, 0.45, n)
    price = pulled(levers, "price", frame, day)
    frame["amount"] = np.round(worth * price, -1)
    frame["opportunity_id"] = pd.Categorical([f"OP{k:06d}" for k in range(n)])
    factor = pulled(levers, "join", frame, day)
    frame["happens"] = kept(rng.random(n), factor, room)
    return frame


def _stages(
    rng: np.random.Generator, setting: Setting, deals: pd.DataFrame, levers: Sequence[Lever]
) -> pd.DataFrame:
    """Stages of all possible opportunities: each next one by chance, some time later."""
    there = deals["happens"].to_numpy()
    time = deals["time"].to_numpy()
    parts = [deals.assign(stage=STAGES[0], happens=there)]
    room = setting.spare("win", 1.0)
    quality = rng.normal(0, 0.35, len(deals))
    for k, stage in enumerate(STAGES[1:]):
        wait = LAG[k] * rng.lognormal(0, 0.6, len(deals))
        time_then = time + wait * pulled(levers, "slow", deals, time)
        odds = np.log(CHANCE[k] / (1 - CHANCE[k])) + quality
        lever = "win" if stage == "won" else stage
        chance = pulled(levers, lever, deals, time_then) / (1 + np.exp(-odds))
        goes = there & (rng.random(len(deals)) < np.minimum(chance, room))
        lost = deals.assign(time=time_then + 2, happens=there & ~goes, stage="lost")
        parts += [lost, deals.assign(time=time_then, happens=goes, stage=stage)]
        there, time = goes, time_then
    frame = pd.concat(parts, ignore_index=True)
    frame["day"] = np.floor(frame["time"]).astype(int)
    frame["stage"] = pd.Categorical(frame["stage"], [*STAGES, "lost"])
    return frame


def papers() -> Papers:
    """Tables and metrics of case.yml."""
    linked = [f"opportunities.{dim}" for dim in DIMS]
    tables = {
        "stage_history": {
            "kind": "events", "source": "stage_history.csv", "time": "entered_at",
            "user": "opportunity_id", "event": "stage",
            "links": {"opportunity_id": "opportunities"}, "dimensions": linked,
        },
        "opportunities": {
            "kind": "entities", "source": "opportunities.csv", "key": "opportunity_id",
            "time": "created_date", "dimensions": list(DIMS),
        },
    }  # fmt: skip
    won = "filter (where stage = 'won')"
    metrics = {
        "won_amount": {
            "table": "stage_history", "measure": f"sum(opportunities.amount) {won}",
        },
        "won_deals": {"table": "stage_history", "measure": f"count(*) {won}"},
        "opportunities": {"table": "opportunities", "measure": "count(*)"},
    }  # fmt: skip
    funnel = {"table": "stage_history", "steps": list(STAGES), "within": "365d"}
    return Papers(tables, metrics, funnels={"main": funnel})


GOALS, KPI = ("won_amount", "won_deals"), ("opportunities",)
LOST = ("local_regression", "driver_decline", "untracked_leak")
SLOW = ("slow_cycle", "delay", *LOST)
KNOBS = {
    "ratio": Knob("win", DIMS, GOALS, KPI, LOST, seen="won_deals", harsh=2.4, width=1),
    "slow": Knob(
        "slow", DIMS[:-1], GOALS, KPI, SLOW, -0.27, 1.6, 3.5, seen="won_deals", harsh=1.8, plain=2
    ),
}
SALES = Company(
    "sales", "a sales team", simulate, papers, KNOBS, flow="join", cycle=14, rows=(20_000, 90_000)
)
