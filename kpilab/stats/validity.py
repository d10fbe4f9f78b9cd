"""Can the test be trusted? Checks that come before any effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kpilab.stats.srm import sample_ratio, sequential_ratio

SRM_LEVEL, MOST_CROSSED, MOST_IDLE, BALANCE_LEVEL = 0.001, 0.01, 0.5, 0.01


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        check: its name. value: what was seen. p: p-value, NaN where there is no test.
        trouble: whether it failed. spoils: whether a failure makes the test invalid.
    """

    check: str
    value: float
    p: float
    trouble: bool
    spoils: bool


def sample(counts: Sequence[int], shares: Sequence[float]) -> Check:
    """Units per variant against the declared split, at .001; `value` is the worst ratio of seen to expected."""
    n, share = np.asarray(counts, float), np.asarray(shares, float)
    ratio = n / (n.sum() * share / share.sum())
    p = sample_ratio(n, share).p
    return Check("sample_ratio", float(ratio[np.argmax(np.abs(ratio - 1))]), p, p < SRM_LEVEL, True)


def daily(counts: ArrayLike, shares: Sequence[float]) -> Check:
    """The same, watched every day: an always-valid p-value; `value` is the number of days."""
    p = float(sequential_ratio(counts, shares)[-1])
    return Check("daily_ratio", float(len(np.asarray(counts))), p, p < SRM_LEVEL, True)


def crossed(count: int, units: int) -> Check:
    """Share of units that met more than one variant."""
    share = count / (count + units)
    return Check("crossed", share, float("nan"), share > MOST_CROSSED, True)


def idle(count: int, units: int) -> Check:
    """Share of units that did nothing after their assignment: they dilute the effect."""
    share = count / units
    return Check("diluted", share, float("nan"), share > MOST_IDLE, False)


def balance(p: Sequence[float]) -> Check:
    """Pre-period A/A check: the covariates of both arms, Bonferroni over the covariates."""
    worst = min(1.0, float(np.nanmin(p)) * len(p))
    return Check("balance", float(len(p)), worst, worst < BALANCE_LEVEL, False)


def weekdays(days: int) -> Check:
    """Whole weeks: otherwise one weekday counts more often than another."""
    return Check("weekdays", float(days), float("nan"), days % 7 != 0, False)
