"""Slips of the clock and of units: days whose figures are the usual ones, moved or multiplied."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

from kpilab.stats.distributions import chi2, norm

Floats = NDArray[np.float64]
FACTORS = (10.0, 100.0, 1000.0, 60.0)
NEAR = 0.12
LEAST_ROWS = 50
LEAST_AMOUNTS = 5  # a day of fewer orders may be one of small ones
LEAST_DAYS = 5  # fewer do not say what is usual
USUAL = 2.0  # a day moved back fits at most so many times worse than the middle one
MOST_NEGATIVE = 0.05  # amounts of both signs have no factor
QUANTILES = (0.1, 0.5, 0.9)  # small, typical and large amounts of a day
MOSTLY = 0.5  # of the factor, on the scale of logarithms, by which the small and large ones moved


def clock_slips(hours: Floats, alpha: float = 0.01) -> NDArray[np.int64]:
    """Hours by which each day's profile is moved against the others, 0 for none.

    The multinomial likelihood of each of the 23 moves is held against that of none; a move counts
    when twice the gain in log-likelihood passes chi-square with Bonferroni over moves and days,
    times the dispersion that the days usually have, and the moved profile fits the day better by a
    tenth of a unit per row. Moved back, the day must be a usual one: a day on which other things
    happen (no mailing, a weekend) fits no hour, and has not slipped.

    Args:
        hours: rows per day and hour, D x 24.
    """
    moved = np.zeros(len(hours), dtype=np.int64)
    many = np.flatnonzero(hours.sum(1) >= LEAST_ROWS)
    if len(many) < LEAST_DAYS:
        return moved
    off = np.stack([_misfit(hours[k], hours.sum(0) - hours[k]) for k in many])
    usual = float(np.median(off[:, 0]))
    limit = chi2.isf(alpha / (23 * len(hours)), 1) * max(1.0, usual / 23)
    for k, each in zip(many, off, strict=True):
        best = int(np.argmin(each))
        gain = each[0] - each[best]
        if gain > limit and gain > 0.2 * hours[k].sum() and each[best] < USUAL * max(usual, 23.0):
            moved[k] = best if best <= 12 else best - 24
    return moved


def _misfit(day: Floats, others: Floats) -> Floats:
    """Deviance of a day's hours from the others' profile moved by 0..23 hours."""
    profile = (others + 0.5) / (others + 0.5).sum()
    return np.array([2 * rel_entr(day, day.sum() * np.roll(profile, s)).sum() for s in range(24)])


def unit_slips(amounts: Floats, rows: Floats, alpha: float = 0.01) -> Floats:
    """Factor by which each day's amounts are off the usual ones (10, 100, 1000, 60 or one over it),
    1 for none.

    A day counts when its typical amount is near a factor and further off than the days' own scatter
    leads to, Bonferroni over days (the median of a handful of unlike orders is ten times the usual
    one by chance), and its small and large amounts moved with it: where two prices lie a factor
    apart, a day with more of one is no slip.

    Args:
        amounts: D x 3, small, typical and large amount per day (quantiles at `QUANTILES`); NaN
            where there is none.
        rows: amounts behind each.
    """
    typical = amounts[:, 1]
    out, known = np.ones(len(typical)), np.isfinite(typical) & (rows >= LEAST_AMOUNTS)
    if known.sum() < LEAST_DAYS or (typical[known] <= 0).mean() > MOST_NEGATIVE:
        return out
    off = np.log10(np.where(known[:, None] & (amounts > 0), amounts, np.nan))
    off -= np.nanmedian(off, axis=0)
    few = np.sqrt(np.maximum(rows, 1) / np.median(rows[known]))
    scatter = 1.4826 * np.nanmedian(np.abs(off[:, 1] * few))
    limit = norm.isf(alpha / (2 * known.sum())) * scatter / few
    for factor in FACTORS:
        for sign in (1, -1):
            moved = sign * off / np.log10(factor)
            near = np.abs(off[:, 1] - sign * np.log10(factor)) < NEAR
            near &= (np.abs(off[:, 1]) > limit) & (moved[:, [0, 2]] > MOSTLY).all(axis=1)
            out[near] = factor**sign
    return out
