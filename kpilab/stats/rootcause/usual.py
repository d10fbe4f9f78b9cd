"""What moves of a place are like when nothing is wrong: its own moves at every former date.

Arrays hold one row per place and one column per slice of time (a week or a day), up to the
baseline's last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kpilab.stats.distributions import chi2, student
from kpilab.stats.rootcause.contrast import TINY, Contrast, Part, Sides, contrast, fuller
from kpilab.stats.rootcause.former import Array, Windows, former, present
from kpilab.stats.rootcause.moderated import moderated
from kpilab.stats.rootcause.toward_mean import counts, left, weights

# Least and most degrees of freedom that all places lend to each.
PRIOR = 3.0, 200.0
# A move a year ago is expected again as far as it exceeds its own noise by this many errors.
SEASON = 1.5
# A trend is expected as far as it is this many errors from none, by this many moves apart.
SURE, FEWEST_MOVES = 2.0, 3.0
MOST = 2.0  # times the move since the baseline: what a place may have moved off its usual level
LEAST_SIZE = 0.25  # a place that was much smaller had no more noise than this factor says


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """What is usual for each place.

    Attributes:
        expected: relative move that it makes anyhow (its own trend or season).
        back: relative move back to its usual level that is to be expected of its baseline.
        factor: of the noise that units alone give, squared: as much larger as its former moves
            were, and smaller where its level is known from more than the baseline.
        df: degrees of freedom of the factor.
        count: former pairs of periods looked at, which overlap.
    """

    expected: Array
    back: Array
    factor: Array
    df: float
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Each place's move beyond what is usual, and how sure it is.

    Attributes:
        amount: of the numerator. would: what the numerator would be without it.
        error, df: of `amount`, were nothing wrong; the error is infinite where nothing can be said.
        size_error: of `amount`, given that it is a fall: for its interval.
        log_p: log of the two-sided p-value, of this place alone.
    """

    amount: Array
    would: Array
    error: Array
    df: Array
    log_p: Array
    size_error: Array

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
    rest = whole - place
    now = moderated(contrast(place, rest))
    totals = place.total().now, rest.total().now
    then = usual(past, past_whole - past, now, totals, windows)
    error = np.where(now.known, now.error * np.sqrt(then.factor), np.inf)
    amount = np.where(now.known, _own(now, then), 0.0)
    df = 1 / (1 / now.df + 1 / then.df) if then.count else now.df
    log_p = np.log(np.clip(2 * student.sf(abs(amount) / error, df), 1e-300, 1.0))
    would = totals[0].num - amount
    sized = error * np.sqrt(fuller(Sides(place.total().base, totals[0]), would))
    return Judged(amount, would, error, df, log_p, sized)


def _own(now: Contrast, then: Usual) -> Array:
    """What is not to be expected. A baseline that was off its usual level makes a move smaller, or
    larger up to twice, and none where there was none."""
    moved = now.amount - then.expected * now.scale
    own = moved - then.back * now.scale
    return np.where(own * moved > 0, np.clip(own, -MOST * abs(moved), MOST * abs(moved)), 0.0)


def usual(
    place: Part, rest: Part, now: Contrast, totals: tuple[Part, Part], windows: Windows
) -> Usual:
    """Former moves of each place, at every former date for which the history has both periods."""
    past = former(place, rest, windows)
    none = np.zeros(len(now.amount))
    if past.count == 0:
        return Usual(none, none, none + 1.0, np.inf, 0)
    chance = np.maximum((now.error / np.maximum(now.scale, TINY))[:, None] ** 2, TINY)
    smaller = np.maximum(now.scale[:, None] / np.maximum(past.sizes, TINY), LEAST_SIZE)
    # Days may have more noise than units: what a level is off its usual one is held against both.
    more = max(1.0, float(np.median((past.moves**2 / (chance * smaller)).mean(1))))
    counted = counts(past, more * chance * smaller)
    there = present(place, rest, totals, windows)
    weight, weight_then = (
        weights(of, more * noise, counted)
        for of, noise in ((there, chance), (past, chance * smaller))
    )
    moves = past.moves - weight_then * past.back
    by_units = chance * smaller * left(weight_then, past)
    df = max(1.0, past.count / max(windows.base, 1))
    mean = moves.mean(1)
    spread = ((moves - mean[:, None]) ** 2).sum(1) / max(past.count - 1, 1)
    spread = np.maximum(spread, by_units.mean(1))
    expected = _trend(mean, spread, df)
    ratios = ((moves - expected[:, None]) ** 2 / by_units).mean(1)
    common, prior = _squeezed(ratios, df)
    factor = (prior * common + df * ratios) / (prior + df)
    expected = _with_season(expected, moves, by_units * factor[:, None], now, windows)
    factor = np.maximum(factor, 1.0) * left(weight, there)[:, 0]
    return Usual(expected, (weight * there.back)[:, 0], factor, prior + df, past.count)


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
