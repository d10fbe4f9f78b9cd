"""Place moves: did anything else move in a place, beyond the rest, when a driver did?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kpilab.analysis.rootcause.place_cube import Cube, Rows, Summed, cube
from kpilab.core.table import Table
from kpilab.core.values import Period, Where
from kpilab.engine.rootcause.places import unit_of
from kpilab.questions.drivers import Driver
from kpilab.stats.rootcause.usual import Judged, judge

FLOOR = 0.01  # least part of a metric that a value holds, to say what is usual


@dataclass(frozen=True, slots=True)
class Moved:
    """What one metric did in a place.

    Attributes:
        name: of the metric. where: the part of the place that its table knows.
        before, after: its value there; per day for what adds up.
        change: beyond the rest, relative to the mean of what is and what would be (-2 to 2).
        p: two-sided, of this metric alone.
    """

    name: str
    where: Where
    before: float
    after: float
    change: float
    p: float


def place_moves(
    table: Table,
    metrics: Sequence[Driver],
    where: Where,
    *,
    baseline: Period,
    current: Period,
    customer: str | None = None,
) -> tuple[Moved, ...]:
    """What each metric of a table did in a place, against the rest of the table.

    Args:
        metrics: measured on the table. where: a place; dimensions the table lacks are left out.
        baseline, current, customer: as for `place_search`.

    Returns:
        One per metric that can be told; none where the table has no dimension of the place.
    """
    known = {d: v for d, v in where.values.items() if d in table.dimensions_named}
    if not known or not metrics:
        return ()
    asked = Summed(table, tuple(metrics), (baseline, current), unit_of(table, customer))
    cells = cube(asked, FLOOR, 1, {d: tuple(map(str, v)) for d, v in known.items()})
    rows = [k for k, (number, _) in enumerate(cells.keys) if number == len(cells.sets) - 1]
    if not rows:
        return ()
    days = baseline.days, current.days
    found = (_moved(cells, driver, rows, Where(known), days) for driver in metrics)
    return tuple(moved for moved in found if moved is not None)


def _moved(
    cells: Cube, driver: Driver, rows: Rows, where: Where, days: tuple[int, int]
) -> Moved | None:
    judged = _judged(cells, driver, rows)
    if not np.isfinite(judged.error[0]):
        return None
    place = cells.sides(driver, rows).together()
    before, after = (
        float(part.level(length)[0])
        for part, length in zip((place.base, place.now), days, strict=True)
    )
    p = float(np.exp(judged.log_p[0]))
    return Moved(driver.name, where, before, after, float(judged.relative[0]), p)


def _judged(cells: Cube, driver: Driver, rows: Rows) -> Judged:
    """The place first; the values of each dimension after it, for what such places usually do."""
    others = [k for k in range(len(cells.keys)) if cells.depth(k) == 1]
    whole = [cells.whole]
    return judge(
        cells.sides(driver, rows).together().above(cells.sides(driver, others)),
        cells.sides(driver, whole),
        cells.past(driver, rows).together().above(cells.past(driver, others)),
        cells.past(driver, whole),
        cells.windows,
    )
