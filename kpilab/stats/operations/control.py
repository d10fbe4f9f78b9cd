"""Control charts: which points of a series are out of the ordinary.

Limits that keep their false-alarm rate: what yesterday tells about today is taken out before the
limits are drawn, and rates of large counts get the extra spread they really have.

References: Montgomery, Introduction to statistical quality control (constants of X-bar, R and
individuals charts); Alwan and Roberts (1988), Time-series modeling for statistical process control;
Laney (2002), Improved control charts for attributes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.errors import BadInput
from kpilab.stats.core.dependence import alike
from kpilab.stats.core.level import capped
from kpilab.stats.distributions import binomial, norm, student
from kpilab.stats.rounding import beyond_rounding

Array = NDArray[np.float64]
LEAST = 12
USUAL = 2 * float(norm.sf(3))  # chance of a false alarm per point: three standard deviations
TWO = 2 / float(np.sqrt(np.pi))  # d2 of two: the mean range of two standard normal values
WORTH = (
    0.62  # a mean moving range of m points is worth about this many degrees of freedom per point
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A control chart, one entry per point.

    Attributes:
        value, centre, low, high: point, what was to be expected, limits.
        outside: the point lies beyond its limits.
        sigma: standard deviation that the limits are made of (of the residuals; of z for rates).
        alike: how much a point resembles the one before it, 0 to .95.
    """

    value: Array
    centre: Array
    low: Array
    high: Array
    outside: NDArray[np.bool_]
    sigma: float
    alike: float


def individuals(
    values: ArrayLike, *, known: int | None = None, false_alarms: float = USUAL, spent: int = 0
) -> Chart:
    """One value per point; what the point before tells is counted in, so that a wandering series
    does not alarm.

    The residuals of a first-order autoregression are charted: centre and limits of a point stand
    where its predecessor puts them. The spread is the mean moving range of the residuals, which one
    shift hardly moves; the width is Student's, because the spread is estimated.

    Args:
        values: in order; NaN for a missing point, which starts the series afresh.
        known: the first points, on which limits are set; None for all.
        false_alarms: chance of a false alarm per point of a usual series.
        spent: what was estimated beforehand (6 for a weekday pattern); limits are widened for it.

    Raises:
        BadInput: fewer than 12 known values.
    """
    x = np.asarray(values, float)
    base = x[:known]
    if np.isfinite(base).sum() < LEAST:
        raise BadInput(
            f"{int(np.isfinite(base).sum())} values", "individuals(values)", f"give {LEAST} or more"
        )
    middle = float(np.nanmean(base))
    followed = alike(capped(beyond_rounding(base - middle, base)))
    before = np.concatenate([[np.nan], x[:-1]]) - middle
    centre = middle + followed * np.where(np.isfinite(before), before, 0.0)
    left = (x - centre)[:known]
    first = ~np.isfinite(before[:known]) & (followed > 0)
    ranges = np.abs(np.diff(np.where(first, np.nan, left)))
    ranges = ranges[np.isfinite(ranges)]
    if not len(ranges):
        raise BadInput(
            "no two points in a row", "individuals(values)", "give a series with fewer gaps"
        )
    sigma = float(ranges.mean()) / TWO
    spent += 2 if followed > 0 else 1  # what is estimated here
    df, cost = max(WORTH * len(ranges) - spent, 2.0), min(spent / len(ranges), 0.5)
    width = float(student.isf(false_alarms / 2, df)) * float(np.sqrt((1 + cost) / (1 - cost)))
    half = np.full(len(x), width * sigma)
    half[~np.isfinite(before)] /= float(np.sqrt(1 - followed**2))
    outside = beyond_rounding(np.maximum(np.abs(x - centre) - half, 0.0), x) > 0
    return Chart(x, centre, centre - half, centre + half, outside, sigma, followed)


def rates(
    num: ArrayLike,
    den: ArrayLike,
    *,
    known: int | None = None,
    false_alarms: float = USUAL,
    spent: int = 0,
) -> Chart:
    """Counts out of counts: Laney's p′, whose limits hold for large counts too.

    A plain p chart takes the binomial for the whole spread; with thousands of counts per point
    everything alarms. Here each rate is measured in binomial standard deviations, and those are
    charted as individuals.

    Args:
        num, den: per point; a point without denominator is missing. known, false_alarms, spent: as
            in `individuals`.

    Rates beyond 0 and 1 are no shares: averages and ratios are charted as individuals. A rate that
    never left 0, or 1, has no spread of its own: the limits are those that the rule of three puts
    on it, for as many as were counted.

    Raises:
        BadInput: fewer than 12 known points.
    """
    n, d = np.asarray(num, float), np.asarray(den, float)
    d = np.where(d > 0, d, np.nan)
    p = float(np.nansum(n[:known]) / np.nansum(np.where(np.isfinite(n[:known]), d[:known], np.nan)))
    if np.nanmax(n / d) > 1 or np.nanmin(n / d) < 0:
        return individuals(n / d, known=known, false_alarms=false_alarms, spent=spent)
    if not 0 < p < 1:
        return _never(n / d, d, p, known, false_alarms)
    unit = np.sqrt(p * (1 - p) / d)
    z = individuals(
        beyond_rounding(n / d - p, p) / unit, known=known, false_alarms=false_alarms, spent=spent
    )
    ends = [p + unit * part for part in (z.centre, z.low, z.high)]
    return Chart(
        n / d, ends[0], np.clip(ends[1], 0, 1), np.clip(ends[2], 0, 1), z.outside, z.sigma, z.alike
    )


def _never(rate: Array, d: Array, p: float, known: int | None, false_alarms: float) -> Chart:
    """A rate that was 0, or 1, throughout: a point is outside when even the largest rate that
    would have stayed unseen so long makes it unlikely."""
    if np.isfinite(rate[:known]).sum() < LEAST:
        raise BadInput(
            f"{int(np.isfinite(rate[:known]).sum())} values",
            "rates(num, den)",
            f"give {LEAST} or more",
        )
    most = min(3.0 / float(np.nansum(d[:known])), 1.0)
    counts = np.arange(1, 200)[:, None]
    likely = 1 - binomial.cdf(counts - 1, np.nan_to_num(d), most)
    half = np.minimum((counts[np.argmax(likely < false_alarms, axis=0), 0] - 1) / d, 1.0)
    centre = np.where(np.isfinite(rate), p, np.nan)
    low, high = (centre, centre + half) if p < 1 else (centre - half, centre)
    return Chart(rate, centre, low, high, (rate > high) | (rate < low), 0.0, 0.0)
