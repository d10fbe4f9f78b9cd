"""What `kpilab init` wrote, in the terminal: what to read first, and what was left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kpilab.case.found import Wishes, customer_of
from kpilab.case.write import first_case
from kpilab.core.values import Message
from kpilab.show.say import sentence

if TYPE_CHECKING:
    from kpilab.case.write import First

NOTHING = Wishes()


def scaffold(
    folder: str | Path, *, force: bool = False, wishes: Wishes = NOTHING, language: str = "en"
) -> Path:
    """The path of a first case.yml, with comments in a language."""
    return written(folder, force=force, wishes=wishes, language=language).path


def written(
    folder: str | Path, *, force: bool = False, wishes: Wishes = NOTHING, language: str = "en"
) -> First:
    """A first case.yml, with comments in a language (see `first_case`)."""
    return first_case(folder, lambda m: sentence(m, language), force=force, wishes=wishes)


def told_of(first: First, folder: Path, language: str) -> list[str]:
    """Lines for the terminal."""
    lines = [sentence(m, language) for m in _messages(first, folder)]
    issues = [sentence(i.statement, first.case.language) for i in first.case.issues]
    return [*lines[:-1], *issues, lines[-1]]


def _messages(first: First, folder: Path) -> Iterator[Message]:
    draft, found = first.draft, first.found
    definition = draft.metrics[draft.goal]
    measure = draft.measure or f"{definition['numerator']} / {definition['denominator']}"
    values = {"goal": draft.goal, "formula": draft.formula, "measure": measure}
    yield Message("first.wrote", {"path": str(first.path)})
    yield Message("first.told_goal", values | {"table": draft.table})
    if first.alternatives:
        yield Message("first.told_else", {"others": first.alternatives})
    case = first.case
    yield Message("first.told_periods", {"current": case.current, "baseline": case.baseline})
    customer = customer_of(first.sheet, found)
    if customer:
        yield Message("first.told_customer", {"table": customer})
    for link in found.related.links:
        told = {"column": f"{link.sheet}.{link.column}", "to": link.to, "share": link.share}
        yield Message("first.told_link", told)
    yield from first.notes
    if not case.kpis:
        yield Message("first.told_kpis")
    yield Message("first.next", {"folder": str(folder)})
