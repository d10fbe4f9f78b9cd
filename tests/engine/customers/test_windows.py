"""How windows are counted, and how many make a year."""

from __future__ import annotations

from datetime import date

import ibis
import pandas as pd
import pytest

from kpilab.core.values import Period
from kpilab.engine.customers.windows import Windows


@pytest.mark.parametrize(
    ("first", "last", "year"),
    [
        (date(2026, 4, 1), date(2026, 4, 30), 12),
        (date(2026, 4, 1), date(2026, 6, 30), 4),
        (date(2026, 1, 1), date(2026, 12, 31), 1),
        (date(2026, 1, 1), date(2026, 5, 31), 0),
        (date(2026, 4, 6), date(2026, 4, 12), 52),
        (date(2026, 4, 6), date(2026, 5, 3), 13),
        # A year lies between three and four of them.
        (date(2026, 1, 2), date(2026, 4, 15), 0),
    ],
)
def test_a_year_has_so_many_windows(first, last, year):
    assert Windows.of(Period(first, last)).a_year == year


def test_windows_of_months_begin_with_a_month():
    quarter = Windows.of(Period(date(2026, 4, 1), date(2026, 6, 30)))
    assert quarter.period(-1) == Period(date(2026, 1, 1), date(2026, 3, 31))
    assert quarter.back_to(date(2025, 11, 1)) == -1


def test_a_window_of_months_ends_with_its_last_month():
    days = ibis.memtable(
        pd.DataFrame(
            {"day": pd.to_datetime(["2025-11-30", "2025-12-01", "2026-05-31", "2026-06-01"])}
        )
    )
    quarter = Windows.of(Period(date(2026, 4, 1), date(2026, 6, 30)))
    assert quarter.at_end(days.day).execute().tolist() == [False, True, False, True]
    weeks = Windows.of(Period(date(2026, 4, 6), date(2026, 5, 3)))
    assert days.select(end=weeks.at_end(days.day)).end.execute().tolist() == [True] * 4
