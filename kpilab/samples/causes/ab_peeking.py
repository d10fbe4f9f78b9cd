"""Daily looks without correction, stopped at the first p < 0.05; the planned end shows nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kpilab.core.values import Period
from kpilab.samples.industries import Industry
from kpilab.samples.plan import Plan, Trial
from kpilab.samples.planted import Planted
from kpilab.samples.world import World


def suits(trade: Industry) -> bool:
    """Trades whose users come back, so that a test has a course."""
    return trade.repeat


def plant(plan: Plan, rng: np.random.Generator, effect: float) -> tuple[Plan, Planted]:
    """Runs a test without effect and stops it at a lucky look;
    `effect` has nothing to scale here."""
    test = Trial("peeking", len(plan.industry.steps) - 1)
    planted = Planted(
        kind="ab_peeking",
        subject="exp_1",
        effect_on="experiment readout",
        why="daily looks without correction, stopped at the first p<0.05; at the planned end "
        "nothing is left",
        size=lambda world: 0.0,
        period=_until_decided,
    )
    return replace(plan, trial=test), planted


def _until_decided(world: World) -> Period:
    """From the start to the day of the decision."""
    calendar, look = world.plan.calendar, world.stopped[0] if world.stopped else 0
    start = world.plan.trial.start if world.plan.trial else 0
    return Period(calendar.day(start), calendar.day(start + look + 1))
