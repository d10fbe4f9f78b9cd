"""What the cells of the stress table share: a cell, series that wander, days off, tables of
days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from kpilab import Period
from kpilab.stats.calendar import days_off

Rng = np.random.Generator
Called = Callable[[Rng, int], bool]
FIRST = date(2025, 3, 3)  # a Monday
BEFORE = Period(FIRST, FIRST + timedelta(days=27))
AFTER = Period(FIRST + timedelta(days=28), FIRST + timedelta(days=55))
BOTH = Period(BEFORE.first, AFTER.last)


@dataclass(frozen=True, slots=True)
class Cell:
    """One function on one kind of input.

    Attributes:
        function, trait: names. promise: highest share that is right without an effect.
        called: draws with a generator and an effect (0 or 1), and says whether something is called.
        planted: whether it can plant one; without, there is no power to measure.
        slow: whether a draw takes a second or more.
    """

    function: str
    trait: str
    promise: float
    called: Called
    planted: bool = True
    slow: bool = False


def wandering(rng: Rng, n: int, phi: float) -> np.ndarray:
    noise = rng.standard_normal(n + 50)
    for t in range(1, n + 50):
        noise[t] += phi * noise[t - 1]
    return noise[50:]


def off(days: pd.DatetimeIndex, country: str) -> np.ndarray:
    return np.array([d.date() in days_off(country, d.year) for d in days])


def weeks(n: int = 104) -> pd.DatetimeIndex:
    return pd.date_range("2024-01-01", periods=n, freq="7D")


def days(n: int = 56) -> pd.DatetimeIndex:
    return pd.date_range(FIRST, periods=n)


def grid(**axes: object) -> pd.DataFrame:
    """Every combination of the values, one row each."""
    return pd.MultiIndex.from_product(axes.values(), names=axes.keys()).to_frame(index=False)


def outside(low: float, high: float, truth: float) -> bool:
    """Whether an interval misses what is true."""
    return not low <= truth <= high


def with_holes(rng: Rng, values: np.ndarray, share: float) -> np.ndarray:
    """A share of the values is missing."""
    return np.where(rng.random(values.shape) < share, np.nan, values)
