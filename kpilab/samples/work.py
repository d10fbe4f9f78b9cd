"""Work records of sample worlds: what actors claim, and the traces that real work leaves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilab.samples.people import market_course, weekday_factors
from kpilab.samples.plan import Plan

MATCHED, FOLLOWED, MINUTES = 0.96, 0.545, 10.9
CARE_SD, SENSOR_SD = 0.013, 0.155


def executions(plan: Plan, rng: np.random.Generator) -> pd.DataFrame:
    """One row per actor and day; `padded` counts what was claimed without being done (dropped on
    writing)."""
    trade, days = plan.industry, 2 * plan.calendar.days
    mean = trade.claims * rng.lognormal(0, 0.05)
    target = round(1.16 * mean)
    tier = target + max(3, round(0.22 * mean))
    actor = np.tile(np.arange(1, trade.actors + 1), days)
    day = np.repeat(np.arange(days), trade.actors)
    pace = rng.lognormal(0, rng.uniform(0.03, 0.22), trade.actors)
    course = (weekday_factors(plan) * market_course(plan))[day]
    done = rng.poisson(mean * pace[actor - 1] / pace.mean() * course)
    padded = _padding(plan, actor, day, done, target, tier, rng)
    claimed = done + padded
    logged = (claimed * MINUTES * rng.lognormal(0, 0.11, len(done))).round()
    table = pd.DataFrame(
        {"record_id": np.arange(len(done)), "day": day, "actor": _names(plan, actor)}
    )
    table["action"], table["target"], table["bonus_tier_2"] = trade.action, target, tier
    table["claimed"] = claimed
    care = np.clip(rng.normal(MATCHED, CARE_SD, trade.actors), 0.9, 0.995)
    table["system_matched"] = rng.binomial(done, care[actor - 1])
    table["followup_active"] = rng.binomial(done, FOLLOWED)
    table["minutes_logged"] = logged
    table["sensor_minutes"] = _sensed(logged, padded, claimed, rng)
    table["padded"] = padded
    return table


def name(plan: Plan, actor: int) -> str:
    """Name of an actor by number."""
    return f"{plan.industry.actor}_{actor:02d}"


def _names(plan: Plan, actor: np.ndarray) -> np.ndarray:
    return np.array([name(plan, k) for k in range(plan.industry.actors + 1)])[actor]


def _padding(
    plan: Plan,
    actor: np.ndarray,
    day: np.ndarray,
    done: np.ndarray,
    target: int,
    tier: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Claims on top: short of the target up to it, else up to the next bonus tier,
    if it is near enough."""
    if plan.padding is None:
        return np.zeros(len(done), int)
    liable = np.isin(actor, plan.padding.actors) & (day >= plan.calendar.days)
    goal = np.where(done < target, target, tier) + (rng.random(len(done)) < 0.3)
    reach = np.maximum(2, np.ceil(0.4 * target))
    chosen = liable & (rng.random(len(done)) < plan.padding.share) & (goal - done <= reach)
    return np.where(chosen, np.maximum(goal - done, 0), 0)


def _sensed(
    logged: np.ndarray, padded: np.ndarray, claimed: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Half of the time sensors see less than what is entered, and never what was not done."""
    share = np.clip(rng.normal(1.0, SENSOR_SD, len(logged)), 0.5, 1.0)
    return (logged * share * (1 - padded / np.maximum(claimed, 1))).round()
