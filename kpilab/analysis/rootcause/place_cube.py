"""The sums that a search of places runs on: fetched once per search, then arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.core.table import Table
from kpilab.core.values import Period
from kpilab.engine.rootcause.places import (
    GROUP,
    GROUPS,
    SET,
    SIDE,
    SLICE,
    VALUES,
    Asked,
    Kept,
    by_group,
    by_slice,
    weights,
)
from kpilab.questions.drivers import Driver
from kpilab.stats.rootcause.contrast import Part, Sides
from kpilab.stats.rootcause.former import Windows

Array = NDArray[np.float64]
WEEK, YEAR = 7, 364
DAILY_BELOW = 28  # days of a period that is cut into days and not into weeks
# A value is new that had this part of its present share at most, and now has a real one.
NEW_BEFORE, NEW_NOW = 0.05, 0.05
OF_OTHERS = 0.5  # part of a new value's share that others lost, for it to have replaced them
KEY = [SET, *VALUES]
Frames = tuple[pd.DataFrame, pd.DataFrame]
Rows = Sequence[int] | NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Summed:
    """What is searched: drivers measured on one table, between two periods.

    Attributes:
        unit: column of whoever recurs; None for a combination of dimensions over some days.
    """

    table: Table
    drivers: tuple[Driver, ...]
    periods: tuple[Period, Period]
    unit: str | None

    @property
    def texts(self) -> tuple[str, ...]:
        """Every measure that is asked for, once."""
        asked = [t for d in self.drivers for t in (d.goal, d.num, d.den) if t is not None]
        return tuple(dict.fromkeys(asked))


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """Sums by place. A place is a row of all arrays.

    Attributes:
        sets: the sets of dimensions. kept: values of each dimension that are looked at.
        replaced: dimensions in which a new value took the place of others.
        frames: what was fetched, by group and by slice.
        keys: per place, the number of its set, and its values.
        groups: measure -> (baseline, current), places × groups of units.
        slices: measure -> places × slices of time up to the baseline's last.
        whole: the row that holds everything.
    """

    asked: Summed
    sets: tuple[tuple[str, ...], ...]
    kept: Mapping[str, Sequence[str]]
    replaced: tuple[str, ...]
    frames: Frames
    keys: tuple[tuple[int, tuple[str, ...]], ...]
    groups: Mapping[str, tuple[Array, Array]]
    slices: Mapping[str, Array]
    windows: Windows
    whole: int

    def sides(self, driver: Driver, rows: Rows) -> Sides:
        """Both periods of a driver, by group of units."""
        return Sides(*(self._part(driver, k, rows) for k in (0, 1)))

    def _part(self, driver: Driver, side: int, rows: Rows) -> Part:
        below = None if driver.den is None else self.groups[driver.den][side][rows]
        return Part(self.groups[driver.num][side][rows], below)

    def past(self, driver: Driver, rows: Rows) -> Part:
        """A driver by slice of time."""
        below = None if driver.den is None else self.slices[driver.den][rows]
        return Part(self.slices[driver.num][rows], below)

    def share(self, measure: str) -> Array:
        """Part of the whole that each place holds, in the period in which it holds more."""
        sums = [np.abs(part.sum(1)) for part in self.groups[measure]]
        shares = [s / s[self.whole] if s[self.whole] else np.zeros(len(s)) for s in sums]
        return np.maximum(*shares)

    def depth(self, row: int) -> int:
        return len(self.keys[row][1])

    def place(self, row: int) -> dict[str, str]:
        """Dimension -> value of a place."""
        number, values = self.keys[row]
        return dict(zip(self.sets[number], values, strict=True))

    def row(self, place: Mapping[str, str]) -> int | None:
        """The row of a place; None where the cube has no such set or values."""
        for number, names in enumerate(self.sets):
            if set(names) == set(place):
                key = number, tuple(place[d] for d in names)
                return self.keys.index(key) if key in self.keys else None
        return None


def cube(asked: Summed, least: float, depth: int = 2, where: Kept | None = None) -> Cube:
    """The sums of every place of up to `depth` dimensions whose values hold at least `least` of any
    of the sums; and, as the last set, every combination of the values of `where`."""
    found, replaced = _kept(_engine(asked), asked.table.dimensions_named, asked.periods, least)
    kept = {d: values for d, values in found.items() if values}
    sets = [names for n in range(depth + 1) for names in combinations(kept, n)]
    chosen = [kept] * len(sets)
    if where is not None:
        sets, chosen = [*sets, tuple(where)], [*chosen, where]
    return _arranged(asked, sets, (kept, replaced), _fetched(asked, sets, chosen))


def deeper(cells: Cube, place: Mapping[str, str]) -> Cube:
    """The same, and the parts of a place by one dimension more."""
    names = tuple(place)
    sets = [(*names, d) for d in cells.kept if d not in place]
    kept = {**cells.kept, **{d: [v] for d, v in place.items()}}
    frames = _fetched(cells.asked, sets, [kept] * len(sets))
    for frame in frames:
        frame[SET] += len(cells.sets)
    both = [pd.concat(pair, ignore_index=True) for pair in zip(cells.frames, frames, strict=True)]
    return _arranged(
        cells.asked, [*cells.sets, *sets], (cells.kept, cells.replaced), (both[0], both[1])
    )


def _engine(asked: Summed) -> Asked:
    return Asked(asked.table, dict(zip(asked.texts, asked.texts, strict=True)), asked.unit)


def _days(asked: Summed) -> int:
    """Days of a slice of time."""
    return WEEK if min(p.days for p in asked.periods) >= DAILY_BELOW else 1


def _fetched(asked: Summed, sets: Sequence[tuple[str, ...]], kept: Sequence[Kept]) -> Frames:
    engine, base = _engine(asked), asked.periods[0]
    now = by_group(engine, sets, asked.periods, kept)
    past = by_slice(engine, sets, base, _days(asked), kept)
    now, past = (f.assign(**{v: f[v].fillna("") for v in VALUES}) for f in (now, past))
    return now, past[past[SLICE] < round(base.days / _days(asked))]


def _kept(
    engine: Asked, dimensions: Sequence[str], periods: tuple[Period, Period], least: float
) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Values of each dimension that hold enough of any of the sums in either period; and the
    dimensions in which a new value took the place of others."""
    if not dimensions:
        return {}, ()
    found = weights(engine, dimensions, periods)
    names = list(engine.sums)
    sums = found.groupby([SET, SIDE])[names].transform("sum").abs()
    found["share"] = (found[names].abs() / sums.where(sums > 0)).max(axis=1).fillna(0.0)
    replaced = _replaced(found, names)
    largest = found.groupby([SET, VALUES[0]])["share"].max()
    large = largest[largest >= least].reset_index()
    kept = {
        d: [str(v) for v in large.loc[large[SET] == number, VALUES[0]]]
        for number, d in enumerate(dimensions)
        if number not in replaced
    }
    return kept, tuple(dimensions[number] for number in sorted(replaced))


def _replaced(found: pd.DataFrame, names: Sequence[str]) -> set[int]:
    """Dimensions in which a new value took the place of others (a version that was rolled out):
    what is counted under it was counted under them, and neither is a place."""
    out: set[int] = set()
    for name in names:
        sides = found.pivot_table(
            index=[SET, VALUES[0]], columns=SIDE, values=name, aggfunc="sum", fill_value=0.0
        ).reindex(columns=[0, 1], fill_value=0.0)
        sides = sides / sides.groupby(level=0).transform("sum").abs().clip(lower=1e-12)
        new = (sides[0] < NEW_BEFORE * sides[1]) & (sides[1] > NEW_NOW)
        gained = sides[1].where(new, 0.0).groupby(level=0).sum()
        lost = (sides[0] - sides[1]).where(~new, 0.0).clip(lower=0).groupby(level=0).sum()
        out |= {int(k) for k in gained.index[(gained > 0) & (lost >= OF_OTHERS * gained)]}
    return out


def _arranged(
    asked: Summed,
    sets: Sequence[tuple[str, ...]],
    looked_at: tuple[Mapping[str, Sequence[str]], tuple[str, ...]],
    frames: Frames,
) -> Cube:
    """The fetched sums as arrays; `looked_at` are the values kept, and the dimensions left out."""
    now, past = frames
    index = pd.MultiIndex.from_frame(now[KEY].drop_duplicates().sort_values(KEY))
    rows = index.to_frame(index=False).itertuples(index=False, name=None)
    keys = [(int(number), values[: len(sets[int(number)])]) for number, *values in rows]
    keys = [(number, tuple(map(str, values))) for number, values in keys]
    base, current = asked.periods
    days = _days(asked)
    end = round(base.days / days)
    first = int(past[SLICE].min()) + 1 if len(past) else end  # the first slice may not be whole
    past = past[past[SLICE] >= first]

    def side(text: str, k: int) -> Array:
        part = now[now[SIDE] == k]
        return _filled(index, part, part[GROUP].astype(int).to_numpy(), text, GROUPS)

    def slices(text: str) -> Array:
        number = past[SLICE].astype(int).to_numpy() - first
        return _filled(index, past, number, text, end - first)

    gap = round((current.first - base.first).days / days)
    year = round(YEAR / days)
    length = round(current.days / days)
    known = year if end - first >= year - gap + length else None
    return Cube(
        asked,
        tuple(sets),
        dict(looked_at[0]),
        looked_at[1],
        frames,
        tuple(keys),
        {t: (side(t, 0), side(t, 1)) for t in asked.texts},
        {t: slices(t) for t in asked.texts},
        Windows(end, length, gap, known),
        keys.index((sets.index(()), ())),
    )


def _filled(
    index: pd.MultiIndex, part: pd.DataFrame, columns: NDArray[np.integer], text: str, width: int
) -> Array:
    found = np.zeros((len(index), max(width, 0)))
    rows = index.get_indexer(pd.MultiIndex.from_frame(part[KEY]))
    known = rows >= 0
    found[rows[known], columns[known]] = part[text].to_numpy(float)[known]
    return found
