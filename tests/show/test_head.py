"""What a chart has no room for is said under its title."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pytest

from kpilab.core.result import Result
from kpilab.core.values import Message
from kpilab.show.charts.plain import MOST_BARS, plain
from kpilab.show.charts.words import head


@dataclass(frozen=True, slots=True, eq=False)
class Rows(Result):
    """A table of any length."""

    @property
    def headline(self) -> Message:
        return Message("result.rows", {"rows": len(self.table)})


def table(rows: int) -> Rows:
    return Rows(pd.DataFrame({"name": [f"n{k}" for k in range(rows)], "value": range(rows)}))


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "2 more rows of the table are not drawn"), ("zh", "表中另有 2 行未画出")],
)
def test_rows_left_out_are_counted(lang, said):
    result = table(14)
    assert head(result, lang, result.table.head(12)).subtitle == [said]
    keyed = head(result, lang, result.table.head(12), key="● now")
    assert keyed.subtitle == ["● now", said]


def test_where_all_are_drawn_nothing_is_said():
    result = table(12)
    assert "subtitle" not in head(result, "en", result.table).to_dict()
    assert head(result, "en", key="● now").subtitle == ["● now"]


def test_only_rows_of_what_they_are_taken_from_count():
    result = table(14)
    shown = head(result, "en", result.table.head(12), of=result.table.head(13))
    assert shown.subtitle == ["1 more row of the table is not drawn"]


def test_a_chart_says_so():
    title = plain(table(MOST_BARS + 3)).to_dict()["title"]
    assert title["subtitle"] == ["3 more rows of the table are not drawn"]
