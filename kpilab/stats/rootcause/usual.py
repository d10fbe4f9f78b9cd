"""What moves of a place are like when nothing is wrong: its own moves at every former date.

Arrays hold one row per place and one column per slice of time (a week or a day), up to the
baseline's last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.distributions import chi2, student
from kpilab.stats.rootcause.contrast import TINY, Contrast, Part, Sides, contrast, would_be

Array = NDArray[np.float64]
# Least and most degrees of freedom that all places lend to each.
PRIOR = 3.0, 200.0
# A move a year ago is expected again as far as it exceeds its own noise by this many errors.
SEASON = 1.5
# A trend is expected as far as it is this many errors from none, by this many moves apart.
SURE, FEWEST_MOVES = 2.0, 3.0
LEAST_SIZE = 0.25  # a place that was much smaller had no more noise than this factor says


@dataclass(frozen=True, slots=True)
class Windows:
    """The two periods in slices of time.

    Attributes:
        base, current: slices of each. gap: from the start of the one to that of the other.
        year: slices of a year; None where the history has less than a year before.
    """

    base: int
    current: int
    gap: int
    year: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """What is usual for each place.

    Attributes:
        expected: relative move that it makes anyhow (its own trend or season).
        factor: how many times larger the square of its former moves is than units alone give, at
            least 1. df: degrees of freedom of the factor.
        count: former pairs of periods looked at, which overlap.
    """

    expected: Array
    factor: Array
    df: float
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Each place's move beyond what is usual, and how sure it is.

    Attributes:
        amount: of the numerator. would: what the numerator would be without it.
        error, df: of `amount`; the error is infinite where nothing can be said.
        log_p: log of the two-sided p-value, of this place alone.
    """

    amount: Array
    would: Array
    error: Array
    df: Array
    log_p: Array

    @property
    def relative(self) -> Array:
        """Move as a share of the mean of what is and what would be, -2 to 2."""
        size = (abs(self.would + self.amount) + abs(self.would)) / 2
        return self.amount / np.maximum(size, TINY)


def judge(place: Sides, whole: Sides, past: Part, past_whole: Part, windows: Windows) -> Judged:
    """Each place against what is left of the whole without it.

    Args:
        place, whole: columns are groups of units; `whole` has one row, or one per place.
        past, past_whole: the same in slices of time.
    """
    now = contrast(place, whole - place)
    then = usual(past, past_whole - past, now, windows)
    error = np.where(now.known, now.error * np.sqrt(then.factor), np.inf)
    amount = np.where(now.known, now.amount - then.expected * now.scale, 0.0)
    df = 1 / (1 / now.df + 1 / then.df) if then.count else now.df
    log_p = np.log(np.clip(2 * student.sf(abs(amount) / error, df), 1e-300, 1.0))
    return Judged(amount, place.total().now.num - amount, error, df, log_p)


def usual(place: Part, rest: Part, now: Contrast, windows: Windows) -> Usual:
    """Former moves of each place, at every former date for which the history has both periods."""
    moves, sizes = former(place, rest, windows)
    count = moves.shape[1]
    none = np.zeros(len(now.amount))
    if count == 0:
        return Usual(none, none + 1.0, np.inf, 0)
    chance = (now.error / np.maximum(now.scale, TINY)) ** 2
    smaller = np.maximum(now.scale[:, None] / np.maximum(sizes, TINY), LEAST_SIZE)
    by_units = np.maximum(chance[:, None] * smaller, TINY)
    df = max(1.0, count / max(windows.base, 1))
    mean = moves.mean(1)
    spread = ((moves - mean[:, None]) ** 2).sum(1) / max(count - 1, 1)
    spread = np.maximum(spread, by_units.mean(1))
    expected = _trend(mean, spread, df)
    ratios = ((moves - expected[:, None]) ** 2 / by_units).mean(1)
    common, prior = _squeezed(ratios, df)
    factor = (prior * common + df * ratios) / (prior + df)
    expected = _with_season(expected, moves, by_units * factor[:, None], now, windows)
    return Usual(expected, np.maximum(factor, 1.0), prior + df, count)


def _trend(mean: Array, spread: Array, df: float) -> Array:
    """The move that a place makes time and again, as far as it is sure.

    A few former moves are no trend: the last of them ends with the baseline, and a low baseline
    makes that one a fall and the present one a rise.
    """
    if df < FEWEST_MOVES:
        return np.zeros_like(mean)
    return mean * np.clip(1 - SURE**2 * spread / df / np.maximum(mean**2, TINY), 0, 1)


def _squeezed(ratios: Array, df: float) -> tuple[float, float]:
    """What the places have in common, and how many degrees of freedom it is worth to each: many
    where they differ by no more than their own few moves let one expect (Smyth 2004)."""
    common = float(np.median(ratios)) / float(chi2.ppf(0.5, df) / df)
    # Below what chance gives the noise is not lowered: how far below says nothing.
    above = np.maximum(ratios, 1.0) / max(common, 1.0)
    spread = float(np.mean(np.minimum(above - 1, 3.0) ** 2))
    prior = 2 / max(spread - 2 / df, 2 / PRIOR[1])
    return common, float(min(np.clip(prior, *PRIOR), len(ratios) * df))


def _with_season(
    expected: Array, moves: Array, noise: Array, now: Contrast, windows: Windows
) -> Array:
    """The move of the year before is expected again where it was clear and the present one is
    alike."""
    if windows.year is None:
        return expected
    # The last former move ends with the baseline: `gap` slices before the present one.
    back = moves.shape[1] - 1 - (windows.year - windows.gap)
    if not 0 <= back < moves.shape[1]:
        return expected
    then = moves[:, back]
    season = np.sign(then) * np.maximum(abs(then) - SEASON * np.sqrt(noise[:, back]), 0)
    alike = (season * now.relative > 0) & (abs(season) > abs(expected))
    return np.where(alike, season, expected)


def former(place: Part, rest: Part, windows: Windows) -> tuple[Array, Array]:
    """Relative moves and sizes of each place at each former date; no columns where the history is
    too short."""
    starts = np.arange(0, place.num.shape[1] - windows.gap - windows.current + 1)
    if len(starts) == 0:
        return np.zeros((len(place.num), 0)), np.zeros((len(place.num), 0))

    def windowed(x: Array, length: int, shift: int) -> Array:
        run = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, 1)], 1)
        return run[:, starts + shift + length] - run[:, starts + shift]

    def part(of: Part, length: int, shift: int) -> Part:
        below = None if of.den is None else windowed(of.den, length, shift)
        return Part(windowed(of.num, length, shift), below)

    def both(of: Part) -> Sides:
        return Sides(part(of, windows.base, 0), part(of, windows.current, windows.gap))

    then = both(place)
    would = would_be(then, both(rest))
    size = (abs(then.now.num) + abs(would)) / 2
    known = (size > TINY) & (abs(then.base.num) > TINY)
    return np.where(known, (then.now.num - would) / np.maximum(size, TINY), 0.0), size
