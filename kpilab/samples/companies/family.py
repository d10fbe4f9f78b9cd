"""A family of worlds: one story that can happen in several companies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from kpilab.samples.companies.company import Company, Draw, Setting
from kpilab.samples.companies.ranges import Need, Range, Ranges
from kpilab.samples.companies.reason import Reason


@dataclass(frozen=True, slots=True)
class Scene:
    """What a family has at hand when it plants: the company as it would have been."""

    rng: np.random.Generator
    firm: Company
    setting: Setting
    base: Draw
    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Planted:
    """What stands in a world.

    Attributes:
        target: the goal's target, relative to the goal had nothing happened; None for none.
        tolerated: kinds that are no error though they are no planted reason.
    """

    goal: str
    kpi: str
    reasons: tuple[Reason, ...]
    target: Range | None = (0.985, 1.02)
    tolerated: tuple[str, ...] = ()
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """One story.

    Attributes:
        suits: can it happen in this company?
        plant: pulls levers on the company as it would have been.
        need: what it asks of the history. room: how far drivers may rise above their usual level.
    """

    name: str
    suits: Callable[[Company], bool]
    plant: Callable[[Scene], Planted]
    need: Need = field(default_factory=Need)
    room: Mapping[str, float] = field(default_factory=dict)
