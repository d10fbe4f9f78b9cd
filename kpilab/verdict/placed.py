"""A place in which a driver moved on its own, with what else moved there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from kpilab.analysis.rootcause.place_found import Found
from kpilab.analysis.rootcause.place_moves import Moved
from kpilab.core.values import Effect


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A place in which a driver moved on its own.

    Attributes:
        found: the move. finding: id of the finding that says it.
        behind: metrics that moved for the worse there (for the better, where the driver rose),
            the clearest first. since: first day, where the days tell it.
        only_here: other leaves of the formula that moved in total, and not outside the place.
        node: how far it moved the driver as a whole, where that is a leaf of the formula.
    """

    found: Found
    finding: str
    behind: tuple[Moved, ...] = ()
    since: date | None = None
    node: Effect | None = None
    only_here: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The places found, how many places and drivers were held against the rest, and how each driver
    grew as a whole and by value."""

    places: tuple[Placed, ...]
    tests: int
    grown: pd.DataFrame
