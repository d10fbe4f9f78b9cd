"""Multiplicity: p-values corrected for how many things were looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


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
