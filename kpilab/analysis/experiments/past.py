"""Decided tests: one row per test and metric, as a programme adds them up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Past:
    """One metric of a decided test.

    Attributes:
        test: its name. effect, error: relative change (up is better) and its standard error.
        shipped: whether the treatment was. reach: share of the goal's units it was about.
        verdict: of its reanalysis ("" if none was made). decided: the day.
    """

    test: str
    effect: float
    error: float
    shipped: bool = True
    metric: str = ""
    decided: date | None = None
    reach: float = 1.0
    verdict: str = ""
    hypothesis: str = ""
