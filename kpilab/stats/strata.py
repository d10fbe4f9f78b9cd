"""Two-by-two tables in strata: the common odds ratio, and the test that Simpson's paradox needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kpilab.stats.distributions import chi2 as chi_square


@dataclass(frozen=True, slots=True)
class MantelHaenszel:
    """Common odds ratio of the strata, chi-square (continuity-corrected, 1 df) and p-value."""

    odds_ratio: float
    chi2: float
    p: float


def mantel_haenszel(tables: ArrayLike) -> MantelHaenszel:
    """Association within strata; `tables` is strata × 2 × 2.

    References: Mantel and Haenszel (1959), Statistical aspects of the analysis of data from
    retrospective studies.
    """
    x = np.asarray(tables, dtype=float)
    n = x.sum(axis=(1, 2))
    rows, columns = x.sum(axis=2), x.sum(axis=1)
    ratio = (x[:, 0, 0] * x[:, 1, 1] / n).sum() / (x[:, 0, 1] * x[:, 1, 0] / n).sum()
    expected = rows[:, 0] * columns[:, 0] / n
    variance = rows.prod(axis=1) * columns.prod(axis=1) / (n**2 * (n - 1))
    gap = abs((x[:, 0, 0] - expected).sum())
    chi2 = (gap - min(0.5, gap)) ** 2 / variance.sum()
    return MantelHaenszel(float(ratio), float(chi2), float(chi_square.sf(chi2, 1)))
