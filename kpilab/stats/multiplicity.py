"""Multiplicity: p-values corrected for how many things were looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import root_scalar
from scipy.special import ndtr

EVEN = 0.25  # part of the error rate that is shared out evenly


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """q-values that keep the false discovery rate (NaN stays NaN and is not counted)."""
    p = np.asarray(p, dtype=float)
    q = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    n = len(order)
    if n:
        raw = p[order] * n / np.arange(1, n + 1)
        q[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return q


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values that keep the family-wise error rate (step-down Bonferroni)."""
    p = np.asarray(p, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    n = len(order)
    if n:
        adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * (n - np.arange(n))), 1.0)
    return adjusted


def adjusted(p: ArrayLike, method: str) -> NDArray[np.float64]:
    """p-values corrected by a named method: bonferroni, holm, hochberg,
    hommel or bh (NaN stays NaN)."""
    from statsmodels.stats.multitest import multipletests  # loads for a second

    p = np.asarray(p, dtype=float)
    known = ~np.isnan(p)
    result = np.full(p.shape, np.nan)
    names = {"hochberg": "simes-hochberg", "bh": "fdr_bh"}
    if known.any():
        result[known] = multipletests(p[known], method=names.get(method, method))[1]
    return result


def weights(expected: ArrayLike, alpha: float) -> NDArray[np.float64]:
    """How the error rate is shared out among tests of unlike power, so that most of what is worth
    finding is found: most of it goes where it decides, little to what is seen, or missed, anyway.

    Args:
        expected: by how many errors each would be off, were there what is worth finding, told
            without the outcome; NaN is not counted.
        alpha: error rate of all tests together.

    Returns:
        Weights of mean 1: p-values are divided by them and multiplied by the number of tests.

    References:
        Roeder and Wasserman (2009), Genome-wide significance levels and weighted hypothesis
        testing, Statistical Science 24.
    """
    expected = np.asarray(expected, dtype=float)
    shared, known = np.full(expected.shape, np.nan), ~np.isnan(expected)
    off, n = np.clip(expected[known], 1e-3, 1e3), int(known.sum())
    if not n:
        return shared

    def spent(cut: float) -> NDArray[np.float64]:
        return ndtr(-(off / 2 + cut / off))

    most = 40.0 * float(off.max())
    cut = root_scalar(lambda c: float(spent(c).sum()) - alpha, bracket=(-most * off.max(), most))
    told = spent(cut.root)
    shared[known] = EVEN + (1 - EVEN) * told / told.mean()
    return shared
