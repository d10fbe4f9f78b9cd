"""Worksheet: the sample as a file for the auditor, and back again with nothing guessed."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from kpilab.engine.door.values import NO, YES
from kpilab.engine.sheet import first_sheet
from kpilab.errors import BadInput, Problem, several

if TYPE_CHECKING:
    from kpilab.analysis.execution.audit import SamplePlan

RESULT, COMMENT = "confirmed", "comment"
# Full-width signs start a formula in some East Asian versions.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_worksheet(plan: SamplePlan, path: str | Path) -> Path:
    """Write the drawn records to a csv or xlsx file with empty columns `confirmed` and `comment`.

    Text that a spreadsheet would run as a formula is written with a leading apostrophe.

    Raises:
        BadInput: a file name that ends in neither .csv nor .xlsx, or a record id that xlsx cannot
            hold.
    """
    path = Path(path)
    sheet = plan.table.assign(**{RESULT: "", COMMENT: ""})
    for column in ("record", "stratum", "action"):
        sheet[column] = [f"'{v}" if str(v).startswith(FORMULA) else v for v in sheet[column]]
    if path.suffix == ".csv":
        # The mark at the start lets spreadsheets read Chinese text; with both line ends either one
        # in a text is quoted.
        sheet.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")
    elif path.suffix == ".xlsx":
        if any(ILLEGAL_CHARACTERS_RE.search(str(v)) for v in sheet["record"]):
            raise BadInput(
                "a record id holds control characters", f"worksheet {path.name}", "write it as .csv"
            )
        sheet.map(lambda v: ILLEGAL_CHARACTERS_RE.sub("", v) if isinstance(v, str) else v).to_excel(
            path, index=False
        )
    else:
        raise _suffix(path, "write_worksheet(path=)")
    return path


def read_worksheet(plan: SamplePlan, path: str | Path) -> pd.DataFrame:
    """Read the filled-in worksheet: columns `record` and `confirmed` (bool); rows left empty are
    left out.

    Raises:
        BadInput: all faults together, each with its row: a record id that is missing, foreign or
            occurs twice, a result that is neither yes nor no, and drawn records whose row is gone;
            or a file that cannot be read or has lost its columns. Nothing is guessed: one fault,
            and no result is taken.
    """
    path = Path(path)
    sheet = _sheet(path)
    for column in ("record", RESULT):
        if list(sheet.columns).count(column) != 1:
            mend = f"keep the columns as they were written; it has {list(sheet.columns)}"
            raise BadInput(f"no single column {column!r}", f"worksheet {path.name}", mend)
    ids = sheet["record"].str.strip().str.removeprefix("'")
    answers = sheet[RESULT].str.strip().str.lower()
    used = (sheet.map(str.strip) != "").any(axis=1)
    error = several(_faults(ids, answers, used, list(plan.table["record"]), path.name))
    if error:
        raise error
    given = answers != ""
    return pd.DataFrame({"record": ids[given], "confirmed": answers[given].isin(YES)}).reset_index(
        drop=True
    )


def _sheet(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise BadInput(f"no file {path.name!r}", "read_worksheet(path=)", "check the path")
    if path.suffix not in (".csv", ".xlsx"):
        raise _suffix(path, "read_worksheet(path=)")
    if path.suffix == ".xlsx":
        frame = first_sheet(
            path, f"worksheet {path.name}", dtype=str, keep_default_na=False, header=None
        )
    else:
        frame = _csv(path)
    frame = frame.fillna("").astype(str)
    if frame.empty:
        raise BadInput(
            "holds nothing", f"worksheet {path.name}", "hand back the sheet as it was written"
        )
    return (
        frame.iloc[1:].set_axis(frame.iloc[0].str.strip().tolist(), axis=1).reset_index(drop=True)
    )


def _csv(path: Path) -> pd.DataFrame:
    try:
        # Rows are read one by one: a row too long or empty must not move the others.
        return pd.DataFrame(
            list(csv.reader(StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))), dtype=str
        )
    except (OSError, ValueError, csv.Error) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadInput(
            f"cannot be read: {first}", f"worksheet {path.name}", "save it again as CSV (UTF-8)"
        ) from None


def _faults(
    ids: pd.Series, answers: pd.Series, used: pd.Series, drawn: list[str], name: str
) -> Iterable[Problem]:
    # Row 1 of the file holds the headings.
    seen: dict[str, int] = {}
    known = set(drawn)
    for row, (record, answer, filled) in enumerate(zip(ids, answers, used, strict=True), 2):
        where = f"worksheet {name}, row {row}"
        if record == "":
            if filled:
                yield Problem(
                    "no record id", where, "fill in the id the plan drew, or clear the row"
                )
        elif record not in known:
            yield Problem(f"record {record!r} was not drawn", where, "check only the drawn records")
        elif record in seen:
            yield Problem(
                f"record {record!r} occurs twice, first in row {seen[record]}",
                where,
                "keep one of the rows",
            )
        seen.setdefault(record, row)
        if answer and answer not in YES | NO:
            yield Problem(
                f"result {answer!r} is neither yes nor no",
                where,
                "write yes or no (是 / 否), or leave it empty",
            )
    for record in drawn:
        if record not in seen:
            where = f"worksheet {name}, no row"
            yield Problem(
                f"drawn record {record!r} is missing",
                where,
                "put its row back; leave the result empty",
            )


def _suffix(path: Path, where: str) -> BadInput:
    return BadInput(f"cannot use a file that ends in {path.suffix!r}", where, "use .csv or .xlsx")
