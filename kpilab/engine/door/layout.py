"""Where in a file the table stands: what parts its columns, which row names them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, takewhile
from typing import Literal

from kpilab.engine.door import amounts, moments
from kpilab.engine.door.reading import NOTHING, Unpivot

Cells = Sequence[str]
Kind = Literal["number", "time", "text", ""]
MASK = str.maketrans("12345678", "99999999")
SEPARATORS = (",", ";", "\t", "|", "^", "~")
FULL = 0.8
ROWS, MOST_TITLES, LEAST_WIDE = 1000, 60, 3
NUMBER, LONGEST = re.compile(r"-?\d+(?:\.\d+)?"), 40  # as programs write it; as people do
TIME = re.compile(
    r"\d{4}([-/.])\d{1,2}\1\d{1,2}(\D.*)?|\d{4}[-/]\d{1,2}|\d{4}年.*|\d{4}\. .*"
    r"|\d{4}[- ]?[WQ]\d{1,2}|Q\d[-/ ]?\d{4}"
    r"|\d{1,2} ?[-/. ] ?\d{1,2} ?[-/. ] ?(\d{4}|\d\d)(\D.*)?|\d{8}[T ]\d\d.*|\d{1,2}[-/]\d{4}"
    r"|\d{4}년.*|\d{4}[-/ ][^\W\d_]{3,10}[-/ ]\d{1,2}(\D.*)?"
    r"|\d{4}[_–]\d{1,2}[_–]\d{1,2}(\D.*)?"
    r"|\d{1,2}(?:st|nd|rd|th|er| de)?[-/. ]+[^\W\d_]{3,10}(?: de)?[-/., ]+(\d{4}|\d\d)(\D.*)?"
    r"|[^\W\d_]{3,10}[.,]?[-/ ]+(\d{1,2},? +)?(\d{4}|\d\d)(\D.*)?"
    r"|[^\W\d_]{2,10}[.,]? +[^\W\d_]{3,10}\.? +\d{1,2},? +\d.*"
    r"|[^\W\d_]{2,10}[.,]? +\d{1,2}\.? +[^\W\d_]{3,10}\.? +\d{4}(\D.*)?"
)

MONTH = re.compile(r"\d{1,2} ?月份?")  # of no year: a name of a column, no amount


COMPACT = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])")  # a month: 202511


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a table stands in a grid of cells.

    Attributes:
        names: of the columns, as they are written; empty names where there is none.
        start: the first row of data, from 0.
        named: whether a row of the file names the columns.
        titles: rows above the names that belong to neither.
    """

    names: tuple[str, ...]
    start: int
    named: bool
    titles: int


def separator(text: str) -> tuple[str, int]:
    """What separates columns, and how many lines say so (`sep=;`)."""
    first = text.partition("\n")[0].strip()
    if re.fullmatch(r"sep=.", first, re.IGNORECASE):
        return first[-1], 1
    best, chosen = 0.0, ","
    for sign in (*SEPARATORS, " "):
        if sign == " " and best:
            break  # blanks part columns only where nothing else does
        widths = Counter(len(row) for row in parsed(text, sign) if row)
        width, count = max(
            widths.items(), key=lambda pair: (pair[1] * (pair[0] > 1), pair[0]), default=(1, 0)
        )
        share = count / max(1, widths.total())
        score = (width - 1) ** 0.5 * share**3 if width > 1 else 0.0
        if score > best:
            best, chosen = score, sign
    return chosen, 0


def parsed(text: str, sign: str, most: int = ROWS) -> list[list[str]]:
    """Rows of a text; the last, which may be cut off, only where it is the only one."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").split("\n")
    if sign == " ":
        lines = [line.strip() for line in lines]
    read = csv.reader((f"{line}\n" for line in lines), delimiter=sign, skipinitialspace=sign == " ")
    rows = list(islice(read, most + 1))
    return rows[:-1] if len(rows) > 1 else rows


def kind(cell: str) -> Kind:
    """What a cell looks like by itself; "" for nothing."""
    text = cell.strip()
    if text.lower() in NOTHING:
        return ""
    if TIME.fullmatch(text):
        return "time"
    if MONTH.fullmatch(text):
        return "text"
    if NUMBER.fullmatch(text):
        return "number"
    if len(text) > LONGEST or not any(c.isdigit() for c in text):
        return "" if amounts.dash(text) else "text"
    return "number" if amounts.form(masked(text)) else "text"


def masked(text: str) -> str:
    """The form of a value: every digit from 1 to 9 as 9."""
    return text.translate(MASK)


def layout(rows: Sequence[Cells], header: int | None) -> Layout:
    """Where the table stands.

    Args:
        rows: the first rows of the file.
        header: the row that names the columns, from 1; 0 for none; None: to be seen.
    """
    width = _width(rows)
    if header is not None:
        names = rows[header - 1] if header and header <= len(rows) else ()
        return Layout(_names([names], width), header, bool(header), max(0, header - 1))
    kinds = _kinds([row for row in rows[1:] if len(row) == width] or rows[1:], width)
    if "number" not in kinds and "time" not in kinds:
        start = next((k for k, row in enumerate(rows) if _filled(row) >= min(2, width)), 0)
        return Layout(_names(rows[start : start + 1], width), start + 1, True, start)
    first = next(
        (k for k, row in enumerate(rows[:MOST_TITLES]) if _is_data(row, kinds)), min(1, len(rows))
    )
    above = [k for k in range(first) if _filled(rows[k])]
    full = next((k for k in above if _filled(rows[k]) >= max(2, FULL * width)), None)
    if not above or (full is None and _filled(rows[above[-1]]) < max(1, 0.4 * width)):
        return Layout(("",) * width, first, False, first)
    if full is not None:
        first = full + 1  # what follows the first full row is data, however odd
        above = above[: above.index(full) + 1]
    level = _levels(rows, above, width, kinds)
    return Layout(_names([rows[k] for k in level], width), first, True, level[0])


def _width(rows: Sequence[Cells]) -> int:
    widths = Counter(len(row) for row in rows if _filled(row))
    return max(widths, key=lambda w: (widths[w], w), default=0)


def _filled(row: Cells) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _kinds(rows: Sequence[Cells], width: int) -> list[Kind]:
    """What most cells of each column look like."""
    found: list[Kind] = []
    for k in range(width):
        seen: Counter[Kind] = Counter(kind(row[k]) for row in rows if k < len(row))
        del seen[""]
        most: Kind = seen.most_common(1)[0][0] if seen else ""
        found.append(most if most and seen[most] > 0.6 * seen.total() else "text" if seen else "")
    return found


def _is_data(row: Cells, kinds: Sequence[Kind]) -> bool:
    """Whether a row fits the columns: times are times, and most numbers are numbers."""
    row = _padded(row, len(kinds))
    told = [
        (kind(cell), k, cell) for cell, k in zip(row, kinds, strict=True) if k in ("number", "time")
    ]
    if _series([cell for seen, k, cell in told if k == "number" and seen == "number"]):
        return False
    fits = [seen == k for seen, k, _ in told if seen]
    if any(k == "time" and seen not in ("time", "") for seen, k, _ in told):
        return False
    return 3 * sum(fits) >= 2 * len(fits) and 2 * sum(fits) >= max(2, len(told))


def _series(cells: Cells) -> bool:
    """Whether numbers are those of a header: years, or months and days, one after the other."""
    if len(cells) > LEAST_WIDE and all(COMPACT.fullmatch(cell.strip()) for cell in cells):
        return list(cells) == sorted(set(cells))
    if len(cells) < 2 or not all(re.fullmatch(r"\d{1,4}", cell.strip()) for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return all(b - a == 1 for a, b in pairwise(numbers)) and (
        1900 <= numbers[0] <= 2100 or (len(numbers) > 5 and numbers[0] in (0, 1))
    )


def _levels(
    rows: Sequence[Cells], above: Sequence[int], width: int, kinds: Sequence[Kind]
) -> list[int]:
    """The rows that name the columns: one, or two where the upper fills gaps of the lower."""
    last = above[-1]
    if len(above) < 2 or above[-2] != last - 1:
        return [last]
    lower, upper = _padded(rows[last], width), _padded(rows[last - 1], width)
    gaps = [k for k in range(width) if kinds[k] and not lower[k].strip()]
    names = [cell.strip() for cell in lower if cell.strip()]
    both = gaps and all(upper[k].strip() for k in gaps)
    return (
        [last - 1, last]
        if both or (len(set(names)) < len(names) and _filled(upper) > 1)
        else [last]
    )


def _padded(row: Cells, width: int) -> list[str]:
    return [*row[:width], *[""] * (width - len(row))]


def _names(levels: Sequence[Cells], width: int) -> tuple[str, ...]:
    """Names out of one row, or out of two: the lower, with the upper before it where it repeats."""
    held = [max((k + 1 for k, cell in enumerate(row) if cell.strip()), default=0) for row in levels]
    wide = max([width, *held])
    plain = [[" ".join(cell.split()) for cell in _padded(row, wide)] for row in levels]
    if len(plain) < 2:
        return tuple(plain[0]) if plain else ("",) * width
    upper, lower, over = plain[0], plain[1], ""
    named, counts = [], Counter(cell for cell in plain[1] if cell)
    for up, low in zip(upper, lower, strict=True):
        over = up or over
        named.append(up if not low else f"{over} {low}".strip() if counts[low] > 1 else low)
    return tuple(named)


def unique(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that an engine can tell apart (`revenue`, `revenue_1`), and those that stood twice."""
    taken = {"rowid"}  # the engine's own number of a row
    found, twice = [], []
    for k, name in enumerate(names):
        plain = own = name or f"column{k}"
        count = 0
        while own.lower() in taken:
            count += 1
            own = f"{plain}_{count}"
        if count:
            twice.append(plain)
        taken.add(own.lower())
        found.append(own)
    return tuple(found), tuple(dict.fromkeys(twice))


def months(names: Sequence[str]) -> list[str]:
    """Columns that are called by months and no year."""
    return [n for n in names if MONTH.fullmatch(n) or moments.is_month(n)]


def wide(names: Sequence[str]) -> Unpivot | None:
    """How columns that are named by times, or by years, become rows; None where too few are."""
    ways = (
        lambda n: kind(n) == "time",
        re.compile(r"(19|20)\d\d").fullmatch,
        COMPACT.fullmatch,
    )
    times = next((held for way in ways if (held := [n for n in names if way(n)])), [])
    if len(times) < LEAST_WIDE or len(times) == len(names):
        return None
    ends = zip(min(times), max(times), strict=False)
    start = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], ends))
    pattern = re.compile(re.escape(start) + ".*", re.DOTALL)
    alike = len(start) > 1 and [n for n in names if pattern.fullmatch(n)] == times
    free = lambda word: word if word not in names else f"{word}_"  # noqa: E731  # two words
    return Unpivot((f"{start}*",) if alike else tuple(times), free("date"), free("value"))
