"""LMDI: the exact split of a product's change over its factors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def log_ratio(new: Array | float, old: Array | float) -> Array:
    """ln(new / old) of positive numbers with all its digits, be they nearly equal or far apart."""
    gap = (np.asarray(new) - old) / old
    near = np.abs(gap) < 0.5
    return np.where(near, np.log1p(np.where(near, gap, 0.0)), np.log(np.asarray(new) / old))


def log_mean(a: float, b: float) -> float:
    """Logarithmic mean (a − b) / ln(a / b) of two positive numbers;
    a itself when they are equal."""
    return a if a == b else (a - b) / float(log_ratio(a, b))


def lmdi(before: Array, after: Array, power: Array, scale: float = 1.0) -> Array:
    """Each factor's share of the change of scale · Π factor^power; the shares sum to it exactly.

    Args:
        before, after: positive factors; power: 1 for a factor, −1 for a denominator.

    References: Ang (2004), Decomposition analysis for policymaking in energy.
    """
    old, new = (scale * float(np.prod(x**power)) for x in (before, after))
    return log_mean(abs(new), abs(old)) * np.sign(scale) * power * log_ratio(after, before)
