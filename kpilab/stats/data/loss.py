"""Lost rows: days on which a series of counts lies far below what the days around it promise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.stats.core.dependence import alike, inflation
from kpilab.stats.core.pattern import factors
from kpilab.stats.distributions import norm

Floats = NDArray[np.float64]

FLANK, LEAST_BEFORE, LEAST_AFTER = 14, 5, 3
A_WEEK = 7
MEDIAN_NOISE = np.pi / 2  # variance of a median against that of a mean
LEAST_EXPECTED = 12.0
LEAST_TO_FOLLOW = 20
BORROWED = 50.0  # counts at which a series' own weekday pattern weighs as much as that of the whole


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days `first`..`last` (indices, both included) of series `series`;
    `z` and `p` of the shortfall."""

    series: int
    first: int
    last: int
    z: float
    p: float


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Found against expected over a stretch; `share` = 1 - found / expected,
    with its standard error."""

    found: float
    expected: float
    error: float

    @property
    def share(self) -> float:
        return 1 - self.found / self.expected if self.expected > 0 else float("nan")

    @property
    def share_error(self) -> float:
        return self.error / self.expected if self.expected > 0 else float("nan")

    def interval(self, level: float) -> tuple[float, float]:
        """Ends of the amount missing."""
        half = float(norm.ppf(0.5 + level / 2)) * self.error
        missing = self.expected - self.found
        return missing - half, missing + half


def weekday_pattern(counts: Floats, weekday: NDArray[np.int64]) -> Floats:
    """Expected size of each day relative to its week, S x D;
    borrowed from all series where counts are small."""
    own, whole = (
        factors(c, weekday, middle="median", least=0)
        for c in (counts, counts.sum(0, keepdims=True))
    )
    weight = np.median(counts, axis=1, keepdims=True) * counts.shape[1] / 7
    return ((weight * own + BORROWED * whole) / (weight + BORROWED))[:, weekday]


def dispersion(counts: Floats, pattern: Floats) -> Floats:
    """Variance over mean of the days around their local level, robust, at least 1;
    widened for slow swings, S."""
    level = (
        pd.DataFrame((counts / pattern).T)
        .rolling(15, center=True, min_periods=5)
        .median()
        .to_numpy()
        .T
    )
    z = (counts - pattern * level) / np.sqrt(np.maximum(pattern * level, 0.5))
    z = z - np.median(z, axis=1, keepdims=True)
    spread = np.maximum(1.0, (1.4826 * np.median(np.abs(z), axis=1)) ** 2)
    # Days of loss are no slow swing: left in, they would widen the errors until nothing is lost.
    z = np.where(np.abs(z) > 3 * np.sqrt(spread)[:, None], 0.0, z)
    follows = np.array(
        [alike(row, corrected=False) if len(row) > LEAST_TO_FOLLOW else 0.0 for row in z]
    )
    # What chance alone lets two neighbours share (two standard errors) is no slow swing.
    rho = np.where(follows > 2 / np.sqrt(z.shape[1]), np.minimum(follows, 0.6), 0.0)
    return spread * np.array([inflation(float(r)) for r in rho])


def worst_stretch(
    counts: Floats, pattern: Floats, others: Floats | None, longest: int, least: float
) -> Stretch | None:
    """The stretch of days with the clearest shortfall over all series, p corrected for the whole
    search.

    Each stretch is compared with the smaller of the median levels in the two weeks before and after
    it, so a series that fades away for good, or a new one, has no shortfall. A stretch that reaches
    the last days has no after. Days on which the `others` fall short as well are expected to be
    lower in proportion.

    Args:
        counts: per series and day, S x D. pattern: of `weekday_pattern`.
        others: the rest of the same breakdown, S x D (NaN rows where there is none).
        longest: most days of a stretch. least: smallest share missing, 0-1.
    """
    spread = dispersion(counts, pattern)
    found, expected, variance = _stretches(counts, pattern, spread, longest)
    if others is not None:
        known = np.asarray(~np.isnan(others).any(axis=1, keepdims=True))
        rest = np.where(known, others, 1.0)
        own = weekday_pattern(rest, np.arange(counts.shape[1]) % 7)
        rest_spread = dispersion(rest, own)
        rest_found, rest_expected, rest_variance = _stretches(rest, own, rest_spread, longest)
        with np.errstate(invalid="ignore", divide="ignore"):
            known = known[:, :, None]
            ratio = np.where(known, np.minimum(rest_found / rest_expected, 1.0), 1.0)
            relative = np.where(known, rest_variance / rest_expected**2, 0.0)
        variance = variance * ratio**2 + expected**2 * relative
        expected = expected * ratio
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (expected - found) / np.sqrt(variance)
        z[(expected < LEAST_EXPECTED) | (found > (1 - least) * expected)] = np.nan
    if np.isnan(z).all():
        return None
    s, a, m = np.unravel_index(int(np.nanargmax(z)), z.shape)
    best = float(z[s, a, m])
    return Stretch(
        int(s), int(a), int(a + m), best, min(1.0, float(norm.sf(best)) * int((expected > 0).sum()))
    )


def shortfall(series: Floats, pattern: Floats, first: int, last: int) -> Shortfall:
    """Found and expected of one series over a stretch, from the levels around it."""
    spread = float(dispersion(series[None, :], pattern[None, :])[0])
    before, n_before = _level(series[:first] / pattern[:first], FLANK)
    after, n_after = _level((series[last + 1 :] / pattern[last + 1 :])[::-1], FLANK)
    levels = [
        v
        for v, n, least in ((before, n_before, LEAST_BEFORE), (after, n_after, LEAST_AFTER))
        if n >= least
    ]
    if not levels:
        return Shortfall(float(series[first : last + 1].sum()), float("nan"), float("nan"))
    weight = float(pattern[first : last + 1].sum())
    expected, flank = float(np.mean(levels)) * weight, n_before + n_after
    variance = spread * expected + MEDIAN_NOISE * spread * expected * weight / max(flank, 1)
    return Shortfall(
        float(series[first : last + 1].sum()), expected, float(np.sqrt(max(variance, 1.0)))
    )


def refilled(
    series: Floats, weekday: NDArray[np.int64], lost: NDArray[np.bool_], part: NDArray[np.int64]
) -> Floats:
    """The series with lost days replaced by what such days usually hold: the mean of the same
    weekday around.

    Around are the days up to two weeks before and after that belong to the same part, so that what
    changed from one part to the next is not undone; days of the other part count where the own one
    has less than a week of them. A sum of series is refilled as the sum of what each is refilled
    with.

    Args:
        series: per day, D or D x K. weekday: of each day, 0-6. lost: days to replace. part: period
            of each day.
    """
    out = series.astype(float)
    for p in np.unique(part[lost]):
        days = np.flatnonzero(lost & (part == p))
        near = (
            ~lost
            & (np.arange(len(series)) >= days[0] - FLANK)
            & (np.arange(len(series)) <= days[-1] + FLANK)
        )
        same = near & (part == p)
        near = same if same.sum() >= A_WEEK else near
        for day in days:
            alike = near & (weekday == weekday[day])
            alike = alike if alike.any() else near
            out[day] = series[alike].mean(axis=0) if alike.any() else series[day]
    return out


def _level(values: Floats, n: int) -> tuple[float, int]:
    near = values[-n:]
    return (float(np.median(near)), len(near)) if len(near) else (float("nan"), 0)


def _stretches(
    counts: Floats, pattern: Floats, spread: Floats, longest: int
) -> tuple[Floats, Floats, Floats]:
    """Found, expected and variance of every stretch that starts on day a and lasts m + 1 days,
    S x D x longest."""
    s, d = counts.shape
    level = pd.DataFrame((counts / pattern).T)
    before = level.rolling(FLANK, min_periods=LEAST_BEFORE).median().shift(1).to_numpy().T
    after = level[::-1].rolling(FLANK, min_periods=LEAST_AFTER).median().shift(1)[::-1].to_numpy().T
    total = np.concatenate([np.zeros((s, 1)), counts.cumsum(1)], axis=1)
    weight = np.concatenate([np.zeros((s, 1)), pattern.cumsum(1)], axis=1)
    found, expected, variance = (np.full((s, d, longest), np.nan) for _ in range(3))
    for m in range(min(longest, d)):
        starts = np.arange(d - m)
        f, w = (
            total[:, starts + m + 1] - total[:, starts],
            weight[:, starts + m + 1] - weight[:, starts],
        )
        e = (
            np.fmin(
                before[:, starts],
                np.where(np.isnan(after[:, starts + m]), np.inf, after[:, starts + m]),
            )
            * w
        )
        e = np.where(np.isnan(before[:, starts]), np.nan, e)
        found[:, starts, m], expected[:, starts, m] = f, e
        flank = np.minimum(starts, FLANK) + np.minimum(d - 1 - starts - m, FLANK)
        variance[:, starts, m] = spread[:, None] * (e + MEDIAN_NOISE * e * w / np.maximum(flank, 1))
    return found, expected, np.maximum(variance, 1.0)
