"""The days a question is about."""

from __future__ import annotations

from typing import TypedDict

from kpilab.core.case import Case
from kpilab.core.values import Period

GAP = 7  # days between two periods that still read as one


class Both(TypedDict):
    """Arguments of a comparison."""

    baseline: Period
    current: Period


def both(case: Case) -> Both:
    """The two periods under the names that every comparison gives them."""
    return {"baseline": case.baseline, "current": case.current}


def span(case: Case) -> Period:
    """Baseline and current period in one when they adjoin or overlap; else the current period.

    Days between two periods far apart belong to neither, and a series with a hole is none.
    """
    first, last = (
        min(case.baseline.first, case.current.first),
        max(case.baseline.last, case.current.last),
    )
    together = Period(first, last)
    return (
        together if together.days <= case.baseline.days + case.current.days + GAP else case.current
    )
