"""Digits: Benford's law where it applies, and heaping on round numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.distributions import binomial, chi2, norm
from kpilab.stats.proportion import wilson

Floats = NDArray[np.float64]
LEAST_VALUES, LEAST_MAGNITUDES = 500, 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    """Leading digits against their expected shares.

    Attributes:
        values: how many were counted. digits, counts, expected: per leading digit (or pair);
            expected counts.
        chi2, p: Pearson's test. deviation: mean absolute deviation of the shares (Nigrini's MAD).
    """

    values: int
    digits: NDArray[np.int64]
    counts: Floats
    expected: Floats
    chi2: float
    p: float
    deviation: float


def benford_shares(digits: int = 1) -> Floats:
    """Expected shares of the leading `digits` digits: log10(1 + 1/d)."""
    first = 10 ** (digits - 1)
    return np.log10(1 + 1 / np.arange(first, 10 * first))


def leading_digits(values: ArrayLike, digits: int = 1) -> NDArray[np.int64]:
    """Leading digits of each non-zero number, from its decimal form (no error of binary
    fractions)."""
    numbers = np.abs(np.asarray(values, dtype=float))
    numbers = numbers[np.isfinite(numbers) & (numbers > 0)]
    return np.array([int(f"{v:.14e}".replace(".", "")[:digits]) for v in numbers], dtype=np.int64)


def benford_counts(counts: ArrayLike, digits: int = 1) -> Digits:
    """Test counts per leading digit (or pair), given in order."""
    found = np.asarray(counts, dtype=float)
    share, total = benford_shares(digits), found.sum()
    expected = share * total
    statistic = float(((found - expected) ** 2 / expected).sum())
    deviation = float(np.abs(found / total - share).mean())
    first = 10 ** (digits - 1)
    p = float(chi2.sf(statistic, len(share) - 1))
    return Digits(
        int(total), np.arange(first, 10 * first), found, expected, statistic, p, deviation
    )


def benford_applies(values: ArrayLike) -> bool:
    """Whether the law can be expected: 500 or more amounts over three or more orders of
    magnitude."""
    numbers = np.abs(np.asarray(values, dtype=float))
    numbers = numbers[np.isfinite(numbers) & (numbers > 0)]
    if len(numbers) < LEAST_VALUES:
        return False
    low, high = np.quantile(numbers, [0.01, 0.99])
    return bool(np.log10(high / low) >= LEAST_MAGNITUDES)


@dataclass(frozen=True, slots=True)
class Heaping:
    """Share of whole numbers that are multiples of `step`, against the numbers around them."""

    step: int
    values: int
    found: int
    share: float
    low: float
    high: float
    expected: float
    p: float


def heaping(
    values: ArrayLike, weights: ArrayLike, step: int, level: float = 0.95
) -> Heaping | None:
    """Are there more multiples of `step` than their neighbours promise?

    Expected is what a smooth curve through the whole numbers less than half a step away puts at the
    multiple, so neither the slope nor the crest of the distribution is heaping. None when no
    multiple lies inside the range of the values, or nothing around them.

    Args:
        values: distinct whole numbers. weights: how often each occurs.
    """
    x, n = np.asarray(values, dtype=int), np.asarray(weights, dtype=float)
    grid = np.arange(x.min(), x.max() + 1)
    counts = np.zeros(len(grid))
    counts[x - x.min()] = n
    reach = (step - 1) // 2
    on = np.flatnonzero((grid % step == 0) & (grid - reach >= x.min()) & (grid + reach <= x.max()))
    if not len(on) or reach == 0:
        return None
    apart = np.r_[-reach:0, 1 : reach + 1]
    beside = counts[on[:, None] + apart].sum(0)
    found, near = counts[on].sum(), counts[on].sum() + beside.sum()
    if not beside.any():
        return None
    # Weights of the curve's value in the middle, least squares.
    degree = 2 if reach < 3 else 4
    weight = np.linalg.pinv(np.vander(apart.astype(float), degree + 1))[-1]
    expected = max(float(weight @ beside), 0.0)
    spread = np.sqrt(max(expected, 1.0) + float(weight**2 @ beside))
    # Few counts are no normal numbers: they must also be many among those around them.
    even = 1 / (2 * reach + 1)
    p = max(float(norm.sf((found - expected) / spread)), 1 - binomial.cdf(found - 1, near, even))
    low, high = wilson(np.array([found]), np.array([near]), level)
    return Heaping(
        step, int(near), int(found), found / near, float(low[0]), float(high[0]), expected / near,
        float(p),
    )  # fmt: skip
