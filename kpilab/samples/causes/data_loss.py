"""The log loses most rows of one segment for some days, at every step at once; the books do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kpilab.core.values import Period
from kpilab.samples.industries import Industry
from kpilab.samples.plan import Loss, Plan
from kpilab.samples.planted import Planted
from kpilab.samples.world import World, goal


def suits(trade: Industry) -> bool:
    """Every trade."""
    return True


def plant(plan: Plan, rng: np.random.Generator, effect: float) -> tuple[Plan, Planted]:
    """Drops 80-93 % of the rows of one segment for 6-10 days of the current period."""
    found = [
        (dim, v)
        for dim, shares in plan.level.items()
        for v, share in shares.items()
        if 0.17 <= share <= 0.5
    ]
    dim, value = found[int(rng.integers(len(found)))]
    days = int(rng.integers(6, 11))
    start = plan.calendar.days + int(rng.integers(2, plan.calendar.days - days - 2))
    loss = Loss(dim, value, start, days, effect * float(rng.uniform(0.80, 0.93)))
    planted = Planted(
        kind="data_loss",
        subject="events",
        where={dim: value},
        effect_on=f"log-based {plan.industry.goal}",
        why="the log lost most rows of one segment for some days at every step at once; the "
        "ledger shows no drop",
        size=_lost,
        period=lambda world: Period(
            world.plan.calendar.day(start), world.plan.calendar.day(start + days - 1)
        ),
    )
    return replace(plan, loss=loss), planted


def _lost(world: World) -> float:
    """Percent of the current period's goal that only the log lost."""
    return 100 * (
        goal(world.plan, world.events, current=True) / goal(world.plan, world.true, current=True)
        - 1
    )
