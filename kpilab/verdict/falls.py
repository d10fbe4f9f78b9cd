"""How a driver fell: in one place, in every segment, or behind a change of mix.
Four kinds of cause read this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from kpilab.analysis.rootcause.drivers import DriversResult
from kpilab.analysis.rootcause.segment_search import SegmentSearchResult
from kpilab.core.case import Case, Metric
from kpilab.core.values import EVERYWHERE, Effect, Period, Where
from kpilab.engine.column import DEN0, DEN1, NUM0, NUM1, SIDES
from kpilab.engine.rootcause.cells import Cells
from kpilab.stats.core.change import Change, change
from kpilab.stats.core.level import Window
from kpilab.stats.distributions import norm
from kpilab.verdict.evidence import Fall, Move
from kpilab.verdict.tuned import (
    BESIDE,
    CARRIES,
    HIDDEN,
    MOST_SHARE,
    NEARLY_ALL,
    SHARES_VARY,
    SHIFTED,
    SURE,
    TWO_WEEKS,
)

Segments = Callable[[str], pd.DataFrame]


def falls(
    case: Case, cells: Cells, split: DriversResult, moves: Sequence[Move], jumps: Sequence[Where]
) -> tuple[Fall, ...]:
    """At most one fall per rate of the goal's formula, described as specifically as the numbers
    allow.

    Args:
        case: metrics and periods.
        cells: for the shares of segments, and for what happened outside the `jumps`.
        split: the goal's change over its drivers.
        moves: what is known about each driver.
        jumps: places in which a KPI jumped alone.
    """
    found = []
    for move in moves:
        metric = case.metrics[move.driver]
        fall = described(move, split, partial(_by, cells, metric)) if metric.is_ratio else None
        if fall is not None:
            outside = [(place, change_outside(cells, metric, place)) for place in jumps]
            known = tuple((place, moved) for place, moved in outside if moved is not None)
            found.append(replace(fall, since=_since(case.current, move), outside=known))
    return tuple(found)


def _by(cells: Cells, metric: Metric, dimension: str) -> pd.DataFrame:
    return cells.by_segment(metric, (dimension,))


def described(move: Move, split: DriversResult, segments: Segments) -> Fall | None:
    """How one driver fell; None when it did not.

    Args:
        move: what is known about the driver.
        split: the goal's change over its drivers, with each at constant mix.
        segments: dimension -> one row per value: `SIDES` of baseline and current period.
    """
    row = split.table[split.table["driver"] == move.driver].iloc[0].to_dict()
    mix = split.mix[split.mix["driver"] == move.driver]
    looked_at = len(mix)
    if move.spread is not None:
        mix = mix[~mix["dimension"].isin(move.spread.replaced)]
        placed = _placed(move, move.spread)
        if placed is not None:
            return placed
    return _hidden(move, row, mix, looked_at, segments) or _everywhere(move, row, mix)


def _since(current: Period, move: Move) -> date | None:
    """The day the trouble began, where the days tell it within two weeks."""
    dated = move.dating
    if dated is None or dated.start is None or dated.low is None or dated.high is None:
        return None
    near = current.first - TWO_WEEKS <= dated.start <= current.last
    return dated.start if near and dated.high - dated.low <= TWO_WEEKS else None


def _placed(move: Move, spread: SegmentSearchResult) -> Fall | None:
    """One place carries at least 80 % of the fall; what is left elsewhere is within its noise.

    A value that nearly all rows have (a finished release) is no place: it cannot be told from
    everywhere.
    """
    table = spread.table
    down = table[(table["change"] < 0) & (table["p"] < SURE) & (table["share"] <= MOST_SHARE)]
    down = down[down["where"].map(bool).astype(bool)]
    if down.empty:
        return None
    row = down.iloc[0].to_dict()
    rest = spread.amount - row["amount"]
    noise = 2 * np.sqrt(max(spread.expected, 1.0))
    if rest < -max((1 - CARRIES) * abs(spread.amount), noise) or rest < BESIDE * row["amount"]:
        return None
    size = row["amount"] / spread.expected
    half = abs(row["high"] - row["low"]) / 2 * abs(size / row["change"])
    change = Effect(size, size - half, size + half)
    return Fall(move.driver, "place", row["where"], change, row["p"], move.finding.id)


def _hidden(
    move: Move, row: dict[Any, Any], mix: pd.DataFrame, looked_at: int, segments: Segments
) -> Fall | None:
    """Nearly every segment fell, while traffic moved to better ones:
    the total looks better than the segments."""
    mix = mix[(mix["change"] < 0) & (mix["falling"] >= NEARLY_ALL)]
    mix = mix[row["change"] - mix["change"] > HIDDEN * mix["change"].abs()]
    if mix.empty:
        return None
    best = mix.sort_values("p").iloc[0].to_dict()
    dimension = best["dimension"]
    moved_to, shift_p = _moved_to(segments(dimension), dimension)
    if shift_p > SHIFTED:
        return None
    p = min(1.0, best["p"] * max(looked_at, 1) / 2)
    effect = Effect(best["change"], best["low"], best["high"])
    return Fall(
        move.driver, "mix", Where({dimension: (moved_to,)}), effect, p, move.finding.id, dimension
    )


def _moved_to(wide: pd.DataFrame, dimension: str) -> tuple[object, float]:
    """The value that gained most share of the denominator,
    and the chance of such a shift in day-to-day noise."""
    before, after = wide[DEN0] / wide[DEN0].sum(), wide[DEN1] / wide[DEN1].sum()
    k = int((after - before).to_numpy().argmax())
    pooled = (wide[DEN0].iloc[k] + wide[DEN1].iloc[k]) / (wide[DEN0].sum() + wide[DEN1].sum())
    error = np.sqrt(pooled * (1 - pooled) * (1 / wide[DEN0].sum() + 1 / wide[DEN1].sum()))
    z = float(after.iloc[k] - before.iloc[k]) / error if error > 0 else 0.0
    return wide[dimension].iloc[k], float(2 * norm.sf(abs(z) / SHARES_VARY))


def _everywhere(move: Move, row: dict[Any, Any], mix: pd.DataFrame) -> Fall | None:
    """The driver as a whole fell, beyond its noise between days,
    and at constant mix whichever way it is cut."""
    # From zero there is no relative change, and nothing to fall from.
    if not row["change"] < 0:
        return None
    if (mix["change"] >= 0).any() or (len(mix) and float(mix["falling"].median()) < NEARLY_ALL):
        return None
    p = max([row["p"], *mix["p"]]) / 2
    size = Effect(row["change"], row["low"], row["high"])
    return Fall(move.driver, "everywhere", EVERYWHERE, size, p, move.finding.id)


def change_outside(cells: Cells, metric: Metric, place: Where) -> Change | None:
    """Change of a rate with a place left out; None where the place is of no dimension of its cube.

    Its noise is that of whole days, scaled to its smaller denominators.
    """
    if not place.values or any(
        d not in cells.dimensions.get(metric.table, ()) for d in place.values
    ):
        return None
    wide = cells.by_segment(metric, tuple(place.values))
    inside = np.ones(len(wide), dtype=bool)
    for dimension, values in place.values.items():
        inside &= wide[dimension].astype(str).isin([str(v) for v in values]).to_numpy()
    rest = wide[~inside][[*SIDES]].sum()
    if not (rest[DEN0] > 0 and rest[DEN1] > 0):
        return None
    first, second = (
        Window.of(*cells.day_arrays(metric, period)) for period in ("baseline", "current")
    )
    whole = change(first, second)
    less = [v * wide[d].sum() / rest[d] for v, d in zip(whole.variances, (DEN0, DEN1), strict=True)]
    return Change(rest[NUM0] / rest[DEN0], rest[NUM1] / rest[DEN1], (less[0], less[1]), whole.df)
