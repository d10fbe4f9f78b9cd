"""On the way to a target: what is due by now, where it will end, the chance to reach it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kpilab.stats.forecast import LEAST, forecast


@dataclass(frozen=True, slots=True)
class End:
    """Where a period will end, with 80 % interval,
    and the chance that this is at or above the target (None: none)."""

    value: float
    low: float
    high: float
    chance: float | None


def elapsed(usual: ArrayLike, known: int) -> float:
    """Share of a total that usually falls on the first `known` of the period's days,
    given each day's usual amount."""
    weights = np.asarray(usual, float)
    return (
        float(weights[:known].sum() / weights.sum()) if weights.sum() > 0 else known / len(weights)
    )


def end(
    past: ArrayLike,
    so_far: float,
    known: int,
    planned: int,
    *,
    target: float | None = None,
    adds: bool = True,
    season: int | None = None,
) -> End | None:
    """Expected value of the whole period if nothing changes; None with too little past for a
    forecast.

    Args:
        past: the series up to now, history included, oldest first; gaps are left out.
        so_far: value of the period so far (a total, or a mean).
        known, planned: days (weeks, months) that are over, and all.
        target: for the whole period. adds: the values add up (else they average). season: length of
            the season.
    """
    left = planned - known
    if left <= 0:
        return End(so_far, so_far, so_far, None if target is None else float(so_far >= target))
    values = np.asarray(past, float)
    values = values[np.isfinite(values)]
    if len(values) < LEAST:
        return None
    found = forecast(values, left, season=season)
    means = (found.mean, found.mean_low, found.mean_high)
    if adds:
        ends = [so_far + left * m for m in means]
        wanted = None if target is None else (target - so_far) / left
    else:
        ends = [(known * so_far + left * m) / planned for m in means]
        wanted = None if target is None else (planned * target - known * so_far) / left
    return End(ends[0], ends[1], ends[2], None if wanted is None else found.attain(wanted))
