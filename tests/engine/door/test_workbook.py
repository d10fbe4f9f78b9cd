"""Workbooks as people keep them: cells made one, a sheet for each month or store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import openpyxl
import pytest

from kpilab.cli.first import written
from kpilab.engine.connect import connect
from kpilab.engine.door.files import opened
from kpilab.engine.door.reading import Reading
from kpilab.errors import BadInput

HEAD = ["day", "store", "orders", "revenue"]
ROWS = [
    [datetime(2026, 1, 5) + timedelta(days=k), store, 20 + k, 30.5 * (20 + k)]
    for k in range(28)
    for store in ("north", "south")
]


def book(path, sheets: dict[str, Sequence[Sequence[Any]]], merged: Sequence[str] = ()) -> None:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        for cells in merged:
            sheet.merge_cells(cells)
    made.save(path)


def test_a_day_over_several_rows_is_the_day_of_each(tmp_path):
    book(tmp_path / "s.xlsx", {"S": [HEAD, *ROWS]}, [f"A{k}:A{k + 1}" for k in range(2, 58, 2)])
    table = opened(connect(), tmp_path / "s.xlsx", "s", Reading()).table
    assert table["day"].count().to_pandas() == len(ROWS)
    assert table["day"].nunique().to_pandas() == 28


def test_an_amount_over_several_rows_counts_once(tmp_path):
    book(tmp_path / "s.xlsx", {"S": [HEAD, *ROWS]}, [f"D{k}:D{k + 1}" for k in range(2, 58, 2)])
    table = opened(connect(), tmp_path / "s.xlsx", "s", Reading()).table
    assert table["revenue"].sum().to_pandas() == sum(row[3] for row in ROWS[::2])


@pytest.mark.parametrize("titles", [("Jan", "Feb"), ("2026-01", "2026-02"), ("KW 2", "KW 3")])
def test_a_sheet_for_each_month_is_one_table(tmp_path, titles):
    parts = dict(zip(titles, ([HEAD, *ROWS[:28]], [HEAD, *ROWS[28:]]), strict=True))
    book(tmp_path / "sales.xlsx", parts)
    case = written(tmp_path).case
    assert case.tables["sales"].table.count().to_pandas() == len(ROWS)
    assert case.tables["sales"].dimensions_named == ("store",)


def test_a_sheet_for_each_store_is_one_table_with_the_name_of_the_sheet(tmp_path):
    stores = ("north", "south")
    parts = {
        s: [["day", "orders", "revenue"], *([r[0], *r[2:]] for r in ROWS if r[1] == s)]
        for s in stores
    }
    book(tmp_path / "sales.xlsx", parts)
    case = written(tmp_path).case
    assert case.tables["sales"].dimensions_named == ("sheet",)
    assert case.tables["sales"].table.count().to_pandas() == len(ROWS)


def test_a_sheet_without_anything_is_refused_in_words(tmp_path):
    openpyxl.Workbook().save(tmp_path / "t.xlsx")
    with pytest.raises(BadInput, match="is empty"):
        opened(connect(), tmp_path / "t.xlsx", "t", Reading())
