"""A text right of the longest bar has room."""

from __future__ import annotations

from kpilab.show.charts.words import room


def test_room_grows_with_the_longest_text_and_a_chinese_letter_takes_two():
    assert room([]) == room(["1"]) == 40.0
    assert room(["+8,778 (+1.0 %)", "1"]) > 15 * 6
    assert room(["未达标未达标"]) == room(["a" * 12])
