"""From when to when a folder's tables go, and which two periods are compared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pandas as pd

from kpilab.case.days import FAR, bulk, end_of_month, monthly, without_rows
from kpilab.case.look import Sheet
from kpilab.core.values import Message, Period
from kpilab.engine.run import collect
from kpilab.errors import BadInput

DAYS_OFF = 3  # a quarter counts as whole when its last days are a holiday or weekend without rows


def span(sheet: Sheet, time: str) -> tuple[date, date, list[Message]]:
    """First and last day of the bulk of a table's rows; notes on what lies far off, and on days
    between without rows."""
    day = sheet.table[time].try_cast("timestamp").cast("date")
    rows = sheet.table.select(day=day).group_by("day").agg(n=lambda t: t.count())
    counts = collect(rows, f"days of {sheet.name!r}").dropna().sort_values("day")
    days = pd.to_datetime(counts["day"]).dt.date.tolist()
    if not days:
        raise BadInput(
            f"column {time!r} holds no times",
            f"table {sheet.name!r}",
            "fill it, or remove the table",
        )
    rows_of = dict(zip(days, counts["n"].astype(int), strict=True))
    first, last = bulk(rows_of)
    far = {d: n for d, n in rows_of.items() if first - d > FAR or d - last > FAR}
    told = [f"{d} ({n} rows)" if n > 1 else str(d) for d, n in list(far.items())[:3]]
    values = {"file": sheet.source, "column": time, "days": told}
    if monthly(days) and last.day == 1:  # a month that is called by its first day is whole
        last = end_of_month(last)
    gone = without_rows(sheet.name, rows_of)
    notes = [Message("first.far", values)] if far else []
    return first, last, notes + ([gone] if gone else [])


def periods(spans: Iterable[tuple[date, date]]) -> dict[str, Period]:
    """Two equal neighbouring periods at the end of the data all tables share: quarters, four weeks,
    weeks or days.

    Raises:
        BadInput: less than two days shared.
    """
    spans = list(spans)
    shared = Period(
        max(first for first, _ in spans),
        max(min(last for _, last in spans), max(f for f, _ in spans)),
    )
    if shared.days < 2:
        raise BadInput(
            f"the tables share {shared.days} day of data",
            "argument DIR",
            "a comparison needs at least two days",
        )
    try:
        current = _last_quarter(shared) or _last_days(shared)
        before = _quarter_before(current.first) if _last_quarter(shared) else current.before()
        year_ago = _year_before(current, calendar=_last_quarter(shared) is not None)
    except (OverflowError, ValueError):  # the calendar ends there
        what = f"the days go from {shared.first} to {shared.last}"
        mend = "correct them, or give --current and --baseline"
        raise BadInput(what, "argument DIR", mend) from None
    found = {"baseline": before, "current": current}
    return found | (
        {"year_ago": year_ago}
        if year_ago.first >= shared.first and year_ago.last < before.first
        else {}
    )


def _year_before(current: Period, *, calendar: bool) -> Period:
    """The same quarter of the year before; 52 weeks earlier where weekdays must match."""
    if calendar:
        first = current.first.replace(year=current.first.year - 1)
        return Period(first, _quarter_end(first))
    return Period(current.first - timedelta(days=364), current.last - timedelta(days=364))


def _quarter_end(first: date) -> date:
    later = first.replace(day=28) + timedelta(days=70)
    return later.replace(day=1) - timedelta(days=1)


def _last_quarter(shared: Period) -> Period | None:
    """The last whole quarter, when a whole one lies before it."""
    start = shared.last + timedelta(days=1 + DAYS_OFF)
    last = _quarter_before(date(start.year, (start.month - 1) // 3 * 3 + 1, 1))
    return last if _quarter_before(last.first).first >= shared.first else None


def _quarter_before(first: date) -> Period:
    year, month = (first.year, first.month - 3) if first.month > 3 else (first.year - 1, 10)
    return Period(date(year, month, 1), first - timedelta(days=1))


def _last_days(shared: Period) -> Period:
    half = shared.days // 2
    length = 28 if half >= 28 else half // 7 * 7 or half
    return Period(shared.last - timedelta(days=length - 1), shared.last)
