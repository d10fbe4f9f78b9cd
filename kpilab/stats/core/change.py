"""The change between two periods: one estimate, one interval, one p-value, for totals and rates
alike.

References: Taylor linearisation of a ratio of sums; Fieller (1954), Some problems in interval
estimation (the ratio of two levels from the very test of their difference); `dependence` for the
noise of a mean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.core import pattern
from kpilab.stats.core.dependence import LongRun, long_run
from kpilab.stats.core.level import Window
from kpilab.stats.core.step import without_step
from kpilab.stats.distributions import student
from kpilab.stats.rounding import beyond_rounding

Array = NDArray[np.float64]
Ends = tuple[float, float]
NAN = float("nan")
BORROWED = 14.0  # days at which a period's own spread weighs as much as that of both
FEW = 10.0  # counts below which their spread says less than that they are counts
WAVES = {
    "day": 1,
    "week": 3,
    "month": 3,
}  # weeks and months depend little on each other, and there are few of them


@dataclass(frozen=True, slots=True)
class Change:
    """A level before and after, with the noise of each.

    Attributes:
        before, after: the levels; NaN where nothing is known.
        variances: of both. df: what they are known with, as degrees of freedom.
        orders: chance that days of two levels would fall apart between the periods as they do, were
            their order mere chance; the p-value where days do not vary around their levels.

    P-value and both intervals are one t test: the interval leaves out "no change" exactly when p <
    1 - level. Where no noise can be told (one day each, nothing that varies) the ends are NaN, and
    p is that of the order of the days.
    """

    before: float
    after: float
    variances: Ends
    df: float
    orders: float = 1.0

    @property
    def value(self) -> float:
        return self.after - self.before

    @property
    def relative(self) -> float:
        """Change as a share of the level before, 0.1 = +10 %; NaN where that is zero."""
        return self.value / abs(self.before) if self.before else NAN

    @property
    def error(self) -> float:
        """Standard error of `value`; zero where no noise can be told."""
        return float(np.sqrt(sum(self.variances)))

    @property
    def log_error(self) -> float:
        """Standard error of the logarithm of after / before; NaN where a level is zero."""
        levels = (self.before, self.after)
        return float(
            np.sqrt(
                sum(v / r**2 if r else NAN for v, r in zip(self.variances, levels, strict=True))
            )
        )

    @property
    def z(self) -> float:
        return self.value / self.error if self.error > 0 else 0.0

    @property
    def p(self) -> float:
        """Two-sided p-value of no change."""
        if self.error > 0:
            return float(2 * student.sf(abs(self.z), self.df))
        return self.orders if beyond_rounding(self.value, (self.before, self.after)) else 1.0

    def ends(self, level: float = 0.95) -> Ends:
        """Interval of `value`."""
        half = self._limit(level) * self.error
        return (self.value - half, self.value + half) if self.error > 0 else (NAN, NAN)

    def relative_ends(self, level: float = 0.95) -> Ends:
        """Interval of `relative`; NaN where the level before cannot be told from zero."""
        if not self.error > 0:
            return NAN, NAN
        found = fieller(
            self.before, self.variances[0], self.after, self.variances[1], self._limit(level)
        )
        if found is None:
            return NAN, NAN
        low, high = found[0] - 1, found[1] - 1
        # Against a negative level the sign turns, so that up stays up.
        return (low, high) if self.before > 0 else (-high, -low)

    def scaled(self, before: float, after: float) -> Change:
        """The same change of other levels (the period's totals), its relative noise kept."""
        parts = zip((before, after), (self.before, self.after), self.variances, strict=True)
        first, second = (v * (new / old) ** 2 if old else v for new, old, v in parts)
        return replace(self, before=before, after=after, variances=(first, second))

    def _limit(self, level: float) -> float:
        return float(student.ppf(0.5 + level / 2, self.df))


@dataclass(frozen=True, slots=True)
class Noise:
    """Relative variances of two levels, and the degrees of freedom they are known with."""

    relative: Ends
    df: float


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How far the days of two periods stray from their levels, before it is asked how they depend
    on each other.

    Attributes:
        pieces: what each day adds to the level of its period, pattern out, in units of its spread.
        variances: of a mean of independent days, relative to the level. shift: what other weekdays
            make of it.
        free: degrees of freedom, were the days independent.
    """

    pieces: tuple[Array, ...]
    variances: Ends
    shift: float
    free: float

    def follows(self, grain: str = "day") -> LongRun:
        """How the days depend on each other."""
        return long_run(*self.pieces, least=WAVES[grain], free=self.free)

    def widened(self, by: LongRun) -> Noise:
        """The noise, given how the days depend on each other."""
        if not self.pieces or not by.df:
            return Noise((0.0, 0.0), 1.0)
        first, second = (v * by.variance for v in self.variances)
        return Noise((first, second + self.shift**2), by.df)


def change(before: Window, after: Window, *, grain: str = "day") -> Change:
    """Change of a rate, or of a daily mean, from one period to the next.

    The noise is that between days, the pattern of the week taken out where every weekday is known
    four times; how days in a row depend on each other is read off their slow waves. Few counts vary
    at least as counts do. Where one period holds other weekdays than the other, what that alone
    would make of the level counts as noise.

    Args:
        before, after: the days of both periods.
        grain: what a "day" is: "day", "week" or "month".
    """
    levels = before.rate, after.rate
    if not np.isfinite(levels).all():
        return Change(*levels, (0.0, 0.0), 1.0)
    found = spread(before, after)
    return of_noise(before, after, found.widened(found.follows(grain)))


def period_change(
    before: Window, after: Window, totals: Ends, *, per_day: bool, grain: str = "day"
) -> Change:
    """`change`, stated in the value of each whole period.

    Args:
        before, after: the days (weeks, months) of both periods, in the order of time.
        totals: values of the periods; they may hold what no day shows (what a log lost, put back).
        per_day: the values add up over days, so that of the baseline is brought to the length of
            the current period.
        grain: what a "day" is.
    """
    found = change(before, after, grain=grain)
    longer = after.days / before.days if per_day and before.days else 1.0
    return found.scaled(totals[0] * longer, totals[1])


def of_noise(before: Window, after: Window, found: Noise) -> Change:
    """The change of two levels whose relative noise is known;
    few counts vary at least as counts do."""
    units = _units(before, after)
    variances = [v * u**2 for v, u in zip(found.relative, units, strict=True)]
    first, second = (max(v, _of_few(w)) for v, w in zip(variances, (before, after), strict=True))
    orders = 2 / comb(before.days + after.days, before.days) if before.days and after.days else 1.0
    return Change(before.rate, after.rate, (first, second), found.df, orders)


def spread(before: Window, after: Window, reference: tuple[Window, Window] | None = None) -> Spread:
    """Spread of the days of two periods, beyond that of the reference on the same days where there
    is one.

    Each period has its own spread, drawn towards that of both where it has few days.
    """
    units = _units(before, after)
    first, second = (w.influence() / u for w, u in zip((before, after), units, strict=True))
    if reference is not None:
        first, second = (
            x - w.influence() / w.rate for x, w in zip((first, second), reference, strict=True)
        )
    days = np.array([np.isfinite(first).sum(), np.isfinite(second).sum()], float)
    first, second, spent, shift = _without_pattern(first, second, before, after)
    (first, one), (second, other) = without_step(first), without_step(second)
    spent += one + other
    n = float(days.sum())
    squares = np.array([np.nansum(first**2), np.nansum(second**2)]) * n / max(n - spent, 1.0)
    if n <= 2 or not squares.sum() > 0:
        return Spread((), (0.0, 0.0), 0.0, 1.0)
    own = np.sqrt(squares / np.maximum(days, 1.0))
    pieces = tuple(x / s for x, s in zip((first, second), own, strict=True) if s > 0)
    # Borrowed is variance over level: right for counts, not far off for noise that grows with the
    # level.
    common = float(squares @ units) / n / np.array(units)
    drawn = (squares + BORROWED * common) / (days + BORROWED) / np.maximum(days, 1.0)
    return Spread(pieces, (float(drawn[0]), float(drawn[1])), shift, n - spent)


def fieller(
    a: float, var_a: float, b: float, var_b: float, limit: float, shared: float = 0.0
) -> tuple[float, float] | None:
    """Ends of the interval of b / a; None when it is unbounded (a within `limit` errors of
    zero)."""
    square = limit**2
    lead, middle = a**2 - square * var_a, a * b - square * shared
    if not lead > 0:
        return None
    root = np.sqrt(max(middle**2 - lead * (b**2 - square * var_b), 0.0))
    return float((middle - root) / lead), float((middle + root) / lead)


def _units(before: Window, after: Window) -> Ends:
    """What influences are measured in: each level itself;
    one size for both where values may be negative."""
    least, most = (f([f(w.num / w.den) for w in (before, after)]) for f in (np.nanmin, np.nanmax))
    if least < 0:
        unit = 10 * max(abs(float(least)), abs(float(most)))
        return unit, unit
    return before.rate or 1.0, after.rate or 1.0


def _without_pattern(
    first: Array, second: Array, before: Window, after: Window
) -> tuple[Array, Array, float, float]:
    """Influences without the pattern of the week, what was estimated,
    and what other weekdays make of the level."""
    # What does not vary has no pattern.
    varies = [float(np.nansum(x**2)) > 0 for x in (first, second)]
    seen = [
        x if v else np.full(len(x), np.nan) for x, v in zip((first, second), varies, strict=True)
    ]
    code = np.concatenate([before.code, after.code])
    usual = pattern.factors(1 + np.concatenate(seen), code)
    if np.all(usual == 1):
        return first, second, 2.0, 0.0
    means = [
        float(np.mean(usual[w.code[np.isfinite(x)]])) for x, w in ((first, before), (second, after))
    ]
    sides = zip((first, second), (before, after), means, varies, strict=True)
    rest = [x - usual[w.code] + m if v else x for x, w, m, v in sides]
    return rest[0], rest[1], 2.0 + pattern.WEEK - 1, means[1] - means[0] if all(varies) else 0.0


def _of_few(window: Window) -> float:
    """Least variance of a level made of few counts; half a count stands for none."""
    total, values = float(np.nansum(window.num)), window.num[np.isfinite(window.num)]
    if not 0 <= total < FEW or np.any(values < 0) or np.any(values != np.round(values)):
        return 0.0
    return max(total, 0.5) / float(np.nansum(window.den)) ** 2
