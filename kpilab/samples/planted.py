"""What was planted in a world, as truth.json has it: read off the finished world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kpilab.core.values import Period
from kpilab.samples.world import World


@dataclass(frozen=True, slots=True)
class Planted:
    """What was planted, as truth.json has it; `size` reads the effect in percent off the finished
    world."""

    kind: str
    subject: str
    effect_on: str
    why: str
    size: Callable[[World], float]
    period: Callable[[World], Period]
    where: Mapping[str, str] = field(default_factory=dict)
    actors: tuple[str, ...] = ()


def current_period(world: World) -> Period:
    """A cause with no start of its own has the current period."""
    return world.plan.calendar.current
