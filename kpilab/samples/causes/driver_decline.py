"""A watched driver falls everywhere, from the first day of the current period."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kpilab.samples.industries import Industry
from kpilab.samples.plan import Plan, Rate
from kpilab.samples.planted import Planted, current_period
from kpilab.samples.world import goal_effect


def suits(trade: Industry) -> bool:
    """Every trade."""
    return True


def plant(plan: Plan, rng: np.random.Generator, effect: float) -> tuple[Plan, Planted]:
    """Cuts the rate of one watched step by 13-24 %."""
    watched = [k for k in range(1, len(plan.industry.steps)) if k not in plan.industry.blind]
    step = int(rng.choice(watched))
    lever = Rate(step, 1 - effect * rng.uniform(0.13, 0.24), start=plan.calendar.days)
    planted = Planted(
        kind="driver_decline",
        subject=plan.ratio(step),
        effect_on=plan.industry.goal,
        why="a driver that is on the board falls in every segment alike",
        size=lambda world: goal_effect(world, [lever]),
        period=current_period,
    )
    return replace(plan, rates=(*plan.rates, lever)), planted
