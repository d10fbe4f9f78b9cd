"""Times written as text: the one reader, for tables and for small frames alike."""

from __future__ import annotations

import re
from datetime import datetime

DAY = (
    r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?|/(\d{1,2})(?:/(\d{1,2}))?"
    r"|年(\d{1,2})月(?:(\d{1,2})日)?|(\d\d)(\d\d))"
)
CLOCK = (
    r"(?:(?:T| +|(?<=日))(\d{1,2})(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?"
    r"\s?(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?"
)
WRITTEN = re.compile(DAY + CLOCK)
SHORTEST = len("2026-01")  # a year alone, or six digits, may be anything
MEND = "write days as 2026-01-31, times as 2026-01-31 14:30"


def read(text: str) -> tuple[datetime, str] | None:
    """The time on the clock, to the microsecond, and the offset beside it ("" for none); None for
    an empty text.

    Year first; month and day follow with -, / or 年月日, or as two digits each. A month is its
    first day.

    Raises:
        ValueError: a text of another form, or a day that does not exist.
    """
    if not text.strip():
        return None
    found = WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    year, *rest = found.groups()
    month, day = (next((int(v) for v in rest[k:8:2] if v), 1) for k in (0, 1))
    hour, minute, second = (int(v or 0) for v in rest[8:11])
    micro = int((rest[11] or "")[:6].ljust(6, "0"))
    return datetime(int(year), month, day, hour, minute, second, micro), _offset(rest[12] or "")


def _offset(zone: str) -> str:
    """The offset as +hh:mm."""
    if zone in ("", "Z", "UTC"):
        return "+00:00" if zone else ""
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return f"{zone[0]}{digits[:2]}:{digits[2:]}"
