"""The whole market shrinks; every segment shrinks with it, rates stay as they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kpilab.samples.industries import Industry
from kpilab.samples.people import market_course
from kpilab.samples.plan import Plan
from kpilab.samples.planted import Planted, current_period
from kpilab.samples.world import World


def suits(trade: Industry) -> bool:
    """Every trade."""
    return True


def plant(plan: Plan, rng: np.random.Generator, effect: float) -> tuple[Plan, Planted]:
    """Takes 15-25 % off the market within the first week of the current period."""
    planted = Planted(
        kind="external_decline",
        subject="volume",
        effect_on=plan.industry.goal,
        why="all segments shrink in proportion with the industry index; conversion rates are "
        "unchanged",
        size=_fall,
        period=current_period,
    )
    return replace(plan, market=effect * float(rng.uniform(0.15, 0.25))), planted


def _fall(world: World) -> float:
    """Percent change of the market's mean level against the baseline."""
    return 100 * (float(market_course(world.plan)[world.plan.calendar.days :].mean()) - 1)
