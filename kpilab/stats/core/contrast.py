"""A change beside something: a reference on the same days, the rest of the whole, or the history.

References: difference in differences on the logarithm; Bertrand, Duflo and Mullainathan (2004), How
much should we trust differences-in-differences estimates? (days in a row resemble each other).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.core.change import Change, change, of_noise, spread
from kpilab.stats.core.dependence import LongRun
from kpilab.stats.core.level import Window
from kpilab.stats.distributions import student

Array = NDArray[np.float64]
LEAST_WINDOWS = 12


@dataclass(frozen=True, slots=True)
class Contrast:
    """Relative change, beyond that of the comparison where there is one.

    Attributes:
        value, low, high: relative change, 0.1 = +10 %; NaN where a rate is zero or undefined.
        p: two-sided p-value of no change.
        detectable: smallest relative rise that would be found with chance .8.
    """

    value: float
    low: float
    high: float
    p: float
    detectable: float


UNKNOWN = Contrast(*[float("nan")] * 5)


def beside(
    before: Window,
    after: Window,
    reference: tuple[Window, Window] | None = None,
    *,
    grain: str = "day",
    level: float = 0.95,
    power: float = 0.8,
) -> Contrast:
    """Relative change of a rate from before to after, minus that of the reference on the same days.

    What both share on a day (weather, a holiday, the market) drops out. Without a reference it is
    `change`.

    Args:
        before, after: days of both periods, at least two each.
        reference: the comparison's days, the same ones as `before` and `after`; None for a plain
            before and after.
        grain: what a "day" is. level: confidence level. power: chance that `detectable` refers to.
    """
    sides = [before, after, *(reference or ())]
    if min(s.days for s in sides) < 2 or not all(s.rate > 0 for s in sides):
        return UNKNOWN
    if reference is None:
        found = change(before, after, grain=grain)
        if not found.error > 0:
            return UNKNOWN
        seen = (
            float(student.ppf(0.5 + level / 2, found.df)) + float(student.ppf(power, found.df))
        ) * found.log_error
        return Contrast(found.relative, *found.relative_ends(level), found.p, float(np.expm1(seen)))
    moved = float(np.log(after.rate / before.rate) - np.log(reference[1].rate / reference[0].rate))
    strayed = spread(before, after, reference)
    known = strayed.widened(strayed.follows(grain))
    error = float(np.sqrt(sum(known.relative)))
    if error == 0:
        return UNKNOWN
    half = float(student.ppf(0.5 + level / 2, known.df)) * error
    value, low, high = (float(e) for e in np.expm1([moved, moved - half, moved + half]))
    p = float(2 * student.sf(abs(moved) / error, known.df))
    return Contrast(
        value, low, high, p, float(np.expm1(half + float(student.ppf(power, known.df)) * error))
    )


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """Growth of several series of counts, one entry per series.

    Attributes:
        changes: of each series' daily mean, each judged by its own days.
        log: ln(after / before) of the daily means (half a count added, so that zero is allowed).
        error: standard error of `log`, the dependence of days pooled over the series. df: degrees
            of freedom.
    """

    changes: tuple[Change, ...]
    log: Array
    error: Array
    df: float

    def minus(self, other: Growth) -> Growth:
        """Growth beyond another, independent series' growth."""
        gone = self.log - other.log
        return Growth(self.changes, gone, np.hypot(self.error, other.error), min(self.df, other.df))

    def rise(self) -> Array:
        """One-sided p-values of "no rise"."""
        return student.sf(self.log / self.error, self.df)


def growth(counts: Array, now: NDArray[np.bool_], code: NDArray[np.int64]) -> Growth:
    """Growth of each row of `counts` (series × days) from the days before to the days `now`; never
    below Poisson noise.

    Few days tell little about dependence: it is pooled over the series, and as well known as the
    days of all tell.
    """
    counts = np.atleast_2d(np.asarray(counts, float))
    pairs = [
        (Window.of(c[~now], None, code[~now]), Window.of(c[now], None, code[now])) for c in counts
    ]
    strayed = [spread(*pair) for pair in pairs]
    each = [s.follows() for s in strayed]
    changes = tuple(
        of_noise(*pair, s.widened(e)) for pair, s, e in zip(pairs, strayed, each, strict=True)
    )
    known = sum(e.df for e in each)
    common = sum(e.variance * e.df for e in each if e.df) / known if known else 1.0
    df = max(min([known, *(s.free for s in strayed if s.pieces)]), 1.0)
    days = np.array([(~now).sum(), now.sum()], float)
    sums = np.stack([counts[:, ~now].sum(axis=1), counts[:, now].sum(axis=1)], axis=1) + 0.5
    relative = np.array([s.widened(LongRun(common, df)).relative for s in strayed])
    error = np.sqrt(np.maximum(relative, 1 / sums).sum(axis=1))
    return Growth(changes, np.log(sums[:, 1] / days[1]) - np.log(sums[:, 0] / days[0]), error, df)


def not_following(kpi: Growth, downstream: Growth, most: float) -> Array:
    """One-sided p-values of "downstream rose by at least `most` times the KPI's log growth"."""
    return student.sf(hollowness(kpi, downstream, most), min(kpi.df, downstream.df))


def hollowness(kpi: Growth, downstream: Growth, most: float) -> Array:
    """t-value of how far downstream stays behind `most` times the KPI's log growth."""
    return (most * kpi.log - downstream.log) / np.hypot(most * kpi.error, downstream.error)


@dataclass(frozen=True, slots=True)
class Placebo:
    """Mean of one window minus mean of another, against what is usual in the history.

    Attributes:
        change: the difference of the two window means.
        error: its usual size where nothing happened (root mean square over the history).
        df: degrees of freedom of `error`; 0 when the history holds too few windows.
        p: two-sided p-value of "no more than usual"; NaN without history.
    """

    change: float
    error: float
    df: float

    @property
    def p(self) -> float:
        return (
            float(2 * student.sf(abs(self.change) / self.error, self.df))
            if self.df
            else float("nan")
        )

    def half(self, level: float) -> float:
        """Half width of the interval of `change`; NaN without history."""
        return (
            float(student.ppf(0.5 + level / 2, self.df) * self.error) if self.df else float("nan")
        )


def against_history(series: Array, base: NDArray[np.bool_], now: NDArray[np.bool_]) -> Placebo:
    """Change from the `base` window to the `now` window of one series, judged by its own history.

    The same pair of windows is moved back over the history (placebo in time); the root mean square
    of those changes, steady growth included, is what is usual. Overlapping windows are worth fewer
    degrees of freedom: n / sum of squared autocorrelations of a random walk's changes, the more
    cautious case.
    """
    weight = now / now.sum() - base / base.sum()
    first, last = np.flatnonzero(base | now)[[0, -1]]
    pattern = weight[first : last + 1]
    moved = float(pattern @ series[first : last + 1])
    gone = last - np.flatnonzero(now)[0] + 1
    ends = range(first + len(pattern) - 1 - gone, len(pattern) - 2, -1)
    past = np.array([pattern @ series[e - len(pattern) + 1 : e + 1] for e in ends])
    past = past[np.isfinite(past)]
    if len(past) < LEAST_WINDOWS:
        return Placebo(moved, float("nan"), 0.0)
    df = max(len(past) / _overlap(pattern), 3.0)
    return Placebo(moved, float(np.sqrt(np.mean(past**2))), df)


def _overlap(pattern: Array) -> float:
    """Sum of squared autocorrelations of the moving change of a random walk."""
    response = np.cumsum(pattern[::-1])[::-1]
    full = np.correlate(response, response, mode="full")
    return float(np.sum((full / full.max()) ** 2))


def standardised(
    before: tuple[Array, Array], after: tuple[Array, Array], variance: float, df: float
) -> Change:
    """Change of a rate at constant mix: segments weighted by their share in the current period.

    Numerators and denominators of both periods, one number per segment; segments without rows in
    the baseline are left out. `variance` is that of one unit of the denominator, known with `df`
    degrees of freedom (of days).
    """
    (n0, d0), (n1, d1) = before, after
    both = (d0 > 0) & (d1 > 0)
    n0, d0, n1, d1 = n0[both], d0[both], n1[both], d1[both]
    share = d1 / d1.sum() if d1.sum() > 0 else d1
    noises = (float(variance * np.sum(share**2 / d)) for d in (d0, d1))
    return Change(
        float(np.sum(share * n0 / d0)),
        float(np.sum(share * n1 / d1)),
        (next(noises), next(noises)),
        df,
    )
