"""A family of worlds: one story that can happen in several companies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kpilab.samples.companies.company import Company, Draw, Setting
from kpilab.samples.companies.lever import Lever, Place, inside
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
    effect: float = 1.0

    def usual(self, metric: str, where: Place | None = None) -> pd.DataFrame:
        """The metric's rows of the baseline, in a place."""
        book = self.base.books[metric]
        rows = book["day"].between(*self.setting.days.baseline).to_numpy()
        return book[rows & inside(book, where or {})]

    def by(self, metric: str, dim: str, where: Place | None = None) -> dict[str, float]:
        """The metric of the baseline by value of a dimension, in a place."""
        sums = self.usual(metric, where).groupby(dim, observed=True)["value"].sum()
        return {str(value): float(part) for value, part in sums.items()}

    def shares(self, metric: str, dim: str, where: Place | None = None) -> dict[str, float]:
        """The same as parts of the whole, the largest first."""
        sums = self.by(metric, dim, where)
        whole = sum(sums.values())
        return {v: sums[v] / whole for v in sorted(sums, key=sums.__getitem__, reverse=True)}


@dataclass(frozen=True, slots=True)
class Planted:
    """What stands in a world.

    Attributes:
        target: the goal's target, relative to the goal had nothing happened; None for none.
        background: levers that are no reason: they stay when a reason is taken out.
        market: what happened to everybody; a table of the market tells of it.
        tolerated: kinds that are no error though they are no planted reason.
    """

    goal: str
    kpi: str
    reasons: tuple[Reason, ...]
    target: Range | None = (0.985, 1.02)
    tolerated: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    background: tuple[Lever, ...] = ()
    market: Lever | None = None
    note: str = "nothing"


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
