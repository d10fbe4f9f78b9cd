"""Did the slope of one series on another change at a known date, whatever way the rest wanders?

References: Harville (1977), Maximum likelihood approaches to variance component estimation and to
related problems; Welch (1947), The generalization of "Student's" problem when several different
population variances are involved; Hall (1992), The Bootstrap and Edgeworth Expansion (the bootstrap
of a studentised estimate).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from kpilab.stats.rounding import beyond_rounding

Array = NDArray[np.float64]
DRAWS = 999
MEMORIES = np.append(
    np.arange(-0.5, 0.85, 0.1), [0.9, 0.95, 0.98, 0.9999]
)  # the last one: a random walk
WANDERS = 0.99  # from here on the first period says nothing
ASKED = np.array(
    [[0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, -1, 1.0]]
)  # slope before, after, and the change


@dataclass(frozen=True, slots=True)
class SlopeBreak:
    """Slope of the goal's changes on the KPI's, before and after a known date.

    Attributes:
        before, after, change: (slope, low, high); change is after minus before.
        p: of "no change". memory: how much of a period's rest stays in the next; 0.9999 stands for
            all.
    """

    before: tuple[float, float, float]
    after: tuple[float, float, float]
    change: tuple[float, float, float]
    p: float
    memory: float


@dataclass(frozen=True, slots=True)
class _Fitted:
    """The regression for one memory of the rest: what turns a series into slopes,
    errors and a criterion."""

    memory: float
    basis: Array
    slopes: Array
    weights: Array
    penalty: float


def slope_break(
    kpi: Array,
    goal: Array,
    first_after: int,
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 1,
) -> SlopeBreak:
    """Test whether the slope changed at period `first_after`.

    The goal is a trend of its own on each side, plus the KPI's changes times the side's slope, plus
    a rest that remembers the period before; how much, restricted maximum likelihood says, from
    nothing to a random walk. Errors let each side have noise of its own size. P-value and intervals
    compare the studentised slopes with those of series made of the same rest, drawn anew on each
    side, so that the search for the memory is paid for.

    Args:
        kpi, goal: one value per period. first_after: position of the first period of the second
            side.
        level: of the intervals. draws: series drawn. seed: of the draws.
    """
    n = len(kpi)
    after = np.arange(n) >= first_after
    fits = list(_fits(_design(kpi, after), after))
    slopes, errors, chosen = (found[0] for found in _estimated(goal[None], fits))
    best = fits[chosen]
    rest = _whitened(goal[None], best.memory)[0]
    rest = rest - best.basis @ (best.basis.T @ rest)
    drawn = _drawn(rest, best, after, draws, np.random.default_rng(seed))
    null_slopes, null_errors, _ = _estimated(drawn, fits)
    null = np.abs(null_slopes / null_errors)
    # In the unit of the goal: what one step of the KPI, from its least to its most, would move.
    slopes = beyond_rounding(slopes * np.ptp(kpi), goal) / np.ptp(kpi)
    wide = np.quantile(null, level, axis=0) * errors
    before, later, change = (
        (float(s), float(s - w), float(s + w)) for s, w in zip(slopes, wide, strict=True)
    )
    p = float((1 + np.sum(null[:, 2] >= abs(slopes[2]) / errors[2])) / (draws + 1))
    return SlopeBreak(before, later, change, p, best.memory)


def _design(kpi: Array, after: NDArray[np.bool_]) -> Array:
    """Level, a trend of each side, and the KPI's changes of each side,
    all summed up to each period."""
    steps = np.append(0.0, np.diff(kpi))
    rates = np.column_stack([~after, after, steps * ~after, steps * after]).astype(float)
    rates[0] = 0.0
    return np.column_stack([np.ones(len(kpi)), np.cumsum(rates, axis=0)])


def _fits(design: Array, after: NDArray[np.bool_]) -> Iterator[_Fitted]:
    for memory in MEMORIES:
        basis, triangle = np.linalg.qr(_whitened(design.T, memory).T)
        slopes = ASKED @ np.linalg.solve(triangle, basis.T)
        leverage = np.sum(basis**2, axis=1)
        weights = np.empty_like(slopes)
        for side in (~after, after):  # the variance of a side's noise, from its own periods
            weights[:, side] = np.sum(slopes[:, side] ** 2, axis=1, keepdims=True) / np.sum(
                1 - leverage[side]
            )
        penalty = float(np.sum(np.log(np.abs(np.diag(triangle)))) - 0.5 * np.log(1 - memory**2))
        yield _Fitted(float(memory), basis, slopes, weights, penalty)


def _whitened(series: Array, memory: float) -> Array:
    """Each row without what it remembers of the period before;
    the first period brought to the others' variance."""
    first = np.sqrt(1 - memory**2) * series[:, :1]
    return np.hstack([first, series[:, 1:] - memory * series[:, :-1]])


def _estimated(series: Array, fits: list[_Fitted]) -> tuple[Array, Array, NDArray[np.int64]]:
    """Per row: the slopes, their errors, and which of the fits has the largest restricted
    likelihood."""
    rows, n = series.shape
    lowest = np.full(rows, np.inf)
    chosen = np.zeros(rows, dtype=np.int64)
    slopes, errors = np.zeros((rows, len(ASKED))), np.zeros((rows, len(ASKED)))
    for k, fit in enumerate(fits):
        white = _whitened(series, fit.memory)
        squares = (white - (white @ fit.basis) @ fit.basis.T) ** 2
        free = n - fit.basis.shape[1]
        criterion = free / 2 * np.log(np.maximum(squares.sum(axis=1), 1e-300)) + fit.penalty
        better = criterion < lowest
        lowest[better], chosen[better] = criterion[better], k
        slopes[better] = white[better] @ fit.slopes.T
        errors[better] = np.sqrt(np.maximum(squares[better] @ fit.weights.T, 1e-300))
    return slopes, errors, chosen


def _drawn(
    rest: Array, fit: _Fitted, after: NDArray[np.bool_], draws: int, rng: np.random.Generator
) -> Array:
    """Series of the same memory whose shocks are those of `rest`, drawn anew on each side; no
    slopes, no trend.

    Shocks are brought back to their variance before the fit; the slopes themselves do not matter,
    since a studentised estimate less its true value does not depend on them.
    """
    scaled = rest / np.sqrt(np.maximum(1 - np.sum(fit.basis**2, axis=1), 0.05))
    known = np.arange(len(rest)) > 0 if fit.memory > WANDERS else np.full(len(rest), True)
    shocks = np.empty((draws, len(rest)))
    for side in (~after, after):
        pool = scaled[side & known]
        shocks[:, side] = rng.choice(pool - pool.mean(), (draws, int(side.sum())))
    shocks[:, 0] /= np.sqrt(max(1 - fit.memory**2, 0.01))
    return np.asarray(lfilter([1.0], [1.0, -fit.memory], shocks, axis=1))
