"""One department begins to count a wider event; behaviour does not change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kpilab.samples.books import counted_step
from kpilab.samples.industries import Industry
from kpilab.samples.plan import Plan
from kpilab.samples.planted import Planted, current_period
from kpilab.samples.world import World


def suits(trade: Industry) -> bool:
    """Every trade."""
    return True


def plant(plan: Plan, rng: np.random.Generator, effect: float) -> tuple[Plan, Planted]:
    """Marketing counts an earlier step from the current period on; half of the time it says so."""
    wider = counted_step(plan) - 1
    planted = Planted(
        kind="definition_mismatch",
        subject="active units",
        where={"department": "marketing"},
        effect_on="reported active units (marketing)",
        why="marketing counts a wider event than operations since the start of the current period",
        size=_jump,
        period=current_period,
    )
    # Half the effect: half of the wider event's users are counted, which no definition declares.
    declared = bool(rng.random() < 0.5) and effect == 1
    return replace(plan, wider=wider, widened=effect, declared=declared), planted


def _jump(world: World) -> float:
    """Percent change of marketing's figures between the periods."""
    told = world.reports[world.reports["department"] == "marketing"]
    mean = told.groupby(told["date"] >= str(world.plan.calendar.current.first))["value"].mean()
    return 100 * float(mean[True] / mean[False] - 1)
