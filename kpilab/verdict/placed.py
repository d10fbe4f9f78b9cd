"""A place in which a driver moved on its own, with what else moved there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kpilab.analysis.rootcause.place_moves import Moved
from kpilab.analysis.rootcause.place_search import Found


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A place in which a driver moved on its own.

    Attributes:
        found: the move. finding: id of the finding that says it.
        behind: metrics that moved for the worse there (for the better, where the driver rose),
            the clearest first. since: first day, where the days tell it.
    """

    found: Found
    finding: str
    behind: tuple[Moved, ...] = ()
    since: date | None = None
