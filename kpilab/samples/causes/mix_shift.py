"""Every segment converts worse, but traffic moves to the best one, so that the total looks flat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kpilab.samples.industries import Industry
from kpilab.samples.plan import Plan, Rate, Shift
from kpilab.samples.planted import Planted, current_period
from kpilab.samples.world import goal_effect


def suits(trade: Industry) -> bool:
    """Every trade."""
    return True


def plant(plan: Plan, rng: np.random.Generator, effect: float) -> tuple[Plan, Planted]:
    """Moves a small, well converting segment to about half of the traffic and cuts a rate by 11-18
    % everywhere."""
    drop = effect * float(rng.uniform(0.11, 0.18))
    step = int(rng.integers(1, len(plan.industry.steps)))
    dim, value, before = _small_segment(plan, rng)
    share = before + (0.5 - before) * float(rng.uniform(0.85, 1.1))
    better = _contrast(before, share, drop)
    # The rate into the step must leave room for a segment that converts better.
    room = min(1.0, 0.9 / (plan.industry.rates[step - 1] * better))
    fall = Rate(step, 1 - drop, start=plan.calendar.days)
    levers = (Rate(step, room), Rate(step, better, {dim: value}), fall)
    planted = Planted(
        kind="mix_shift",
        subject=plan.ratio(step),
        where={dim: value},
        effect_on=plan.industry.goal,
        why="every segment converts worse, but traffic moved to the best-converting one, so "
        "the total looks flat",
        size=lambda world: goal_effect(world, [fall]),
        period=current_period,
    )
    shift = Shift(dim, value, before, share)
    return replace(plan, rates=(*plan.rates, *levers), shift=shift, even=((step, dim),)), planted


def _small_segment(plan: Plan, rng: np.random.Generator) -> tuple[str, str, float]:
    """A dimension value with 10-27 % of the traffic."""
    found = [
        (dim, v, s)
        for dim, shares in plan.level.items()
        for v, s in shares.items()
        if 0.10 <= s <= 0.27
    ]
    dims = sorted({dim for dim, _, _ in found})
    dim = dims[int(rng.integers(len(dims)))]
    fitting = [entry for entry in found if entry[0] == dim]
    return fitting[int(rng.integers(len(fitting)))]


def _contrast(before: float, share: float, drop: float) -> float:
    """How much better the segment must convert for the move to hide a fall of `drop` in every
    segment."""
    gain = 1 / (1 - drop)
    return (gain * (1 - before) - 1 + share) / (share - gain * before)
