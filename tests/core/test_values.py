"""Durations: text that people write, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kpilab.core.values import Period, duration
from kpilab.errors import BadInput


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7d", 604800),
        ("30m", 1800),
        ("1h 30m", 5400),
        ("500ms", 0.5),
        ("2w", 1209600),
        ("1.5h", 5400),
        ("45 s", 45),
    ],
)
def test_text_reads_as_a_length_of_time(text, seconds):
    assert duration(text) == timedelta(seconds=seconds)


def test_a_timedelta_passes():
    assert duration(timedelta(hours=1)) == timedelta(hours=1)


@pytest.mark.parametrize(
    "text", ["0d", "", "-3d", "soon", "7", 7, timedelta(0), timedelta(days=-1)]
)
def test_what_is_no_length_of_time_is_refused(text):
    with pytest.raises(BadInput, match="duration"):
        duration(text)


def test_two_periods_share_days_or_none():
    first, second = Period(date(2025, 3, 3), date(2025, 3, 9)), date(2025, 3, 9)
    assert first.common(Period(second, date(2025, 3, 20))) == Period(second, second)
    assert first.common(Period(date(2025, 3, 10), date(2025, 3, 20))) is None
    assert first.common(first) == first
