"""A driver on no dashboard and no KPI falls everywhere,
from the first day of the current period."""

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
    """Cuts the rate of one unwatched step by 14-26 %."""
    step = int(rng.choice(plan.industry.blind))
    lever = Rate(step, 1 - effect * rng.uniform(0.14, 0.26), start=plan.calendar.days)
    planted = Planted(
        kind="untracked_leak",
        subject=plan.ratio(step),
        effect_on=plan.industry.goal,
        why="the watched KPI is healthy; the loss is in a step on no dashboard and no KPI",
        size=lambda world: goal_effect(world, [lever]),
        period=current_period,
    )
    return replace(plan, rates=(*plan.rates, lever)), planted
