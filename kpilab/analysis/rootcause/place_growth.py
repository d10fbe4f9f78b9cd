"""How the whole of a table and each value of its dimensions grew: what says "everywhere"."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilab.analysis.rootcause.place_cube import Cube
from kpilab.questions.drivers import Driver

GROWN = ["driver", "kind", "dimension", "value", "share", "growth", "worth"]
SMALL = 1e-9


def nothing_grown() -> pd.DataFrame:
    return pd.DataFrame(columns=GROWN)


def grown(cells: Cube) -> pd.DataFrame:
    """One row per driver for the whole (no dimension), and one per value.

    Columns: `share` of the driver's rows that it holds (0-1), `growth` (log; per day for what adds
    up), `worth` (goal units of the current period that all of the driver makes there).
    """
    rows = [row for driver in cells.asked.drivers for row in _of(cells, driver)]
    return pd.DataFrame(rows, columns=GROWN)


def _of(cells: Cube, driver: Driver) -> list[tuple[object, ...]]:
    rows = [k for k in range(len(cells.keys)) if cells.depth(k) <= 1]
    sides, share = cells.sides(driver, rows), cells.share(driver.den or driver.num)[rows]
    base, current = cells.asked.periods
    before, after = sides.base.level(base.days), sides.now.level(current.days)
    growth = np.log(np.maximum(after, SMALL)) - np.log(np.maximum(before, SMALL))
    worth = cells.groups[driver.goal][1][rows].sum(1)
    if driver.passes_on is not None:
        worth = driver.passes_on * sides.now.total().num
    places = [next(iter(cells.place(row).items()), ("", "")) for row in rows]
    numbers = zip(share.tolist(), growth.tolist(), worth.tolist(), strict=True)
    return [
        (driver.name, driver.kind, *place, *of) for place, of in zip(places, numbers, strict=True)
    ]
