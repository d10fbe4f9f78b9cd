"""When a level changed, and whether at once or gradually:
one regression per candidate start and length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from kpilab.stats.core.dependence import MOST_IN_A_WINDOW, alike
from kpilab.stats.core.pattern import dummies
from kpilab.stats.rounding import beyond_rounding

Array = NDArray[np.float64]
LENGTHS = (1, 4, 7, 14, 21, 28)  # days from the old level to the new; 1 is a step
MARGIN = 2  # days at either end that cannot be told from an edge


@dataclass(frozen=True, slots=True, eq=False)
class Dated:
    """A dated change.

    Attributes:
        start: index of the first day of the change; length: days until the new level is reached.
        chance: per day, chance that the change began on it (given that there was one).
        gradual: chance that it took more than one day.
        before, change, error: old level, change of level and its standard error.
        fitted: level per day.
        p: chance of as sharp a change somewhere in the series if nothing changed.
    """

    start: int
    length: int
    chance: Array
    gradual: float
    before: float
    change: float
    error: float
    fitted: Array
    p: float


def date_change(
    rate: Array, weight: Array, pattern: NDArray[np.intp], *, draws: int = 499, seed: int = 0
) -> Dated | None:
    """Date the one largest change of level; None when the series is too short.

    Args:
        rate: level per day; weight: precision of each day (its exposure; equal for plain totals).
        pattern: recurring group of each day (0-6, its weekday), taken out.
        draws: permutations of the residuals for `p`.
    """
    n = len(rate)
    if n < 4 * MARGIN + 2:
        return None
    starts, lengths = np.meshgrid(np.arange(MARGIN, n - MARGIN + 1), LENGTHS)
    keep = starts + lengths <= n + 1
    starts, lengths = starts[keep], lengths[keep]
    shape = np.clip((np.arange(n) - starts[:, None] + 1) / lengths[:, None], 0.0, 1.0)
    root = np.sqrt(weight / weight.mean())
    base = np.column_stack([np.ones(n), dummies(pattern)]) * root[:, None]
    y, x = rate * root, shape * root
    fits = _fits(y, x, base)
    rho = _after(fits, starts, lengths)
    if rho > 0:
        fits = _fits(_new(y, rho), _new(x, rho), _new(base.T, rho).T)
    log_chance = fits.log_chance - np.log(np.where(lengths == 1, 1, len(LENGTHS) - 1))
    chance = np.exp(log_chance - logsumexp(log_chance))
    best = int(np.argmax(chance))
    null = _nothing(fits, draws, seed)
    change = float(fits.change[best])
    before = float(np.average(rate - change * shape[best], weights=weight))
    return Dated(
        int(starts[best]), int(lengths[best]), np.bincount(starts, chance, n).astype(float),
        float(chance[lengths > 1].sum()), before, change, float(fits.error[best]),
        before + change * shape[best],
        float((1 + np.sum(null >= fits.explained[best])) / (draws + 1)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Fits:
    """One regression per candidate, the pattern taken out of the series `y` and of the shapes `x`.

    `basis`: what was taken out; `explained`: share of the squares; `change`, `error`: the
    coefficient and its standard error.
    """

    y: Array
    x: Array
    basis: Array
    size: Array
    explained: Array
    change: Array
    error: Array
    log_chance: Array


def _fits(y: Array, x: Array, base: Array) -> _Fits:
    basis = np.linalg.qr(base)[0]
    y, x = beyond_rounding(y - basis @ (basis.T @ y), y), x - (x @ basis) @ basis.T
    size = np.maximum(np.einsum("ij,ij->i", x, x), 1e-12)
    change = (x @ y) / size
    gain, total = change**2 * size, float(y @ y)
    free = len(y) - base.shape[1] - 1
    left = np.maximum(total - gain, 1e-12 * max(total, 1e-300))
    error = np.sqrt(left / free / size)
    explained = gain / max(total, 1e-300)
    return _Fits(y, x, basis, size, explained, change, error, -0.5 * free * np.log(left))


def _nothing(fits: _Fits, draws: int, seed: int) -> Array:
    """Share of the squares that the clearest change explains in each of so many shuffled series.

    The pattern is taken out of them as well: it takes some of their squares along, and of few days
    many.
    """
    shuffled = np.random.default_rng(seed).permuted(np.tile(fits.y, (draws, 1)), axis=1)
    shuffled -= shuffled @ fits.basis @ fits.basis.T
    total = np.maximum(np.einsum("ij,ij->i", shuffled, shuffled), 1e-300)
    return np.max((shuffled @ fits.x.T) ** 2 / fits.size, axis=1) / total


def _after(fits: _Fits, starts: NDArray[np.intp], lengths: NDArray[np.intp]) -> float:
    """How much days resemble the day before, the clearest change taken out: 0 to .8."""
    best = int(np.argmax(fits.log_chance))
    rest = fits.y - fits.change[best] * fits.x[best]
    first, last = int(starts[best]), int(starts[best] + lengths[best] - 1)
    found = alike(rest[:first], rest[last:], most=MOST_IN_A_WINDOW)
    # The clearest of many changes took some of it along: one standard error, where there is any.
    error = np.sqrt((1 - found**2) / len(rest))
    return min(found + float(error), MOST_IN_A_WINDOW) if found > error else 0.0


def _new(z: Array, rho: float) -> Array:
    """What each day adds to what the day before lets expect."""
    return np.concatenate([z[..., :1] * np.sqrt(1 - rho**2), z[..., 1:] - rho * z[..., :-1]], -1)


def credible(chance: Array, level: float) -> tuple[int, int]:
    """First and last index of the shortest run of days that holds the start with chance `level`."""
    total = np.concatenate([[0.0], np.cumsum(chance)])
    best = (0, len(chance) - 1)
    for first in range(len(chance)):
        last = int(np.searchsorted(total, total[first] + level * total[-1] - 1e-12)) - 1
        if last < len(chance) and last - first < best[1] - best[0]:
            best = (first, max(last, first))
    return best
