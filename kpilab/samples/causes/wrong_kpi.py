"""Sign-ups are bought in one segment: the KPI rises, nobody of them becomes active."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kpilab.samples.industries import Industry
from kpilab.samples.plan import Plan, Signups
from kpilab.samples.planted import Planted, current_period
from kpilab.samples.world import World


def suits(trade: Industry) -> bool:
    """Trades where people sign up."""
    return trade.signup is not None


def plant(plan: Plan, rng: np.random.Generator, effect: float) -> tuple[Plan, Planted]:
    """Adds sign-ups worth 50-85 % of the usual ones in one segment."""
    dim = plan.industry.signup_dim or ""
    value = str(rng.choice(list(plan.level[dim])))
    planted = Planted(
        kind="wrong_kpi",
        subject="new_units",
        where={dim: value},
        effect_on="sign-ups",
        why="the KPI rises through incentivised sign-ups that never become active; the goal "
        "does not move",
        size=_rise,
        period=current_period,
    )
    return replace(plan, signups=Signups(value, effect * float(rng.uniform(0.5, 0.85)))), planted


def _rise(world: World) -> float:
    """Percent change of the sign-ups in the facts."""
    count = world.facts.groupby(world.facts["date"] >= str(world.plan.calendar.current.first))[
        f"n_{world.plan.industry.signup}"
    ].sum()
    return 100 * float(count[True] / count[False] - 1)
