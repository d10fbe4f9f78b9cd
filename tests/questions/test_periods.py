"""The days a question is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kpilab.core.values import Period
from kpilab.questions.periods import both, span


def period(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("baseline", "days"),
    [
        (("2026-06-01", "2026-06-28"), ("2026-06-01", "2026-07-26")),  # adjoining: one
        (
            ("2026-05-25", "2026-06-21"),
            ("2026-05-25", "2026-07-26"),
        ),  # a week between them: still one
        (
            ("2025-06-30", "2025-07-27"),
            ("2026-06-29", "2026-07-26"),
        ),  # a year before: the current days alone
    ],
)
def test_periods_that_adjoin_are_one_span(asked, baseline, days):
    case = replace(
        asked,
        periods={"baseline": period(*baseline), "current": period("2026-06-29", "2026-07-26")},
    )
    assert span(case) == period(*days)
    assert both(case) == {
        "baseline": period(*baseline),
        "current": period("2026-06-29", "2026-07-26"),
    }
