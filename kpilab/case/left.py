"""What a first case makes no use of, and why: an analyst checks that before anything else."""

from __future__ import annotations

from collections.abc import Iterator

from kpilab.case.guess import MOST_VALUES, Guess, measures
from kpilab.case.look import Column, Nature, Sheet
from kpilab.case.words import AMOUNTS, OUTCOME
from kpilab.core.values import Message

MOST_NAMED = 6
WHY: tuple[Nature, ...] = ("name", "calendar", "place", "repeated")


def left_out(sheet: Sheet, found: Guess, linked: set[str]) -> Iterator[Message]:
    """Columns of a table that are neither summed nor a dimension, by the reason."""
    used = {*found.roles.values(), *found.dimensions, *linked}
    used |= {name for names in found.lists.values() for name in names}
    used |= {c.name for c in measures(sheet, found)}
    reasons: dict[str, list[str]] = {}
    for column in sheet.columns:
        if column.name not in used and not column.linked and column.type != "time":
            reasons.setdefault(_why(column, sheet), []).append(column.name)
    for why, names in reasons.items():
        told = [*names[:MOST_NAMED], *(["…"] if len(names) > MOST_NAMED else [])]
        reason = Message(f"first.why_{why}", {"most": MOST_VALUES})
        yield Message("first.left_out", {"file": sheet.source, "columns": told, "why": reason})


def _why(column: Column, sheet: Sheet) -> str:
    if not column.filled:
        return "empty"
    if column.distinct == 1:
        return "constant"
    if column.type == "number":
        return column.nature if column.nature in WHY else "number"
    if column.named("|".join(AMOUNTS)):
        return "text"
    if column.named(OUTCOME):
        return "outcome"
    if column.distinct == sheet.rows:
        return "rows"
    return "name" if column.distinct <= MOST_VALUES else "many"
