"""Sheets of xlsx files from anywhere: a broken one is refused in words,
a huge one before it is unpacked."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, cast
from zipfile import BadZipFile, ZipFile

import pandas as pd

from kpilab.errors import BadInput

MOST_BYTES = 300_000_000  # of all parts of the file, unpacked
MEND = "save it again as xlsx, or as CSV (UTF-8)"
Found = TypeVar("Found")
Row = tuple[Any, ...]


def first_sheet(path: Path, where: str, **options: Any) -> pd.DataFrame:
    """The first sheet of a workbook.

    Args:
        path: an xlsx file.
        where: what it is read for, named in the error.
        options: of `pandas.read_excel`.

    Raises:
        BadInput: not a workbook, damaged, or larger than 300 MB when unpacked.
    """
    _check(path, where)
    return _read(lambda: pd.read_excel(path, engine="openpyxl", **options), where)


def grids(path: Path, where: str) -> dict[str, list[tuple[Any, ...]]]:
    """The cells of every visible sheet, as rows; errors of formulas as texts.

    Raises:
        BadInput: as for `first_sheet`.
    """
    _check(path, where)
    return _read(lambda: _grids(path), where)


def _grids(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        return {sheet.title: _filled(_rows(sheet), _merged(sheet)) for sheet in shown}
    finally:
        book.close()


def _rows(sheet: Any) -> list[tuple[Any, ...]]:
    """All rows as on the screen, whatever size the file says the sheet has."""
    sheet.reset_dimensions()
    rows = [tuple(cell.value for cell in row) for row in sheet.iter_rows()]
    while rows and not any(value is not None for value in rows[-1]):
        rows.pop()
    return rows


def _merged(sheet: Any) -> list[tuple[int, int, int]]:
    """Cells that were made one downwards, as column, first and last row."""
    from openpyxl.utils import range_boundaries

    with sheet._get_source() as file:
        refs = re.findall(rb'<(?:\w+:)?mergeCell ref="([A-Z]+\d+:[A-Z]+\d+)"', file.read())
    found = (cast("tuple[int, int, int, int]", range_boundaries(r.decode())) for r in refs)
    return [(left, top, bottom) for left, top, _, bottom in found if bottom > top]


def _filled(rows: list[Row], merged: list[tuple[int, int, int]]) -> list[Row]:
    """The rows with the name or day of such a cell in each of its rows, as a reader sees it; an
    amount stays where it is, once."""
    changed = {k: list(row) for _, top, bottom in merged for k, row in
               enumerate(rows[top - 1 : bottom], top - 1)}  # fmt: skip
    for left, top, bottom in merged:
        value = rows[top - 1][left - 1] if top <= len(rows) and left <= len(rows[top - 1]) else None
        for k in range(top, min(bottom, len(rows)) if isinstance(value, str | date) else top):
            if left <= len(changed[k]) and changed[k][left - 1] is None:
                changed[k][left - 1] = value
    return [tuple(changed[k]) if k in changed else row for k, row in enumerate(rows)]


def _check(path: Path, where: str) -> None:
    """Refuse what is no workbook, or unpacks to more than can be read."""
    try:
        with ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except (OSError, BadZipFile, ValueError, NotImplementedError) as error:
        raise BadInput(f"cannot be read: {_line(error)}", where, MEND) from None
    if size > MOST_BYTES:
        raise BadInput(
            f"unpacks to {size:,} bytes, more than {MOST_BYTES:,}",
            where,
            "save the table as parquet or csv",
        )


def _read(work: Callable[[], Found], where: str) -> Found:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return work()
    except Exception as error:  # a damaged file may raise anything in the library that reads it
        raise BadInput(f"cannot be read: {_line(error)}", where, MEND) from error


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:160] or type(error).__name__
