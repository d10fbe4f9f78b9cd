"""One planted reason: what is changed, and what a fair analyst would say about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kpilab.samples.companies.company import Draw, Setting
from kpilab.samples.companies.lever import Lever, Place


@dataclass(frozen=True, slots=True)
class Reason:
    """What truth.json says of a reason.

    Attributes:
        kinds: kinds that a fair analyst would accept. where: places that would do, best first.
        but: what of the place is left out.
        start: first day of the trouble. log: what the change log may say about it.
    """

    family: str
    kinds: tuple[str, ...]
    where: tuple[Place, ...]
    levers: tuple[Lever, ...]
    sign: int
    start: int
    note: str
    log: str = ""
    but: Place | None = None

    def scaled(self, effect: float) -> tuple[Lever, ...]:
        return tuple(lever.scaled(effect) for lever in self.levers)


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the reasons took from the goal or gave it, with the same random numbers.

    Attributes:
        effect, before: the goal of the current period and of the baseline with the reason, less
            the same without it.
        there: the effect inside the reason's first place.
    """

    effect: float
    before: float
    there: float


def sizes(full: Draw, without: Draw, goal: str, setting: Setting, places: Sequence[Place]) -> Sizes:
    """Differences of the goal between two draws that differ by one reason."""
    now, then = setting.days.current, setting.days.baseline
    place = places[0] if places else {}
    place = {dim: v for dim, v in place.items() if dim in full.books[goal]}
    return Sizes(
        full.total(goal, now) - without.total(goal, now),
        full.total(goal, then) - without.total(goal, then),
        full.total(goal, now, place) - without.total(goal, now, place),
    )
