"""Numbers and days in digits of other scripts, as a Chinese or Arabic keyboard writes them: read as
ours. Texts stay as they are, with all their signs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from kpilab.engine.door.columns import LOOKED_AT
from kpilab.engine.door.raw import Raw
from kpilab.engine.expression import literal, quoted

DIGITS = "０-９٠-٩۰-۹"
OTHERS = "０１２３４５６７８９．，－／：٠١٢٣٤٥٦٧٨٩٫٬۰۱۲۳۴۵۶۷۸۹"
OURS = "0123456789.,-/:0123456789.,0123456789"
SIGNS = r"．，－／：٫٬.,\-/:+−%％()（）¥￥$€£'_\s"
UNITS = "年月日时時分秒元万萬亿億"
# What is a number or a day all through, and has a digit of another script.
CELL = f"[{SIGNS}0-9]*[{DIGITS}][{SIGNS}{UNITS}0-9{DIGITS}]*"
WRITTEN, TO_OURS = re.compile(CELL), str.maketrans(OTHERS, OURS)


def plain(cell: str) -> str:
    """A cell in our digits, if it is such a number or day."""
    return cell.translate(TO_OURS) if WRITTEN.fullmatch(cell) else cell


def evened(raw: Raw, columns: Sequence[str], *, stored: bool) -> Raw:
    """The rows with such cells in our digits.

    Args:
        columns: those that may hold anything. stored: whether the relation is a table of its own.
    """
    odd = _odd(raw, columns)
    if not odd:
        return raw
    chosen = ", ".join(
        f"CASE WHEN {_is(c)} THEN translate({quoted(c)}, {literal(OTHERS)}, {literal(OURS)})"
        f" ELSE {quoted(c)} END AS {quoted(c)}"
        for c in odd
    )
    query = f"SELECT * REPLACE ({chosen}) FROM {raw.relation}"
    if not stored:
        return replace(raw, relation=f"({query})")
    relation = f"kpilab_{uuid4().hex[:12]}"
    raw.all(f"CREATE TEMP TABLE {relation} AS {query} ORDER BY rowid")
    raw.all(f"DROP TABLE {raw.relation}")
    return replace(raw, relation=relation)


def _odd(raw: Raw, columns: Sequence[str]) -> list[str]:
    """Columns with such a cell among their first rows."""
    if not columns:
        return []
    any_ = ", ".join(f"bool_or({_is(c)})" for c in columns)
    found = raw.all(f"SELECT {any_} FROM {raw.relation} WHERE rowid < {LOOKED_AT}")[0]
    return [c for c, odd in zip(columns, found, strict=True) if odd]


def _is(column: str) -> str:
    return f"regexp_full_match(CAST({quoted(column)} AS VARCHAR), {literal(CELL)})"
