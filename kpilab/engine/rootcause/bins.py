"""Bins: a number of many values, cut into parts of like many rows before anything is summed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_float_dtype

from kpilab.engine.column import column
from kpilab.engine.run import collect_one

if TYPE_CHECKING:
    import ibis.expr.types as ir

Array = NDArray[np.float64]
FEW = 12  # values up to which a number is taken for a name, as 1.5 of a version
BINS = 64
DIGITS = 3  # of the ends of bins, where that keeps most of them apart


def frame_bins(
    frame: pd.DataFrame, dimensions: tuple[str, ...]
) -> tuple[pd.DataFrame, Mapping[str, Array]]:
    """Numbers with a fraction as bins; where each bin but the first begins."""
    edges = {}
    for d in dimensions:
        if is_float_dtype(frame[d].dtype):
            values = frame[d].to_numpy(float, na_value=np.nan)
            known = values[np.isfinite(values)]
            if len(np.unique(known)) > FEW:
                edges[d] = _edges(np.quantile(known, np.arange(1, BINS) / BINS))
                code = pd.array(np.searchsorted(edges[d], values, "right"), dtype="Int64")
                code[~np.isfinite(values)] = pd.NA
                frame = frame.assign(**{d: code})
    return frame, edges


def table_bins(
    table: ir.Table, dimensions: tuple[str, ...]
) -> tuple[ir.Table, Mapping[str, Array]]:
    """The same of a table on an engine."""
    floats = [d for d in dimensions if table[d].type().is_floating()]
    if not floats:
        return table, {}
    several = collect_one(table.agg([table[d].nunique().name(d) for d in floats]), "bins")
    edges, binned = {}, {}
    for d in (d for d in floats if several[d] > FEW):
        number = column(table, d)
        cuts = {f"q{k}": number.quantile(k / BINS) for k in range(1, BINS)}
        found = collect_one(table.agg([q.name(name) for name, q in cuts.items()]), "bins")
        edges[d] = _edges(np.array([found[q] for q in cuts], dtype=float))
        binned[d] = reduce(add, [(number >= float(edge)).ifelse(1, 0) for edge in edges[d]])
    return table.mutate(**binned), edges


def _edges(cuts: Array) -> Array:
    """Distinct ends, in few digits where that keeps most of them apart."""
    cuts = np.unique(cuts)
    rounded = np.unique([float(f"{v:.{DIGITS}g}") for v in cuts])
    return rounded if 2 * len(rounded) > len(cuts) else cuts
