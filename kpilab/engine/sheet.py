"""Sheets of xlsx files from anywhere: a broken one is refused in words,
a huge one before it is unpacked."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import pandas as pd

from kpilab.errors import BadInput

MOST_BYTES = 300_000_000  # of all parts of the file, unpacked


def first_sheet(path: Path, where: str, **options: Any) -> pd.DataFrame:
    """The first sheet of a workbook.

    Args:
        path: an xlsx file.
        where: what it is read for, named in the error.
        options: of `pandas.read_excel`.

    Raises:
        BadInput: not a workbook, damaged, or larger than 300 MB when unpacked.
    """
    mend = "save it again as xlsx, or as CSV (UTF-8)"
    try:
        with ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except (OSError, BadZipFile, ValueError, NotImplementedError) as error:
        raise BadInput(f"cannot be read: {_line(error)}", where, mend) from None
    if size > MOST_BYTES:
        raise BadInput(
            f"unpacks to {size:,} bytes, more than {MOST_BYTES:,}",
            where,
            "save the table as parquet or csv",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return pd.read_excel(path, engine="openpyxl", **options)
    except Exception as error:  # a damaged file may raise anything in the library that reads it
        raise BadInput(f"cannot be read: {_line(error)}", where, mend) from error


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:160] or type(error).__name__
