"""Days off, working days, and the festival that moves."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from kpilab.errors import BadInput
from kpilab.stats.calendar import is_working, same_day_last_year, spring_festival, working_days


@pytest.mark.parametrize(
    ("year", "day"), [(2023, (1, 22)), (2024, (2, 10)), (2025, (1, 29)), (2026, (2, 17))]
)
def test_the_festival_moves(year, day):
    assert spring_festival(year) == date(year, *day)


def test_a_sunday_that_makes_up_for_the_festival_is_worked():
    assert is_working(date(2025, 1, 26), "CN")
    assert not is_working(date(2025, 1, 30), "CN")


def test_years_are_aligned_to_the_festival_only_near_it():
    assert same_day_last_year(date(2025, 1, 29), festival=True) == date(2024, 2, 10)
    assert same_day_last_year(date(2025, 2, 12), festival=True) == date(2024, 2, 24)
    assert same_day_last_year(date(2025, 6, 4), festival=True) == date(2024, 6, 5)
    assert same_day_last_year(date(2025, 1, 29), festival=False) == date(2024, 1, 31)


def test_working_days_per_period():
    weeks = np.array(["2025-12-22", "2025-12-29", "2026-01-05"], dtype="datetime64[D]")
    assert working_days(weeks, "DE").tolist() == [3, 4]


def test_an_unknown_country_is_named():
    with pytest.raises(BadInput, match="no country"):
        working_days(np.array(["2025-01-01", "2025-01-02"], dtype="datetime64[D]"), "XX")
