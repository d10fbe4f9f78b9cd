"""A few actors top their claims up to the target or the next bonus tier."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kpilab.samples.industries import Industry
from kpilab.samples.plan import Padding, Plan
from kpilab.samples.planted import Planted, current_period
from kpilab.samples.work import name
from kpilab.samples.world import World


def suits(trade: Industry) -> bool:
    """Every trade."""
    return True


def plant(plan: Plan, rng: np.random.Generator, effect: float) -> tuple[Plan, Planted]:
    """Lets two or three actors pad on 55-75 % of their days."""
    n = 2 if rng.random() < 0.65 else 3
    actors = tuple(
        sorted(int(k) for k in rng.choice(np.arange(1, plan.industry.actors + 1), n, replace=False))
    )
    planted = Planted(
        kind="fabricated_execution",
        subject=plan.industry.action,
        actors=tuple(name(plan, k) for k in actors),
        effect_on=plan.industry.action,
        why="a few people top their counts up to the bonus tier; the evidence and the "
        "follow-up are missing",
        size=_overstated,
        period=current_period,
    )
    return replace(plan, padding=Padding(actors, effect * float(rng.uniform(0.55, 0.75)))), planted


def _overstated(world: World) -> float:
    """Percent by which the current period's real work is overstated."""
    now = world.executions[world.executions["day"] >= world.plan.calendar.days]
    padded = int(now["padded"].sum())
    return 100 * padded / (int(now["claimed"].sum()) - padded)
