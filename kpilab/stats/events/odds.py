"""Odds ratios of two-by-two tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.distributions import norm

SMALL = 0.5  # Haldane-Anscombe: keeps a ratio finite when a cell is empty


def odds_ratios(
    with_yes: ArrayLike, yes: ArrayLike, with_no: ArrayLike, no: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Odds of a mark among `yes` against `no`: ratio, interval ends and Fisher's exact p.

    Args:
        with_yes, yes: units with the mark, and all units, that went on. with_no, no: the same of
            those that did not.

    References: Haldane (1956); Woolf (1955) interval of the log odds ratio; Fisher's exact test for
    p.
    """
    from scipy.stats import fisher_exact  # loads for a second

    a, n1, c, n0 = (np.asarray(v, dtype=float) for v in (with_yes, yes, with_no, no))
    b, d = n1 - a, n0 - c
    log = np.log((a + SMALL) * (d + SMALL) / ((b + SMALL) * (c + SMALL)))
    half = norm.ppf(0.5 + level / 2) * np.sqrt(sum(1 / (v + SMALL) for v in (a, b, c, d)))
    tables = [[[int(w), int(x)], [int(y), int(z)]] for w, x, y, z in zip(a, b, c, d, strict=True)]
    # scipy's result has it
    p = np.array([fisher_exact(t).pvalue for t in tables])  # type: ignore[attr-defined]
    return np.exp(log), np.exp(log - half), np.exp(log + half), p
