"""A candidate: what one kind of cause would say, before the whole review weighs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpilab.core.finding import Cause
from kpilab.core.values import Effect, Where

if TYPE_CHECKING:
    from kpilab.stats.core.change import Change


@dataclass(frozen=True, slots=True)
class Fix:
    """What undoing a cause would do inside the formula: take `amount` out of the current value of
    `node`.

    Attributes:
        node: a leaf of the metric tree.
        amount: how far the cause moved the node's current value, with interval (negative: it
            lowered it).
    """

    node: str
    amount: Effect


def percent(size: Effect, now: float) -> float | None:
    """An amount of the goal in percent of the goal without it; None from zero."""
    without = now - size.value
    return 100 * size.value / abs(without) if without else None


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A possible cause.

    Attributes:
        cause: as it would be said; effect and confidence are filled in when the review is weighed.
        p: chance of such evidence when nothing is wrong, corrected for the search inside its own
            kind; None when the kind's own rule decides and `cause.confidence` stands.
        corrected: the same, corrected for everything the review looked at; None where that is
            done when it is weighed.
        fix: for causes inside the formula.
        rate_effect: relative change of the node that the cause made (0.1 = +10 %), for precedence.
        settled: the numbers of the review stand on it already; it is said whatever its rank.
        effect: of a cause that is measured in the goal's own units; its `fix` then says what it
            moved of a leaf and has no size of its own.
        outside: what its subject did outside each place in which a KPI jumped alone, for
            precedence.
    """

    cause: Cause
    p: float | None
    fix: Fix | None = None
    rate_effect: float | None = None
    settled: bool = False
    effect: Effect | None = None
    corrected: float | None = None
    outside: tuple[tuple[Where, Change], ...] = ()
