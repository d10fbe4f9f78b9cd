"""review.xlsx: an index and every table on a sheet of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from kpilab.core.values import Message, Where
from kpilab.report.document import Json, plain
from kpilab.report.words import Words
from kpilab.show.format import where

# Full-width signs start a formula in some East Asian versions.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
LONGEST_NAME, LONGEST_TEXT, MOST_ROWS = 31, 32_767, 1_000_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table for the workbook: its name, what it says, header and rows."""

    name: str
    says: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]


def workbook(words: Words, data: Json) -> bytes:
    """The bytes of the workbook; text that a spreadsheet would run as a formula is neutralised."""
    book = Workbook(write_only=True)
    sheets = _named([*_summary(words, data), *_evidence(words)], words.text("index"))
    index = [[s.name, s.says, len(s.rows)] for s in sheets]
    header = [words.text("sheet"), words.text("says"), words.text("rows")]
    for sheet in (Sheet(words.text("index"), "", header, index), *sheets):
        _fill(book, sheet)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def safe(value: object) -> str | float | None:
    """A cell's value: text never starts a formula, holds no control characters,
    and is not too long."""
    value = plain(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    text = "'" + text if text.startswith(FORMULA) else text
    return ILLEGAL_CHARACTERS_RE.sub("", text)[:LONGEST_TEXT]


def _summary(words: Words, data: Json) -> Iterator[Sheet]:
    """Sheets of the review itself."""
    goal = cast(Json, data["goal"])
    rows = [[words.column(k), _flat(v)] for k, v in goal.items()]
    yield Sheet(words.text("goal"), words.goal_line(), ["", ""], rows)
    yield _bridge(words)
    for key in ("causes", "findings", "data_quality", "not_examined", "rejected"):
        rows = [
            {k: v for k, v in row.items() if k not in ("table", "chart")}
            for row in cast(list[Json], data[key])
        ]
        if rows:
            yield Sheet(
                words.text(key),
                "",
                [words.column(name) for name in rows[0]],
                [[_flat(v) for v in row.values()] for row in rows],
            )


def _bridge(words: Words) -> Sheet:
    """From expected to actual, each amount a number with the ends of its interval."""
    goal = words.review.goal
    header = [words.text(k) for k in ("bridge_row", "bridge_amount")]
    header += [words.column(c) for c in ("low", "high")]
    steps = [[words.say(r.label), r.amount, r.low, r.high] for r in words.review.bridge]
    first = [words.expected, goal.expected, None, None]
    last = [words.text("bridge_logged"), goal.logged, None, None]
    return Sheet(words.text("bridge"), words.text("bridge_note"), header, [first, *steps, last])


def _evidence(words: Words) -> Iterator[Sheet]:
    """One sheet per table behind a finding."""
    for finding in words.review.findings:
        for result in finding.evidence:
            table = result.table.head(MOST_ROWS)
            rows = [
                [_cell(v, words) for v in row] for row in table.itertuples(index=False, name=None)
            ]
            header = [words.column(str(c)) for c in table.columns]
            yield Sheet(finding.id, words.say(result.headline), header, rows)


def _cell(value: object, words: Words) -> object:
    """Numbers and days as they are, places and messages in words."""
    if isinstance(value, Message):
        return words.say(value)
    return where(value, words.lang) if isinstance(value, Where) else value


def _flat(value: object) -> object:
    """Lists and mappings as one line of text."""
    if isinstance(value, dict):
        return "; ".join(f"{k} = {_flat(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(str(_flat(v)) for v in value)
    return value


def _named(sheets: Sequence[Sheet], *taken: str) -> list[Sheet]:
    """The sheets with names a workbook accepts, each once."""
    used, named = {t.lower() for t in taken}, []
    for sheet in sheets:
        stem = FORBIDDEN.sub("_", sheet.name)[:LONGEST_NAME].strip() or "table"
        name, k = stem, 1
        while name.lower() in used:
            k += 1
            name = f"{stem[: LONGEST_NAME - 5]} ({k})"
        used.add(name.lower())
        named.append(Sheet(name, sheet.says, sheet.header, sheet.rows))
    return named


def _fill(book: Workbook, sheet: Sheet) -> None:
    page = cast(Worksheet, book.create_sheet(sheet.name))
    page.freeze_panes = "A2"
    for k, width in enumerate(_widths(sheet)):
        page.column_dimensions[chr(65 + k)].width = width
    page.append([_bold(page, name) for name in sheet.header])
    for row in sheet.rows:
        page.append([safe(v) for v in row])


def _bold(page: Worksheet, text: str) -> Cell:
    cell = WriteOnlyCell(page, value=safe(text))
    cell.font = Font(bold=True)
    return cell


def _widths(sheet: Sheet) -> list[int]:
    """Column widths that show the first rows, for up to 26 columns."""
    rows = [sheet.header, *sheet.rows[:50]]
    return [
        min(80, 2 + max(len(str(row[k])) for row in rows if k < len(row)))
        for k in range(min(26, len(sheet.header)))
    ]
