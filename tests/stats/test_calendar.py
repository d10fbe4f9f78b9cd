"""Public holidays."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from kpilab.errors import BadInput
from kpilab.stats.calendar import days_off, holiday_counts

WEEKS = np.array(["2025-12-22", "2025-12-29", "2026-01-05"], dtype="datetime64[D]")


def test_holidays_on_weekdays_are_counted_per_period():
    # Christmas and the day after, then New Year.
    assert holiday_counts(WEEKS, "DE").tolist() == [2, 1]


@pytest.mark.parametrize("day", [date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17)])
def test_the_chinese_new_year_moves(day):
    assert "Chinese New Year" in days_off("CN", day.year)[day]


def test_an_unknown_country_is_named():
    with pytest.raises(BadInput, match="no country"):
        holiday_counts(WEEKS, "XX")
