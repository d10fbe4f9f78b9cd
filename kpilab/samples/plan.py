"""What is to happen in a sample world: the setting, and the levers that causes pull."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np

from kpilab.core.values import Period
from kpilab.samples.industries import Industry

if TYPE_CHECKING:
    pass

WEEKS = 4


@dataclass(frozen=True, slots=True)
class Calendar:
    """Baseline and current period, equally long,
    and the day a harmless or harmful rollout begins."""

    first: date
    days: int = 7 * WEEKS

    @property
    def baseline(self) -> Period:
        return Period(self.first, self.first + timedelta(days=self.days - 1))

    @property
    def current(self) -> Period:
        return Period(
            self.first + timedelta(days=self.days), self.first + timedelta(days=2 * self.days - 1)
        )

    @property
    def rollout(self) -> int:
        """Day number on which the new version begins: two days before the current period."""
        return self.days - 2

    def day(self, number: int) -> date:
        return self.first + timedelta(days=number)


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate into step `step` is multiplied by `factor` in `where`, from day `start` on."""

    step: int
    factor: float
    where: Mapping[str, str] = field(default_factory=dict)
    start: int = 0


@dataclass(frozen=True, slots=True)
class Shift:
    """In the current period the traffic's share of `value` becomes `share`;
    `before` is the usual one."""

    dim: str
    value: str
    before: float
    share: float


@dataclass(frozen=True, slots=True)
class Signups:
    """Bought sign-ups of one segment, as a share of all usual sign-ups; none becomes active."""

    value: str
    extra: float


@dataclass(frozen=True, slots=True)
class Loss:
    """The log loses `share` of the rows of a segment from day `start` for `days` days."""

    dim: str
    value: str
    start: int
    days: int
    share: float


@dataclass(frozen=True, slots=True)
class Padding:
    """These actors top their claims up on `share` of the days of the current period."""

    actors: tuple[int, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Trial:
    """An A/B test over the first three weeks; `kind` says what is wrong with it.

    Nothing is with "honest" (B is as good as A) and "winner" (B is better for good, and was
    shipped).
    """

    kind: Literal["honest", "winner", "srm", "novelty", "peeking"]
    step: int
    lift: float = 0.0
    dim: str = ""
    value: str = ""
    lost: float = 0.0
    start: int = 3
    days: int = 21

    def window(self, calendar: Calendar) -> Period:
        """The days on which the test runs."""
        return Period(calendar.day(self.start), calendar.day(self.start + self.days - 1))


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before a world is simulated.

    Attributes:
        size: traffic relative to the trade's usual one.
        level: dimension -> value -> share of traffic.
        lean: dimension -> factors on its shares, one row per value of the first dimension.
        weekday: seven factors, Monday first.
        day_sd, user_sd: how much days and users differ in their rates, on the logit scale.
        market: share of the market lost in the current period once the fall is complete.
        wiggle: extra weekly movement of the market that comes and goes, as a standard deviation.
        even: (step, dimension) pairs on which the dimension makes no difference of its own.
        wider: position of the wider step that one department begins to count.
        widened: share of those whom the wider step would add that it does count.
        declared: whether the change of definition is declared.
        reworded: a department words its definition anew without counting differently.
        growth: planned growth of the goal (target over baseline); None for no target.
    """

    industry: Industry
    calendar: Calendar
    size: float
    level: Mapping[str, Mapping[str, float]]
    lean: Mapping[str, np.ndarray]
    weekday: tuple[float, ...]
    day_sd: float
    user_sd: float
    rates: tuple[Rate, ...] = ()
    market: float = 0.0
    wiggle: float = 0.0
    even: tuple[tuple[int, str], ...] = ()
    shift: Shift | None = None
    signups: Signups | None = None
    loss: Loss | None = None
    padding: Padding | None = None
    wider: int | None = None
    widened: float = 1.0
    declared: bool = False
    reworded: bool = False
    trial: Trial | None = None
    growth: float | None = None
    kpi_target: float = 0.97

    def ratio(self, step: int) -> str:
        """Name of the driver 'this step per the one before'."""
        return f"{self.industry.steps[step]}_per_{self.industry.steps[step - 1]}"
