"""The cells of a table in words: shares in per cent, places and messages as people say them."""

from __future__ import annotations

from collections.abc import Iterable

from kpilab.core.values import Message
from kpilab.report.words import Words
from kpilab.show.format import percent, plain, points, pvalue

# Columns that hold shares (0-1) wherever they occur; ends of an interval follow what stands before.
SHARES = {
    *("share", "rate", "change", "overall", "lift", "lift_low", "lift_high", "carried", "falling"),
    *("stickiness", "stopped_share", "went_share", "share0", "share1", "rest"),
}
ENDS = ("low", "high")
CHANCES = ("p", "q")
# Columns of words the analyses write, and the topic that holds what they mean.
CODES = {"check": "check", "missing": "smart"}
# Columns that name the metric of a row, and those that hold its values.
METRICS = ("metric", "driver", "kpi")
LEVELS = ("baseline", "current", "like", "target", "history")
STEPS = ("calendar", "season", "trend")
# Values that the analyses write themselves; all others are the user's own and stay.
VALUES = {
    *("baseline", "current", "goal", "kpi", "trouble", "fine", "unclear", "info", "related"),
    *("unrelated", "inconclusive", "previous", "first", "up", "down"),
}


def cells(words: Words, columns: Iterable[object], row: Iterable[object]) -> list[str]:
    """A row of a table in words."""
    names = [str(c) for c in columns]
    held = list(row)
    whole = next((v for n, v in zip(names, held, strict=True) if n in METRICS), None)
    part = whole in words.review.shares
    last, found = "", []
    for name, value in zip(names, held, strict=True):
        last = last if name in ENDS else name
        found.append(
            points(value, words.lang)
            if part and name in STEPS and isinstance(value, float)
            else _cell(words, name, value, last in SHARES or (part and last in LEVELS))
        )
    return found


def _cell(words: Words, name: str, value: object, share: bool) -> str:
    if name in CODES and isinstance(value, str | tuple | list):
        codes = [value] if isinstance(value, str) else value
        return words.join(words.known(CODES[name], str(code)) for code in codes)
    if isinstance(value, Message):
        return words.say(value)
    if isinstance(value, str):
        return words.known("value", value) if value in VALUES else words.name(value)
    if isinstance(value, float) and name in CHANCES:
        return pvalue(value, words.lang)
    if isinstance(value, float) and share:
        return percent(value, words.lang)
    return plain(value, words.lang)
