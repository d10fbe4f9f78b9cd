"""The lift of B is curiosity: gone within a week of first sight, nothing is left after shipping."""

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
    """Lifts the weakest step of B at first sight by 70-120 %, halving every 1.4 days."""
    weakest = int(np.argmin(plan.industry.rates)) + 1
    test = Trial("novelty", weakest, lift=effect * float(rng.uniform(0.7, 1.2)))
    planted = Planted(
        kind="ab_novelty",
        subject="exp_1",
        effect_on="experiment readout",
        why="the uplift of B halves every 1.4 days after first exposure; nothing is left after "
        "shipping",
        size=lambda world: 0.0,
        period=lambda world: test.window(world.plan.calendar),
    )
    return replace(plan, trial=test), planted
