"""Times written as numbers: 20251103, 202511, seconds since 1970, days of a spreadsheet."""

from __future__ import annotations

from typing import Any

import ibis

from kpilab.core.values import Message
from kpilab.engine.dialect import engine_name, moment, of_utc, one, session_zone
from kpilab.engine.run import collect_one

# Way, and between which numbers such times lie: days from 1900 to 2100, moments from 1986.
WAYS = {
    "yyyymmdd": (19000101, 21001231),
    "yyyymm": (190001, 210012),
    "excel": (20000, 80000),
    "epoch_s": (5e8, 5e9),
    "epoch_ms": (5e11, 5e12),
    "epoch_us": (5e14, 5e15),
    "epoch_ns": (5e17, 5e18),
}
MICROSECONDS = {"epoch_s": 1_000_000.0, "epoch_ms": 1_000.0, "epoch_us": 1.0, "epoch_ns": 0.001}
LEAST = 0.95  # share of the values that must lie between them
DAY, SINCE = 86_400_000_000, 25_569  # microseconds of a day; days of a spreadsheet until 1970


def numbered(rows: Any, column: str) -> tuple[str, Any] | None:
    """In which way numbers are times, and the expression that reads them; None where they are none.

    Decided from the whole column: nearly all of its values lie in the range of one way.

    Args:
        rows: the table. column: a column of numbers.
    """
    value = rows[column]
    held = {way: one(value.between(low, high)).sum() for way, (low, high) in WAYS.items()}
    found = collect_one(rows.agg(all=value.count(), **held), f"column {column!r}")
    way = max(WAYS, key=lambda w: found[w] or 0)
    if not found["all"] or (found[way] or 0) < LEAST * found["all"]:
        return None
    low, high = WAYS[way]
    return way, _read(value.between(low, high).ifelse(value, ibis.null(value.type())), way, rows)


def said(table: str, column: str, way: str) -> Message:
    """What is said of a column read in such a way."""
    return Message("door.numbered", {"table": table, "column": column, "format": way})


def _read(value: Any, way: str, rows: Any) -> Any:
    if way in ("yyyymmdd", "yyyymm"):
        digits = value.cast("int64").cast("string")
        last = digits.substr(6, 2) if way == "yyyymmdd" else ibis.literal("01")
        text = digits.substr(0, 4) + "-" + digits.substr(4, 2) + "-" + last
        return text.try_cast("timestamp")
    engine = engine_name(rows)
    if way == "excel":
        return moment(((value.cast("float64") - SINCE) * DAY).round().cast("int64"), engine)
    us = moment((value.cast("float64") * MICROSECONDS[way]).round().cast("int64"), engine)
    return of_utc(us, session_zone(rows.get_backend()))
