"""Outages: hours in which a series falls far below its own usual hours, while the others go on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.stats.data.loss import weekday_pattern
from kpilab.stats.distributions import negative_binomial, norm, poisson

Floats = NDArray[np.float64]
BORROWED = 200.0  # rows at which a series' own profile over the day weighs as much as that of all
LEAST_EXPECTED = 10.0
TRIMMED = 0.02
BLOCKS = (1, 3, 6)  # hours
LENGTHS = (
    *range(1, 24),
    *range(24, 48, 2),
    *range(48, 97, 4),
)  # hours; ends of long runs are less sharp
HALF_WINDOW = 7


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """What is usual per series and hour, S x T, and how far hours and whole days stray from it, S.

    Attributes:
        expected: rows per hour.
        noise: variance over mean of an hour. swing: relative variance of a whole day beyond noise.
    """

    expected: Floats
    noise: Floats
    swing: Floats


@dataclass(frozen=True, slots=True)
class Outage:
    """Hours `first`..`last` (indices, both included) of series `series`;
    p corrected for the whole search."""

    series: int
    first: int
    last: int
    found: float
    expected: float
    error: float
    p: float

    @property
    def share(self) -> float:
        return 1 - self.found / self.expected

    def interval(self, level: float) -> tuple[float, float]:
        """Ends of the rows missing; not more than were expected at most."""
        half = float(norm.ppf(0.5 + level / 2)) * self.error
        missing = self.expected - self.found
        return missing - half, missing + half


def usual(counts: Floats, weekday: NDArray[np.int64]) -> Usual:
    """Expected rows per hour: level of the two weeks around, pattern of the week, profile of the
    day.

    Args:
        counts: rows per series, day and hour, S x D x 24. weekday: of each day, D, Monday 0.
    """
    series, days, _ = counts.shape
    daily = counts.sum(2)
    pattern = weekday_pattern(daily, weekday)
    window = {"window": 2 * HALF_WINDOW + 1, "center": True, "min_periods": HALF_WINDOW}
    level = (
        pd.DataFrame((daily / pattern).T).rolling(**window).median().bfill().ffill().to_numpy().T
    )
    expected = np.empty_like(counts, dtype=float)
    for part in (weekday < 5, weekday >= 5):
        if not part.any():
            continue
        own, every = counts[:, part].sum(1), counts[:, part].sum((0, 1))
        every = every / max(every.sum(), 1.0)
        profile = (own + BORROWED * every) / (own.sum(1, keepdims=True) + BORROWED)
        expected[:, part] = (level * pattern)[:, part, None] * profile[:, None, :]
    noise = np.array([_noise(c, e) for c, e in zip(counts, expected, strict=True)])
    swing = np.array(
        [_swing(d, e, n) for d, e, n in zip(daily, expected.sum(2), noise, strict=True)]
    )
    return Usual(expected.reshape(series, days * 24), noise, swing)


def worst_hours(
    counts: Floats, own: Usual, rest: Floats, others: Usual, longest: int, least: Floats
) -> Outage | None:
    """The run of hours with the clearest shortfall over all series.

    Runs are ranked by the Poisson likelihood of the shortfall; where the others are short as well,
    less is expected. p is that of a negative binomial with the usual scatter, times the number of
    runs looked at.

    Args:
        counts: rows per series and hour, S x T. own: of `usual` on the same.
        rest, others: the same for the rest of each series' breakdown; NaN rows where there is none.
        longest: most hours of a run. least: smallest share missing of each series, 0-1.
    """
    total, expected = _sums(counts), _sums(own.expected)
    known = ~np.isnan(rest).any(axis=1, keepdims=True)
    rest_total, rest_expected = (
        _sums(np.where(known, rest, 1.0)),
        _sums(np.where(known, others.expected, 1.0)),
    )
    best, looked = (0.0, 0, 0, 0), 0
    for length in [n for n in LENGTHS if n <= min(longest, counts.shape[1])]:
        f, e = (s[:, length:] - s[:, :-length] for s in (total, expected))
        rf, re = (s[:, length:] - s[:, :-length] for s in (rest_total, rest_expected))
        e = e * np.where(known & (re > 0), np.minimum(rf / np.maximum(re, 1e-9), 1.0), 1.0)
        enough = e >= LEAST_EXPECTED
        looked += int(enough.sum())
        gain = np.where(
            enough & (f <= (1 - least[:, None]) * e), _gain(f, e) / own.noise[:, None], 0.0
        )
        s, at = np.unravel_index(int(np.argmax(gain)), gain.shape)
        if gain[s, at] > best[0]:
            best = (float(gain[s, at]), int(s), int(at), length)
    if best[0] == 0:
        return None
    _, s, first, length = best
    return _judged(
        counts[s],
        own,
        rest[s],
        others,
        s,
        *_trimmed(own.expected[s], first, first + length - 1),
        looked,
    )


def _judged(
    counts: Floats,
    own: Usual,
    rest: Floats,
    others: Usual,
    s: int,
    first: int,
    last: int,
    looked: int,
) -> Outage:
    hours = slice(first, last + 1)
    found, expected = float(counts[hours].sum()), float(own.expected[s, hours].sum())
    variance = float(own.noise[s] * expected + own.swing[s] * expected**2)
    if not np.isnan(rest).any() and others.expected[s, hours].sum() > 0:
        base = float(others.expected[s, hours].sum())
        ratio = min(float(rest[hours].sum()) / base, 1.0)
        relative = float(others.noise[s] / base + others.swing[s])
        expected, variance = expected * ratio, variance * ratio**2 + expected**2 * relative
    p = min(1.0, _lower_tail(found, expected, variance) * looked)
    return Outage(s, first, last, found, expected, float(np.sqrt(max(variance, 1.0))), p)


def _lower_tail(found: float, expected: float, variance: float) -> float:
    if variance <= expected * 1.001:
        return float(poisson.cdf(found, expected))
    size = expected**2 / (variance - expected)
    return float(negative_binomial.cdf(found, size, size / (size + expected)))


def _gain(found: Floats, expected: Floats) -> Floats:
    """Log-likelihood ratio of a Poisson count at its own rate against the expected one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(found > 0, found * np.log(found / expected), 0.0) + expected - found


def _trimmed(expected: Floats, first: int, last: int) -> tuple[int, int]:
    """Without the hours at either end in which next to nothing was expected."""
    busy = np.flatnonzero(expected[first : last + 1] >= 0.5)
    return (first + int(busy[0]), first + int(busy[-1])) if len(busy) else (first, last)


def _sums(values: Floats) -> Floats:
    return np.concatenate([np.zeros((len(values), 1)), values.cumsum(1)], axis=1)


def _noise(counts: Floats, expected: Floats) -> float:
    """Variance over mean of the hours of a day, or of blocks where neighbours swing together,
    at least 1."""
    day = expected.sum(1, keepdims=True)
    fitted = expected * (counts.sum(1, keepdims=True) / np.where(day > 0, day, 1.0))
    return max(
        1.0,
        *(
            _scatter(*(v.reshape(len(v), -1, hours).sum(2) for v in (counts, fitted)))
            for hours in BLOCKS
        ),
    )


def _scatter(counts: Floats, fitted: Floats) -> float:
    """Pearson's chi-square per hour without the deepest shortfalls, which may be outages."""
    used = fitted >= 0.5
    if used.sum() < 20:
        return 1.0
    z = np.sort((counts[used] - fitted[used]) / np.sqrt(fitted[used]))
    z2 = z[int(len(z) * TRIMMED) :] ** 2
    # Counts of a day add up to the day: one in each is not free.
    return float(z2.mean()) * counts.shape[1] / max(counts.shape[1] - 1, 1)


def _swing(daily: Floats, expected: Floats, noise: float) -> float:
    """Relative variance of whole days beyond that of their hours, robust."""
    used = expected >= 1
    if used.sum() < 10:
        return 0.0
    ratio = daily[used] / expected[used]
    spread = 1.4826 * float(np.median(np.abs(ratio - np.median(ratio))))
    return max(0.0, spread**2 - float(np.mean(noise / expected[used])))
