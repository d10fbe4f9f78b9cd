"""Tails and critical values of the t and the normal distribution, one number at a time.

The same figures as scipy.stats gives, without the half millisecond its argument checks take.
"""

from __future__ import annotations

import math

from scipy.special import ndtr, ndtri, stdtr, stdtrit

MOST_DF = 1e12


def upper(x: float, df: float = math.inf) -> float:
    """P(T > x); the normal for df = inf."""
    return float(ndtr(-x) if df > MOST_DF else stdtr(df, -x))


def two_sided(x: float, df: float = math.inf) -> float:
    """P(|T| > |x|)."""
    return 2 * upper(abs(x), df)


def critical(level: float, df: float = math.inf) -> float:
    """The c with P(|T| <= c) = level."""
    # From the small tail: a level near 1 keeps its digits there.
    tail = (1 - level) / 2
    return float(-ndtri(tail) if df > MOST_DF else -stdtrit(df, tail))


def matching(z: float, df: float = math.inf) -> float:
    """The |t| as rare as this |z|."""
    return z if df > MOST_DF else float(-stdtrit(df, ndtr(-z)))


def normal_upper(tail: float) -> float:
    """The z with P(Z > z) = tail."""
    return float(-ndtri(tail))
