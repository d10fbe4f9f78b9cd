"""Bunching: more values just above a threshold than the density around it explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.distributions import binomial, norm

Floats = NDArray[np.float64]
DEGREES = (2, 3, 4)
WINDOW = 24  # bins on either side
LEAST_VALUES = 50
ROUNDS = 15
NEAR = 4  # bins on either side that the fit is scaled to
STRATUM, MOST_STRATA = 200, 12  # values of like thresholds that one density is fitted to
SURE = 0.01  # of values that are too alike for a density


@dataclass(frozen=True, slots=True)
class Bunching:
    """Values found in the bin just above the threshold against those expected there.

    Attributes:
        found, expected: counts. low, high: interval of the excess. excess: found - expected.
        p: one-sided, calibrated by parametric bootstrap. values: how many lay in the window.
        edges, counts, fitted: histogram and density for drawing.
    """

    found: int
    expected: float
    excess: float
    low: float
    high: float
    p: float
    values: int
    edges: Floats
    counts: Floats
    fitted: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Stratum:
    """Values of one threshold, or of like ones, in bins around it.

    Attributes:
        counts: WINDOW bins below the threshold, the one just above it, and those after it.
        marks: columns that the density may follow beside its polynomial (bins × any number).
        width: of a bin.
    """

    counts: Floats
    marks: Floats
    width: float


def ratios(values: Floats) -> list[Stratum]:
    """One stratum of values measured in multiples of their threshold; bins of an eighth of the
    spread."""
    width = _width(values)
    edges = 1.0 + width * np.arange(-WINDOW, WINDOW + 1)
    counts = np.histogram(values, edges)[0].astype(float)
    return [Stratum(counts, np.empty((len(counts), 0)), width)]


def whole_numbers(values: Floats, thresholds: Floats, weights: Floats) -> list[Stratum]:
    """Strata of whole numbers, each by like thresholds, in bins that begin at the first whole
    number that reaches its own threshold.

    Multiples of thresholds of several sizes would fall into bins like the teeth of combs. People
    round: multiples of 5, 10, 50 … may be as frequent as they are.

    Args:
        values: whole numbers. thresholds: of each. weights: how often each pair occurs.
    """
    unit = float(np.gcd.reduce(np.abs(values).astype(np.int64))) or 1.0
    first = np.ceil(thresholds / unit - 1e-9)
    order = np.argsort(first, kind="stable")
    steps = np.cumsum(weights[order])
    size = max(STRATUM, steps[-1] / MOST_STRATA)
    # A threshold is in one stratum; a stratum that would be left small joins the one before it.
    place = np.minimum((steps - weights[order]) // size, max(steps[-1] // size - 1, 0))
    starts = np.r_[True, np.diff(first[order]) > 0]
    place = np.maximum.accumulate(np.where(starts, place, 0))
    return [
        _stratum(values[rows] / unit, first[rows], weights[rows], unit)
        for rows in (order[place == p] for p in np.unique(place))
    ]


def _stratum(values: Floats, first: Floats, weights: Floats, unit: float) -> Stratum:
    apart = values - first
    width = max(float(np.floor(_width(np.repeat(apart, weights.astype(int))))), 1.0)
    starts = width * np.arange(-WINDOW, WINDOW)
    counts = np.histogram(apart, np.r_[starts, width * WINDOW], weights=weights)[0]
    at, share = np.unique(first, return_inverse=True)
    share = np.bincount(share, weights) / weights.sum()
    decades = 10.0 ** np.arange(np.ceil(np.log10(2 * WINDOW * width)))
    marks = []
    for step in np.sort(np.r_[5 * decades, 10 * decades]):
        if width < step <= WINDOW * width:
            begin = at + starts[:, None]
            inside = np.floor((begin + width - 1) / step) - np.floor((begin - 1) / step)
            marks.append(inside @ share)
    columns = np.array(marks).reshape(len(marks), 2 * WINDOW).T
    return Stratum(counts.astype(float), columns, width * unit)


def excess_above(
    strata: Sequence[Stratum], *, level: float = 0.95, draws: int = 399, seed: int = 1
) -> Bunching | None:
    """Count of the bin just above the threshold against a smooth log-density of all other bins.

    A Poisson regression on a polynomial (degree 2-4, with or without the strata's marks, by AIC) is
    fitted to each stratum without the bin in question, and counts and expectations are summed; the
    departure over its standard error is compared with the same statistic, all chosen anew, on
    samples drawn from the fits (parametric bootstrap), which keeps the size where the normal
    approximation does not. No polynomial follows every density: the same is asked once more with
    the fits scaled to the bins beside the one in question, and p is the larger of the two.

    Values too alike for a density are bunched where most of those within a bin of the threshold lie
    just above it. None with fewer than 50 values in the window, or nothing on one side.

    References: Chetty et al. (2011), Adjustment costs, firm responses, and micro vs. macro labor
    supply elasticities; Kleven and Waseem (2013), Using notches to uncover optimization frictions
    (round numbers).
    """
    able = [s for s in strata if _able(s.counts)]
    if sum(s.counts.sum() for s in able) < LEAST_VALUES:
        return _alike(strata, level)
    rng = np.random.default_rng(seed)
    fits = [_Spot(s) for s in able]
    found = [fit.of(s.counts[None, fit.span]) for fit, s in zip(fits, able, strict=True)]
    drawn = [
        fit.of(rng.poisson(own.mu[0], (draws, own.mu.shape[1])).astype(float))
        for fit, own in zip(fits, found, strict=True)
    ]
    own, simulated = _pooled(found)[0], _pooled(drawn)
    # Ties of the discrete counts are broken at random, so that the size is not below the level
    # either.
    ties = rng.uniform() * np.sum(simulated == own, axis=0)
    p = np.max((1 + np.sum(simulated > own, axis=0) + ties) / (draws + 1))
    counts, fitted = (np.zeros(2 * WINDOW), np.zeros(2 * WINDOW))
    for fit, result, stratum in zip(fits, found, able, strict=True):
        counts[fit.span] += stratum.counts[fit.span]
        fitted[fit.span] += result.mu[0]
    error2 = sum(float(f.error[0] ** 2) for f in found)
    return _told(counts, fitted, error2, float(p), able, level)


def _able(counts: Floats) -> bool:
    """Whether a density can be fitted beside the bin in question."""
    beside = np.delete(counts, WINDOW)
    return bool(
        counts[:WINDOW].any() and counts[WINDOW + 1 :].any() and np.count_nonzero(beside) > 2
    )


def _alike(strata: Sequence[Stratum], level: float) -> Bunching | None:
    counts = np.sum([s.counts for s in strata], axis=0) if strata else np.zeros(2 * WINDOW)
    beside = counts[[WINDOW - 1, WINDOW + 1]]
    if counts.sum() < LEAST_VALUES:
        return None
    # A density of any shape that is wider than a bin has no more in one than beside it.
    p = float(1 - binomial.cdf(counts[WINDOW] - 1, counts[WINDOW] + beside.sum(), 0.5))
    if p > SURE:
        return None
    fitted = counts.copy()
    fitted[WINDOW] = beside.max()
    return _told(counts, fitted, 0.0, p, strata, level)


def _told(
    counts: Floats, fitted: Floats, error2: float, p: float, strata: Sequence[Stratum], level: float
) -> Bunching:
    found, expected = float(counts[WINDOW]), float(fitted[WINDOW])
    half = float(norm.ppf(0.5 + level / 2)) * float(np.sqrt(max(found, 1.0) + error2))
    used = np.flatnonzero(counts)
    span = slice(max(used[0] - 2, 0), min(used[-1] + 3, len(counts)))
    edges = float(np.median([s.width for s in strata])) * np.arange(-WINDOW, WINDOW + 1.0)
    return Bunching(
        int(found), expected, found - expected, found - expected - half, found - expected + half, p,
        int(counts.sum()), edges[span.start : span.stop + 1], counts[span], fitted[span],
    )  # fmt: skip


def _width(values: Floats) -> float:
    """An eighth of the robust spread."""
    low, high = np.quantile(values, [0.25, 0.75])
    return float((high - low) / 1.349 / 8) or float(values.std() / 8) or 1.0


class _Found(NamedTuple):
    """Fits of B histograms: expected counts (B x bins), their error in the hole (B), and what is
    beyond the fit and beyond the fit scaled to the bins beside it, with its variance (B x 2)."""

    mu: Floats
    error: Floats
    beyond: Floats
    variance: Floats


def _pooled(found: Sequence[_Found]) -> Floats:
    """z of the sums over the strata (B x 2)."""
    beyond = np.sum([f.beyond for f in found], axis=0)
    return beyond / np.sqrt(np.sum([f.variance for f in found], axis=0))


class _Spot:
    """The bins of a stratum that hold something, and the designs that may follow them."""

    def __init__(self, stratum: Stratum) -> None:
        used = np.flatnonzero(stratum.counts)
        self.span = slice(max(used[0] - 2, 0), min(used[-1] + 3, len(stratum.counts)))
        self.hole = WINDOW - self.span.start
        x = (np.arange(-WINDOW, WINDOW) + 0.5)[self.span] / WINDOW
        marks = stratum.marks[self.span]
        marks = marks[:, np.ptp(np.delete(marks, self.hole, axis=0), axis=0) > 0]
        shapes = [np.vander(x, d + 1) for d in DEGREES]
        self.designs = shapes + ([np.hstack([s, marks]) for s in shapes] if marks.size else [])

    def of(self, y: Floats) -> _Found:
        """Every histogram (row of `y`) with the design that suits it best."""
        hole = self.hole
        fits = [_fit(design, y, hole) for design in self.designs]
        scores = [
            _aic(y, mu, hole, d.shape[1] - 1) for d, (mu, _) in zip(self.designs, fits, strict=True)
        ]
        best, rows = np.argmin(scores, axis=0), np.arange(len(y))
        mu = np.array([m for m, _ in fits])[best, rows]
        error = np.array([e for _, e in fits])[best, rows]
        beside, spread = _beside(y, mu, error, hole)
        return _Found(
            mu,
            error,
            np.column_stack([y[:, hole] - mu[:, hole], y[:, hole] - beside]),
            np.column_stack([mu[:, hole] + error**2, spread]),
        )


def _beside(y: Floats, mu: Floats, error: Floats, hole: int) -> tuple[Floats, Floats]:
    """Expected count of the hole when the fit is scaled by what the bins beside it hold of theirs,
    and the variance of the count beyond it."""
    near = [k for k in range(max(hole - NEAR, 0), min(hole + NEAR + 1, y.shape[1])) if k != hole]
    fitted = mu[:, near].sum(axis=1)
    scale = (y[:, near].sum(axis=1) + 1) / (fitted + 1)
    expected = mu[:, hole] * scale
    return expected, expected + (error * scale) ** 2 + expected**2 / np.maximum(fitted, 1)


def _fit(design: Floats, y: Floats, hole: int) -> tuple[Floats, Floats]:
    """Poisson regressions without the bin `hole`; expected counts of all bins,
    and the errors in the hole."""
    weight = np.ones(y.shape[1])
    weight[hole] = 0.0
    eta = np.log(np.maximum(y, 0.5))
    for _ in range(ROUNDS):
        mu = np.exp(eta)
        target = weight * (mu * eta + y - mu)
        new = (
            np.linalg.solve(_information(design, weight * mu), (target @ design)[:, :, None])[
                :, :, 0
            ]
            @ design.T
        )
        done = np.max(np.abs(new - eta)) < 1e-6
        eta = np.clip(new, -8, 12)
        if done:
            break
    mu = np.exp(eta)
    row = np.broadcast_to(design[hole][:, None], (len(y), design.shape[1], 1))
    variance = np.linalg.solve(_information(design, weight * mu), row)[:, :, 0] @ design[hole]
    return mu, mu[:, hole] * np.sqrt(variance)


def _information(design: Floats, weight: Floats) -> Floats:
    """Design' W Design for each row of weights."""
    k = design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), k * k)
    return (weight @ products).reshape(len(weight), k, k) + 1e-9 * np.eye(k)


def _aic(y: Floats, mu: Floats, hole: int, degree: int) -> Floats:
    keep = np.arange(y.shape[1]) != hole
    return 2 * degree - 2 * np.sum(y[:, keep] * np.log(mu[:, keep]) - mu[:, keep], axis=1)
