"""One combination of segments breaks with the rollout; each single dimension shows little of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kpilab.core.values import Period
from kpilab.samples.industries import Industry
from kpilab.samples.plan import Plan, Rate
from kpilab.samples.planted import Planted
from kpilab.samples.world import World, goal_effect


def suits(trade: Industry) -> bool:
    """Every trade."""
    return True


def plant(plan: Plan, rng: np.random.Generator, effect: float) -> tuple[Plan, Planted]:
    """Cuts one rate by 55-70 % where one or two dimension values meet the new version."""
    dim, _, new = plan.industry.rollout
    where = _combination(plan, rng) | {dim: new}
    step = int(rng.integers(1, len(plan.industry.steps)))
    lever = Rate(step, 1 - effect * rng.uniform(0.55, 0.70), where, plan.calendar.rollout)
    planted = Planted(
        kind="local_regression",
        subject=plan.ratio(step),
        where=where,
        effect_on=plan.industry.goal,
        why="one combination of dimensions broke with the rollout; each single dimension shows "
        "a diluted drop",
        size=lambda world: goal_effect(world, [lever]),
        period=_since_rollout,
    )
    return replace(plan, rates=(*plan.rates, lever)), planted


def _combination(plan: Plan, rng: np.random.Generator) -> dict[str, str]:
    """One or two dimension values that hold about an eighth of the traffic."""
    dims = list(plan.level)
    pairs = [(a, b) for k, a in enumerate(dims) for b in dims[k + 1 :]]
    found = [
        ({a: x, b: y}, plan.level[a][x] * plan.level[b][y])
        for a, b in pairs
        for x in plan.level[a]
        for y in plan.level[b]
    ]
    found += [({a: x}, plan.level[a][x]) for a in dims for x in plan.level[a]]
    fitting = [where for where, share in found if 0.10 <= share <= 0.18]
    return dict(fitting[int(rng.integers(len(fitting)))])


def _since_rollout(world: World) -> Period:
    calendar = world.plan.calendar
    return Period(calendar.day(calendar.rollout), calendar.current.last)
