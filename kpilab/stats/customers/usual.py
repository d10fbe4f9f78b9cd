"""Is a segment's ratio now another than the rest's course and its own former windows let expect?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from kpilab.stats.distributions import norm, student

Array = NDArray[np.float64]

BACK = 8  # windows that say what is usual: two years of quarters, so that seasons are in them
LEAST_BACK = 2  # for a placebo
LEAST_OWN = 3  # placebos, for everything to be held against its own history alone
LEAST_COUNT = 2.0  # expected, for a count to be judged
FEW, MANY = 12.0, 30.0  # customers, for a count and for an amount to be judged
COUNTED = 20.0  # contrasts that it is worth to know that each customer decides alone
PRIOR_MOST = 50.0  # worth, in windows, of what all segments together say about the noise


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums of a ratio by segment and window, oldest first.

    Attributes:
        top, bottom: numerator and denominator, each segments × windows.
        noise: summed squares of top − ratio · bottom over what was drawn (customers).
        counts: whether top counts some of bottom.
    """

    top: Array
    bottom: Array
    noise: Array
    counts: bool = False

    @classmethod
    def of(cls, top: Array, bottom: Array, tt: Array, tb: Array, bb: Array) -> Sums:
        """Of an amount, from sums of products over customers."""
        ratio = _over(top, bottom)
        return cls(top, bottom, np.maximum(tt - 2 * ratio * tb + ratio**2 * bb, 0.0))

    @classmethod
    def of_counts(cls, top: Array, bottom: Array, of: Array | None = None) -> Sums:
        """Of customers who did something among those who could (`of`; None: `bottom`)."""
        could = bottom if of is None else of
        return cls(top, bottom, top * (1 - np.nan_to_num(_over(top, could))), counts=True)


@dataclass(frozen=True, slots=True, eq=False)
class Unusual:
    """One row per segment, about the last window.

    Attributes:
        ratio, expected: of the segment, and what its own former windows and the course of the rest
            let expect.
        effect, error: top beyond what is expected, and its standard error.
        p: two-sided; NaN where too little is known. df: of the t distribution behind the interval.
        before: the segment's own former ratio.
        scale: how much more than their customers explain such contrasts moved in former windows.
        noise: relative error of the ratio where nothing happened.
        placebos: how many there were.
    """

    ratio: Array
    expected: Array
    before: Array
    effect: Array
    error: Array
    p: Array
    df: Array
    scale: Array
    noise: Array
    placebos: int


def unusual(part: Sums, rest: Sums, customers: Array) -> Unusual:
    """The last window of each segment against expectation.

    Expected is the segment's own ratio over the four windows before, times the course of the rest
    since then: what all share, season and market, cancels. The error is that of the customers,
    grown by how much the same contrast moved at former windows, where nothing was asked (placebo in
    time), learnt over all segments and shrunk towards their common value.

    Args:
        part: the segments. rest: what is beside each.
        customers: of each segment, a window, for it to be judged.
    """
    last = part.top.shape[1] - 1
    former = [_contrast(part, rest, w) for w in range(LEAST_BACK, last)]
    now = _contrast(part, rest, last)
    z = np.column_stack([f.z for f in former]) if former else np.empty((len(part.top), 0))
    scale, df = _scale(z, COUNTED if part.counts else 0.0)
    known = now.enough & (customers >= (FEW if part.counts else MANY))
    if part.counts:
        known &= now.count >= LEAST_COUNT
    with np.errstate(all="ignore"):
        p = (
            _skewed(part.top[:, last], now, scale)
            if part.counts
            else 2 * student.sf(np.abs(now.z) / scale, df)
        )
        error = np.sqrt(now.variance + now.own) * scale * now.expected * part.bottom[:, last]
    effect = part.top[:, last] - now.expected * part.bottom[:, last]
    return Unusual(
        now.ratio, now.expected, now.before, effect, error, np.where(known, p, np.nan), df, scale,
        np.sqrt(now.null + now.variance) * scale, int(np.isfinite(z).sum()),
    )  # fmt: skip


def by_history(whole: Sums, year: int = 0) -> Unusual:
    """The last window of everything against its own former windows: there is no rest beside it.

    The error is learnt from the same contrast at former windows alone; with fewer than three of
    them nothing is said. What comes every year is no event: where the same window of former years
    is known (`year`: windows a year has), the last one must be unusual beside those too.
    """
    last, none = whole.top.shape[1] - 1, np.zeros_like(whole.top)
    rest = Sums(none + 1, none + 1, none)
    found = unusual(whole, rest, np.full(len(whole.top), MANY))
    scale, m = _own_scale(whole, rest, range(LEAST_BACK, last), 0)
    with np.errstate(all="ignore"):
        error = found.error / found.scale * scale
        p = np.where(m >= LEAST_OWN, 2 * student.sf(np.abs(found.effect) / error, m), np.nan)
        if 0 < year <= last:
            then = _contrast(whole, rest, last, slice(last % year, last, year))
            by_year, n = _own_scale(whole, rest, range(year, last), year)
            known = n >= LEAST_OWN
            z = np.abs(then.z) / np.where(known, by_year, scale)
            season = 2 * student.sf(z, np.where(known, n, m))
            season = np.where(np.sign(then.z) == np.sign(found.effect), season, 1.0)
            p = np.where(np.isfinite(then.z), np.maximum(p, season), p)
    return replace(found, error=error, df=m, scale=scale, p=p)


def _own_scale(whole: Sums, rest: Sums, at: range, year: int) -> tuple[Array, Array]:
    """By how much more than its customers explain the contrast at former windows moved, and how
    many of them there are; beside the windows before, or those of former years."""
    former = [_contrast(whole, rest, w, slice(w % year, w, year) if year else None) for w in at]
    z = np.column_stack([f.z for f in former]) if former else np.empty((len(whole.top), 0))
    m = np.isfinite(z).sum(axis=1).astype(float)
    with np.errstate(all="ignore"):
        return np.sqrt(np.maximum(1.0, np.nansum(z**2, axis=1) / m)), m


@dataclass(frozen=True, slots=True, eq=False)
class _Contrast:
    """A window beside those before it, relative to what is expected.

    `null` is the variance of the window itself if nothing happened, `own` as it is seen,
    `variance` that of the expectation.
    """

    ratio: Array
    expected: Array
    before: Array
    count: Array
    z: Array
    null: Array
    own: Array
    variance: Array
    enough: NDArray[np.bool_]


def _contrast(part: Sums, rest: Sums, w: int, back: slice | None = None) -> _Contrast:
    """A window beside those of `back`; None: the ones before it."""
    back = slice(max(0, w - BACK), w) if back is None else back
    before, beside = _pooled(part, back), _pooled(rest, back)
    ratio, former = _over(part.top[:, w], part.bottom[:, w]), _over(before.top, before.bottom)
    course = _over(_over(rest.top[:, w], rest.bottom[:, w]), _over(beside.top, beside.bottom))
    expected = former * course
    top = expected * part.bottom[:, w]
    variance = (
        _over(before.noise, before.top**2)
        + _over(beside.noise, beside.top**2)
        + _over(rest.noise[:, w], rest.top[:, w] ** 2)
    )
    if part.counts:
        null = _over(_over(before.noise, before.top), top)
        own = _over(part.noise[:, w], top**2)
    else:
        # Few large customers make an amount as loud as it is seen to be: the larger of the two.
        own = _over(part.noise[:, w], top**2)
        usual = _over(before.noise, before.bottom) * part.bottom[:, w]
        null = np.maximum(_over(usual, top**2), own)
    with np.errstate(all="ignore"):
        z = (_over(ratio, expected) - 1) / np.sqrt(null + variance)
    enough = (before.top > 0) & (top > 0) & np.isfinite(z)
    return _Contrast(ratio, expected, former, np.nan_to_num(top), z, null, own, variance, enough)


def _pooled(sums: Sums, back: slice) -> Sums:
    parts = (x[:, back].sum(axis=1) for x in (sums.top, sums.bottom, sums.noise))
    return Sums(*parts, counts=sums.counts)


def _scale(z: Array, alone: float) -> tuple[Array, Array]:
    """Factor of the errors and its degrees of freedom, from contrasts where nothing was asked;
    `alone`: how many of them it is worth to know that customers decide one by one."""
    known = np.isfinite(z)
    each, m = np.where(known, z**2, 0.0).sum(axis=1), known.sum(axis=1)
    if not m.sum():
        return np.ones(len(z)), np.full(len(z), np.inf)
    # A former event in one segment is no noise of all: the middle of the segments' means counts.
    with np.errstate(all="ignore"):
        means = np.where(m > 0, each / m, np.nan)
    seen = float(np.nanmean(np.minimum(means, 3 * np.nanmedian(means))))
    pooled = max(1.0, (alone + m.sum() * seen) / (alone + m.sum()))
    prior = min(PRIOR_MOST, m.sum() / 2)
    square = np.maximum((prior * pooled + each) / (prior + m), 1.0)
    return np.sqrt(square), prior + m


def _skewed(top: Array, now: _Contrast, scale: Array) -> Array:
    """Two-sided p of a count: rises are less rare than a normal curve says where it is small."""
    mean = now.count
    variance = mean**2 * (now.null + now.variance) * scale**2
    spread = variance > 1.0001 * mean
    size = np.where(spread, mean**2 / np.where(spread, variance - mean, 1.0), 1e9)
    share = size / (size + mean)
    # Negative binomial; of the count itself, half (mid-p).
    above = (
        betainc(top + 1, size, 1 - share) + betainc(np.maximum(top, 1e-9), size, 1 - share)
    ) / 2
    below = (betainc(size, top + 1, share) + betainc(size, np.maximum(top, 1e-9), share)) / 2
    # Hardly any who did not do it: no rarer than a normal curve says.
    plain = 2 * norm.sf(np.abs(now.z) / scale)
    return np.where(spread, np.minimum(1.0, 2 * np.minimum(above, below)), plain)


def _over(top: Array, bottom: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)
