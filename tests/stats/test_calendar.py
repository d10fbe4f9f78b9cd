"""Public holidays."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from kpilab.errors import BadInput
from kpilab.stats.calendar import (
    days_off,
    holiday_counts,
    of_holidays,
    of_week,
    weekdays,
    year_before,
)

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


def test_days_around_the_spring_festival_follow_it_a_year_back():
    days = np.arange("2025-01-01", "2026-04-01", dtype="datetime64[D]")
    then = year_before(days, "CN")
    at = np.searchsorted(
        days, np.array(["2026-02-17", "2026-01-15", "2026-03-30"], "datetime64[D]")
    )
    assert days[then[at[:1]]].astype(str).tolist() == ["2025-01-29"]
    assert then[at[1]] == -1  # 33 days before it: in December 2024, before the first day
    assert days[then[at[2]]] == np.datetime64("2025-03-30")  # far from it: the same date
    assert days[year_before(days, "DE")[at[0]]] == np.datetime64("2025-02-17")


def test_weights_of_weekdays_average_to_one():
    days = np.arange("2026-01-05", "2026-03-30", dtype="datetime64[D]")
    weight = of_week(np.where(weekdays(days) < 5, 10.0, 4.0), days)
    assert weight[:7].mean() == pytest.approx(1)
    assert weight[5] / weight[0] == pytest.approx(0.4)


def test_holidays_weigh_what_they_held():
    days = np.arange("2024-01-01", "2026-01-01", dtype="datetime64[D]")
    off = np.array([d in days_off("DE", d.year) for d in days.tolist()])
    weight = of_holidays(np.where(off & (weekdays(days) < 5), 5.0, 10.0), days, "DE")
    assert weight[off & (weekdays(days) < 5)].mean() == pytest.approx(0.5, abs=0.06)
    assert set(weight[weekdays(days) >= 5]) == {1.0}
