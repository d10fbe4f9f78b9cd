"""Leaves: sums per finest combination of dimensions, one GROUP BY on the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import ibis
import numpy as np
import pandas as pd
from ibis import _
from numpy.typing import NDArray

from kpilab.core.values import MISSING
from kpilab.engine.column import own
from kpilab.engine.days import day_of, inside
from kpilab.engine.door.labels import label
from kpilab.engine.run import collect, collect_one
from kpilab.errors import BadInput

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period

MOST_VALUES = 300
OTHER = "(other)"
SIZE = own("size")


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """A cube's leaves.

    Attributes:
        frame: one row per combination that occurs: the dimensions (text) and the summed columns.
        grouped: dimension -> how many values it has, where the rarest were put together as
            "(other)".
        missing: rows left out because one of their amounts is missing.
        edges: dimension that is a number, held as bins 0, 1, … -> where each but the first begins.
    """

    frame: pd.DataFrame
    grouped: Mapping[str, int]
    missing: int = 0
    edges: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


def sums(table: ir.Table, dimensions: tuple[str, ...], columns: Mapping[str, ir.Value]) -> Leaves:
    """Sums of `columns` (name -> row expression) per combination of `dimensions`."""
    table = table.select(**{d: table[d].cast("string") for d in dimensions}, **columns)
    grouped: dict[str, int] | None = None
    try:
        frame = _summed(table, dimensions, tuple(columns))
        grouped = {d: n for d in dimensions if (n := int(frame[d].nunique())) > MOST_VALUES}
        if not grouped:
            return Leaves(frame, grouped)
    except BadInput:  # too many combinations to fetch: the long dimensions are grouped first
        pass
    table = table.mutate(**{d: label(table[d]) for d in dimensions})
    if grouped is None:
        counts = collect_one(table.agg([table[d].nunique().name(d) for d in dimensions]), "leaves")
        grouped = {d: int(counts[d]) for d in dimensions if counts[d] > MOST_VALUES}
    for d in grouped:
        kept: Any = largest(table, d, tuple(columns), MOST_VALUES)
        table = table.mutate(**{d: table[d].isin(kept).ifelse(table[d], ibis.literal(OTHER))})
    return Leaves(_summed(table, dimensions, tuple(columns)), grouped)


def largest(table: ir.Table, name: str, columns: Sequence[str], most: int) -> list[str]:
    """Values of a dimension that hold most of any column, the largest first."""
    size = [cast("ir.NumericColumn", table[c]).abs().sum() for c in columns]
    held = table.group_by(name).agg(**{SIZE: ibis.greatest(*size)})
    top = held.order_by([ibis.desc(SIZE), name]).limit(most)
    return [str(v) for v in collect(top, "leaves")[name]]


def _summed(table: ir.Table, dimensions: tuple[str, ...], columns: tuple[str, ...]) -> pd.DataFrame:
    rows = table.group_by(list(dimensions)).agg(**{c: _[c].sum().fill_null(0) for c in columns})
    frame = _labelled(collect(rows, "leaves"), dimensions)
    frame = frame.sort_values(list(dimensions), ignore_index=True)
    return frame.astype(dict.fromkeys(columns, float))


def _labelled(frame: pd.DataFrame, dimensions: tuple[str, ...]) -> pd.DataFrame:
    """Rows without a value as a value of their own: an engine groups by what is stored in half the
    time that it takes for what is worked out."""
    missing = [d for d in dimensions if frame[d].isna().any()]
    if not missing:
        return frame
    twice = any((frame[d] == MISSING).any() for d in missing)
    frame = frame.assign(**{d: frame[d].fillna(MISSING) for d in missing})
    return frame.groupby(list(dimensions), as_index=False).sum() if twice else frame


def between(
    table: ir.Table, time: str, periods: tuple[Period, Period], columns: Mapping[str, str]
) -> dict[str, ir.Value]:
    """Row expressions `<name>0` and `<name>1`: the column where the day lies in the first or second
    period, else 0."""
    day = day_of(table, time)
    return {
        f"{name}{k}": inside(day, period).ifelse(table[column].cast("float64"), ibis.literal(0.0))
        for k, period in enumerate(periods)
        for name, column in columns.items()
    }
