"""Place search: which place moved on its own, of all drivers that are measured on the rows of one
table?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import hypot
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.analysis.rootcause.place_cube import Cube, Rows, Summed, cube, deeper
from kpilab.analysis.rootcause.place_found import Found, together
from kpilab.analysis.rootcause.place_growth import grown, nothing_grown
from kpilab.core.result import Result
from kpilab.core.table import Table
from kpilab.core.values import Effect, Message, Period, Where
from kpilab.engine.door.labels import meets
from kpilab.engine.rootcause.places import unit_of
from kpilab.questions.drivers import Driver
from kpilab.stats.distributions import student
from kpilab.stats.rootcause.contrast import Sides
from kpilab.stats.rootcause.former import former
from kpilab.stats.rootcause.usual import Judged, judge

MOST_PLACES = 5
FLOOR = 0.01  # least part of the goal that a place holds in either period
MOST = 0.97  # what holds more is everywhere
LEVEL = 0.05
# What is left of a larger place without the one found counts as moved as well: surely, and by at
# least half as much.
SURE, ALSO = 0.01, 0.5
ALL = 0.999  # part of a driver that two values make up, to be all of it
SMALL = 1e-9
COLUMNS = ["driver", "where", "change", "effect", "low", "high", "p", "share"]


@dataclass(frozen=True, slots=True, eq=False)
class PlaceSearchResult(Result):
    """Answer of `place_search`.

    Attributes:
        table: one row per place found, the clearest first; columns `driver`, `where` (Where),
            `change` (relative, beyond the rest's), `effect`, `low`, `high` (goal units), `p`
            (corrected for every place and driver looked at), `share` (of the goal, 0-1).
        found: the same as values. tests: places × drivers looked at.
        windows: former pairs of periods that say what is usual.
        replaced: dimensions left out, as a new value took the place of others in them.
        grown: how each driver grew as a whole and by value (`place_growth.grown`).
    """

    found: tuple[Found, ...] = ()
    tests: int = 0
    windows: int = 0
    replaced: tuple[str, ...] = ()
    grown: pd.DataFrame = field(default_factory=nothing_grown)
    kind: ClassVar[str] = "place_search"

    @property
    def headline(self) -> Message:
        if not self.found:
            return Message("place_search.none", {"tests": self.tests})
        first = self.found[0]
        values = {"driver": first.driver.name, "where": first.where, "change": first.change}
        values |= {"effect": first.effect.value, "n": len(self.found), "tests": self.tests}
        return Message("place_search.found", values)


def place_search(
    table: Table,
    drivers: Sequence[Driver],
    *,
    baseline: Period,
    current: Period,
    customer: str | None = None,
) -> PlaceSearchResult:
    """Where did a driver of the goal leave its own course?

    Every place of up to three dimensions is held against the rest of the table, so that what all
    places share (season, market, calendar) cancels; its noise is that of the units that recur, and
    at least that of its own former moves. The clearest place is taken out, and the rest is searched
    again.

    Args:
        table: rows with dimensions and a time. drivers: measured on it.
        baseline, current: the periods compared.
        customer: column of whoever recurs; a log has its users; for want of both, a
            combination of dimensions over some days is the unit.

    Returns:
        PlaceSearchResult.
    """
    whole = asked = Summed(table, tuple(drivers), (baseline, current), unit_of(table, customer))
    found: list[Found] = []
    tests = windows = 0
    first: _Search | None = None
    while len(found) < MOST_PLACES and drivers and asked.table.dimensions_named:
        search = _Search(cube(asked, FLOOR))
        first = first or search
        if not len(search.rows):
            break
        tests = max(tests, len(search.rows) * len(drivers))
        windows = search.windows()
        best = search.best()
        if best is None:
            break
        found.append(replace(best, tests=tests))
        asked = _without(asked, best.where)
    places = tuple(together(_beside_others(whole, first, found) if first else found))
    replaced = first.cells.replaced if first else ()
    notes = (Message("place_search.replaced", {"dimensions": replaced}),) if replaced else ()
    return PlaceSearchResult(
        _table(places), found=places, tests=tests, windows=windows, replaced=replaced,
        grown=grown(first.cells) if first else nothing_grown(), notes=notes,
    )  # fmt: skip


def _without(asked: Summed, where: Where) -> Summed:
    """The same over the rows outside a place."""
    rows = asked.table.table
    inside = meets(rows, where)
    rest = rows if inside is None else rows.filter(~inside)
    return replace(asked, table=replace(asked.table, table=rest))


def _beside_others(whole: Summed, first: _Search, found: list[Found]) -> list[Found]:
    """Each place as it moved beside the others, whose rows moved for reasons of their own."""
    if len(found) < 2:
        return found
    return [_alone(whole, first, f, [o for o in found if o is not f]) for f in found]


def _alone(whole: Summed, first: _Search, one: Found, others: Sequence[Found]) -> Found:
    """A place measured without the rows of others, and then said of all its rows."""
    asked = whole
    for other in others:
        asked = _without(asked, other.where)
    search = _Search(cube(asked, FLOOR))
    place = {d: str(v[0]) for d, v in one.where.values.items()}
    row, all_of_it = search.cells.row(place), first.cells.row(place)
    if row is None or all_of_it is None:
        return one
    again = search.said(one.driver, row)
    times = _times(one.driver, (first.cells, all_of_it), (search.cells, row))
    if not (np.isfinite(again.amount.high or 0.0) and times >= 1):
        return one
    share = float(first.share[all_of_it])
    kept = {"p": one.p, "pays": one.pays, "tests": one.tests, "rest": one.rest, "share": share}
    return replace(again.scaled(times), **kept)


def _times(driver: Driver, all_of_it: tuple[Cube, int], part: tuple[Cube, int]) -> float:
    """How many times what is counted in a part a whole place holds; 0 where it cannot be said."""
    for side in (1, 0):
        held = [
            float(cells.groups[driver.num][side][row].sum()) for cells, row in (all_of_it, part)
        ]
        if held[1]:
            return held[0] / held[1]
    return 0.0


class _Search:
    """The places of one cube that may be found: those that hold enough of the goal."""

    def __init__(self, cells: Cube) -> None:
        self.cells = cells
        share = np.max([cells.share(d.goal) for d in cells.asked.drivers], axis=0)
        # An amount of either sign may hold more than all: what is everywhere holds it of each.
        least = np.min([cells.share(text) for text in cells.asked.texts], axis=0)
        able = (share >= FLOOR) & (least <= MOST)
        able[cells.whole] = False
        depth = np.array([cells.depth(k) for k in range(len(share))])
        self.share, self.rows = share, _distinct(cells, np.flatnonzero(able), depth)
        same = depth[self.rows]
        alike = np.array([(same == d).sum() for d in same])
        self.pays = alike * len(set(same)) * len(cells.asked.drivers)

    def windows(self) -> int:
        """Former pairs of periods, which overlap."""
        whole = self.cells.past(self.cells.asked.drivers[0], [self.cells.whole])
        return former(whole, whole, self.cells.windows).count

    def of(self, driver: Driver, rows: Rows) -> Judged:
        cells, whole = self.cells, [self.cells.whole]
        return judge(
            cells.sides(driver, rows),
            cells.sides(driver, whole),
            cells.past(driver, rows),
            cells.past(driver, whole),
            cells.windows,
        )

    def best(self) -> Found | None:
        """The clearest place over all drivers; None where chance alone may give it."""
        clearest: list[tuple[float, int, Driver]] = []
        for driver in self.cells.asked.drivers:
            corrected = self.of(driver, self.rows).log_p + np.log(self.pays)
            if len(corrected) and corrected.min() < np.log(LEVEL):
                k = int(np.argmin(corrected))
                clearest.append((float(corrected[k]), k, driver))
        if not clearest:
            return None
        corrected, k, driver = min(clearest, key=lambda found: found[0])
        search, row = self._deeper(driver, k, corrected)
        row = search._wider(driver, row)
        pays = int(self.pays[k])
        found = search.said(driver, search._side(driver, row))
        return replace(found, p=float(np.exp(corrected)) / pays, pays=pays)

    def _deeper(self, driver: Driver, k: int, corrected: float) -> tuple[_Search, int]:
        """A part of a place of two dimensions, by one dimension more, where that is clearer."""
        row = int(self.rows[k])
        place = self.cells.place(row)
        if len(place) < 2 or len(self.cells.asked.table.dimensions_named) < 3:
            return self, row
        inner = _Search(deeper(self.cells, place))
        parts = [k for k, r in enumerate(inner.rows) if inner.cells.depth(r) > len(place)]
        if not parts:
            return self, row
        judged = inner.of(driver, inner.rows)
        best = min(parts, key=lambda part: judged.log_p[part])
        clearer = judged.log_p[best] + np.log(self.pays[k] * len(parts)) < corrected
        return (inner, int(inner.rows[best])) if clearer else (self, row)

    def _wider(self, driver: Driver, row: int) -> int:
        """The larger place, where what it holds beside this one moved as well."""
        place = self.cells.place(row)
        for dimension in place:
            larger = self.cells.row({d: v for d, v in place.items() if d != dimension})
            if (
                larger is not None
                and larger != self.cells.whole
                and self._also(driver, larger, row)
            ):
                return self._wider(driver, larger)
        return row

    def _side(self, driver: Driver, row: int) -> int:
        """Of two values that make up the whole, the one that left its course: against each other
        both moved."""
        place = self.cells.place(row)
        if len(place) != 1:
            return row
        dimension = next(iter(place))
        values = [k for k in range(len(self.cells.keys)) if set(self.cells.place(k)) == {dimension}]
        if len(values) != 2 or self.cells.groups[driver.num][1][values].sum() < ALL * (
            self.cells.groups[driver.num][1][self.cells.whole].sum()
        ):
            return row
        usual = self._year_ago(driver)
        moved = [abs(self._own(driver, k) - usual) for k in values]
        return values[int(np.argmax(moved))] if max(moved) > min(moved) else row

    def _own(self, driver: Driver, row: int) -> float:
        """Log growth of a driver in a place; per day for what adds up."""
        return _growth(*self._levels(self.cells.sides(driver, [row])))

    def _levels(self, sides: Sides) -> tuple[float, float]:
        """A driver in both periods; per day for what adds up."""
        base, current = self.cells.asked.periods
        return float(sides.base.level(base.days)[0]), float(sides.now.level(current.days)[0])

    def _year_ago(self, driver: Driver) -> float:
        """Log growth of the whole at the same time of the year before; 0 where it is not known."""
        past, w = self.cells.past(driver, [self.cells.whole]), self.cells.windows
        start = past.num.shape[1] - w.base - (w.year or 0)
        if w.year is None or start < 0:
            return 0.0
        levels = [
            past.between(first, first + length).level(length)[0]
            for first, length in ((start, w.base), (start + w.gap, w.current))
        ]
        return _growth(float(levels[0]), float(levels[1]))

    def _also(self, driver: Driver, larger: int, smaller: int) -> bool:
        cells = self.cells
        if self.share[larger] > MOST:
            return False
        outer, inner, whole = (cells.sides(driver, [r]) for r in (larger, smaller, cells.whole))
        before = [cells.past(driver, [r]) for r in (larger, smaller, cells.whole)]
        # Beside it all other places against all of theirs, for what such places usually do.
        wholes = [cells.whole] * len(self.rows)
        left = judge(
            (outer - inner).above(cells.sides(driver, self.rows)),
            (whole - inner).above(cells.sides(driver, wholes)),
            (before[0] - before[1]).above(cells.past(driver, self.rows)),
            (before[2] - before[1]).above(cells.past(driver, wholes)),
            cells.windows,
        )
        own = self.of(driver, [smaller, *self.rows]).relative[0]
        moved = left.relative[0] * np.sign(own) >= ALSO * abs(own)
        return bool(moved and left.log_p[0] < np.log(SURE))

    def said(self, driver: Driver, row: int) -> Found:
        """The move of a driver in a place, with its size for the goal."""
        judged = self.of(driver, [row, *self.rows])
        amount, would = float(judged.amount[0]), float(judged.would[0])
        sure = float(student.ppf(0.975, judged.df[0]))
        half = float(judged.size_error[0]) * sure
        worth, unsure = self._worth(driver, row)
        size, wide = worth * amount, hypot(worth * half, amount * unsure * sure)
        return Found(
            driver,
            Where({d: (v,) for d, v in self.cells.place(row).items()}),
            Effect(amount, amount - half, amount + half, driver.name),
            amount / abs(would) if would else None,
            self._beside(driver, row),
            Effect(size, size - wide, size + wide),
            float(np.exp(judged.log_p[0])),
            1,
            1,
            float(self.share[row]),
        )

    def _beside(self, driver: Driver, row: int) -> float | None:
        """How the driver moved in all that is not the place; per day for what adds up."""
        whole = self.cells.sides(driver, [self.cells.whole])
        before, after = self._levels(whole - self.cells.sides(driver, [row]))
        return after / before - 1 if before else None

    def _worth(self, driver: Driver, row: int) -> tuple[float, float]:
        """Goal units of one more of the numerator in a place, and the error of that."""
        if driver.passes_on is not None:
            return driver.passes_on, 0.0
        for side in (1, 0):
            num, goal = (self.cells.groups[m][side][row] for m in (driver.num, driver.goal))
            if num.sum():
                worth = float(goal.sum() / num.sum())
                return worth, float(np.sqrt(((goal - worth * num) ** 2).sum()) / abs(num.sum()))
        return 0.0, 0.0


def _growth(before: float, after: float) -> float:
    return float(np.log(max(after, SMALL) / max(before, SMALL)))


def _distinct(cells: Cube, rows: NDArray[np.intp], depth: NDArray[np.int_]) -> NDArray[np.intp]:
    """The places that hold different rows: of equal ones the one with fewest dimensions."""
    ordered = sorted(rows, key=lambda r: (depth[r], r))
    sums = np.hstack([part[ordered] for pair in cells.groups.values() for part in pair])
    _, first = np.unique(sums.round(6), axis=0, return_index=True)
    return np.array([ordered[k] for k in sorted(first)], dtype=int)


def _table(found: Sequence[Found]) -> pd.DataFrame:
    rows = [
        (f.driver.name, f.where, f.change, f.effect.value, f.effect.low, f.effect.high)
        + (f.corrected, f.share)
        for f in found
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
