"""One place that moved on its own, and when several of them are one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot

from kpilab.core.values import Effect, Where
from kpilab.questions.drivers import Driver


@dataclass(frozen=True, slots=True)
class Found:
    """One place that moved on its own.

    Attributes:
        driver: that moved. where: the place.
        amount: the driver's numerator beyond what it would be, had the place moved as the rest did.
        change: the same as a share of what it would be; None from zero.
        effect: what it made of the goal, through the place's own rates and values.
        rest: how the driver moved outside the place, as it is; None from zero.
        p: two-sided, of the place that stood out, which this one describes.
        pays: how many tests it pays for: places of one dimension and of two share the error rate,
            so that the few large ones need not pay for the many small ones.
        tests: how many places and drivers were looked at.
        share: part of the goal that the place holds, 0-1.
    """

    driver: Driver
    where: Where
    amount: Effect
    change: float | None
    rest: float | None
    effect: Effect
    p: float
    pays: int
    tests: int
    share: float

    @property
    def corrected(self) -> float:
        return min(1.0, self.p * self.pays)

    def scaled(self, times: float) -> Found:
        """The same move of more or fewer rows."""
        return replace(self, amount=self.amount.scaled(times), effect=self.effect.scaled(times))


def together(found: Sequence[Found]) -> list[Found]:
    """Places of one driver that differ in one value and moved alike are one place."""
    kept: list[Found] = []
    for one in found:
        for k, other in enumerate(kept):
            where = _joined(one, other)
            if where is not None:
                kept[k] = _both(other, one, where)
                break
        else:
            kept.append(one)
    return kept


def _joined(one: Found, other: Found) -> Where | None:
    if one.driver != other.driver or one.effect.value * other.effect.value < 0:
        return None
    a, b = dict(one.where.values), dict(other.where.values)
    apart = [d for d in a if a.get(d) != b.get(d)]
    if set(a) != set(b) or len(apart) != 1 or not _like(one.change, other.change):
        return None
    return Where(b | {apart[0]: tuple(sorted({*a[apart[0]], *b[apart[0]]}, key=str))})


def _like(a: float | None, b: float | None) -> bool:
    return a is not None and b is not None and 0.4 <= abs(a) / abs(b) <= 2.5


def _both(first: Found, second: Found, where: Where) -> Found:
    def summed(a: Effect, b: Effect) -> Effect:
        halves = [((e.high or 0.0) - (e.low or 0.0)) / 2 for e in (a, b)]
        half, value = hypot(*halves), a.value + b.value
        return Effect(value, value - half, value + half, a.unit)

    amount = summed(first.amount, second.amount)
    would = sum(f.amount.value / f.change for f in (first, second) if f.change)
    return replace(
        first,
        where=where,
        amount=amount,
        change=amount.value / would if would else None,
        effect=summed(first.effect, second.effect),
        share=first.share + second.share,
    )
