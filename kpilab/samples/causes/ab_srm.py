"""Users of one segment vanish from arm B before they are logged: the split no longer fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kpilab.samples.industries import Industry
from kpilab.samples.plan import Plan, Trial
from kpilab.samples.planted import Planted


def suits(trade: Industry) -> bool:
    """Trades whose users come back, so that a test has a course."""
    return trade.repeat


def plant(plan: Plan, rng: np.random.Generator, effect: float) -> tuple[Plan, Planted]:
    """Loses 36-46 % of one large segment in arm B, mostly users who would not have converted."""
    dim = next(iter(plan.level))
    value = str(rng.choice([v for v, share in plan.level[dim].items() if share >= 0.3]))
    lost = effect * float(rng.uniform(0.36, 0.46))
    test = Trial("srm", len(plan.industry.steps) - 1, dim=dim, value=value, lost=lost)
    planted = Planted(
        kind="ab_srm",
        subject="exp_1",
        where={dim: value},
        effect_on="experiment readout",
        why="weak users of one segment were lost from arm B before logging; the true effect of "
        "B is zero",
        size=lambda world: 0.0,
        period=lambda world: test.window(world.plan.calendar),
    )
    return replace(plan, trial=test), planted
