"""Tails and critical values of the t and the normal law, one number at a time:
what a test asks of the laws."""

from __future__ import annotations

import math

from kpilab.stats.distributions import norm, student

MOST_DF = 1e12


def upper(x: float, df: float = math.inf) -> float:
    """P(T > x); the normal for df = inf."""
    return float(norm.sf(x) if df > MOST_DF else student.sf(x, df))


def two_sided(x: float, df: float = math.inf) -> float:
    """P(|T| > |x|)."""
    return 2 * upper(abs(x), df)


def critical(level: float, df: float = math.inf) -> float:
    """The c with P(|T| <= c) = level."""
    # From the small tail: a level near 1 keeps its digits there.
    tail = (1 - level) / 2
    return float(norm.isf(tail) if df > MOST_DF else student.isf(tail, df))


def matching(z: float, df: float = math.inf) -> float:
    """The |t| as rare as this |z|."""
    return z if df > MOST_DF else float(student.isf(norm.sf(z), df))


def normal_upper(tail: float) -> float:
    """The z with P(Z > z) = tail."""
    return float(norm.isf(tail))
