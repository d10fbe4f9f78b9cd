"""Durations: text that people write, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kpilab.core.values import duration
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
