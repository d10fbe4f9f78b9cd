"""What the same days of former years say of a period: its season."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.levels import Array, Levels, Noise, Span

KNOWN = 0.8  # part of a window's days that must be known
GIVEN_BACK = 1 / 3  # part of its move that a season gives back before it comes again


def season(
    levels: Levels, origins: NDArray[np.int64], n: int, start: NDArray[np.int64], noise: Noise
) -> tuple[Array, int, float]:
    """What the window was beyond the days before it in former years, drawn towards nothing by as
    much as noise makes; NaN where no former year is known. And of the last one, how many years it
    has and the part of their season that is believed. A move that was not given back before the
    year was over is a step of the level, and no season."""
    moved = []
    for year in range(1, levels.years + 1):
        known = np.minimum(
            levels.covered(origins, origins + n, year), levels.covered(start, origins, year)
        )
        step = levels.level(origins, origins + n, year) - levels.level(start, origins, year)
        step = np.where(_stayed(levels, origins, n, year, step), 0.0, step)
        moved.append(np.where(known >= KNOWN, step, np.nan))
    if not moved:
        return np.full(len(origins), np.nan), 0, 0.0
    seen = np.isfinite(np.array(moved)).sum(axis=0)
    mean = np.where(seen > 0, np.nansum(moved, axis=0) / np.maximum(seen, 1), np.nan)
    chance = noise.apart(n, origins - start) / np.maximum(seen, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        belief = np.clip(1 - chance / mean**2, 0.0, 1.0)
    belief = np.where(mean == 0, 0.0, belief)
    return belief * mean, int(seen[-1]), float(belief[-1])


def _stayed(
    levels: Levels, origins: NDArray[np.int64], n: int, year: int, step: Array
) -> NDArray[np.bool_]:
    """Whether nothing in the rest of the year went back by a third of the step; never where no rest
    is known.

    From any window to any later one: a business that grows gives its season back from the peak on,
    and may stand above it again by the end of the year.
    """
    peak = levels.level(origins, origins + n, year) * np.sign(step)
    most = np.full(len(origins), np.nan)
    for left in range(levels.positions - n, n - 1, -max(n // 2, 1)):
        later = levels.level(origins - left, origins - left + n, year - 1) * np.sign(step)
        most, peak = np.fmax(most, peak - later), np.fmax(peak, later)
    return most < GIVEN_BACK * np.abs(step)


def between(levels: Levels, ago: NDArray[np.int64], baseline: Span, current: Span) -> float:
    """What the season made from the baseline to the current period in former years, beyond their
    growth; 0 where none is known."""
    then = int(ago[current[0]])
    apart = (current[0] - baseline[0]) / (current[0] - then) if then >= 0 else 0.0
    moved = [
        levels.of_span(current, y) - levels.of_span(baseline, y)
        - apart * (levels.of_span(baseline, y - 1) - levels.of_span(baseline, y))
        for y in range(1, levels.years + 1)
    ]  # fmt: skip
    return float(np.nanmean(moved)) if np.isfinite(moved).any() else 0.0
