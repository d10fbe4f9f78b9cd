"""Leaves of a frame that is in memory already: summed where it is, no engine asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_integer_dtype, is_numeric_dtype

from kpilab.core.values import MISSING
from kpilab.engine.rootcause.leaves import MOST_VALUES, OTHER, Leaves

if TYPE_CHECKING:
    from kpilab.core.values import Period

Codes = NDArray[np.intp]
Array = NDArray[np.float64]
CROWDED = 4  # numbers of combinations that a table of all of them may hold, per row


def is_plain(
    frame: pd.DataFrame,
    dimensions: tuple[str, ...],
    columns: Iterable[str],
    time: str | None = None,
) -> bool:
    """Whether dimensions are text or whole numbers (an engine writes them the same),
    columns numbers, time a time."""
    kinds = [frame[d].dtype for d in dimensions]
    kinds = [k.categories.dtype if isinstance(k, pd.CategoricalDtype) else k for k in kinds]
    plain = all(isinstance(k, pd.StringDtype) or is_integer_dtype(k) for k in kinds)
    plain = plain and all(is_numeric_dtype(frame[c].dtype) for c in columns)
    return plain and (
        time is None or (time in frame and isinstance(frame[time].dtype, np.dtypes.DateTime64DType))
    )


def amounts(frame: pd.DataFrame, columns: Mapping[str, str]) -> dict[str, Array]:
    """Amount of every row, NaN where it is missing; `columns`: name -> column."""
    return {name: frame[c].to_numpy(float, na_value=np.nan) for name, c in columns.items()}


def within(frame: pd.DataFrame, time: str, periods: tuple[Period, Period]) -> NDArray[np.bool_]:
    """Whether the day of each row lies in one of the periods."""
    return np.logical_or(*(_inside(frame[time].to_numpy(), period) for period in periods))


def _inside(day: np.ndarray, period: Period) -> NDArray[np.bool_]:
    after = np.datetime64(period.last) + np.timedelta64(1, "D")
    return (day >= np.datetime64(period.first)) & (day < after)


def amounts_between(
    frame: pd.DataFrame, time: str, periods: tuple[Period, Period], columns: Mapping[str, str]
) -> dict[str, Array]:
    """`<name>0` and `<name>1`: the amount of a row where its day lies in the first or second
    period, else 0."""
    day, found = frame[time].to_numpy(), {}
    for k, period in enumerate(periods):
        here = _inside(day, period)
        found |= {
            f"{name}{k}": np.where(here, v, 0.0) for name, v in amounts(frame, columns).items()
        }
    return found


def frame_sums(
    frame: pd.DataFrame, dimensions: tuple[str, ...], values: Mapping[str, Array]
) -> Leaves:
    """The same leaves as those of `leaves.sums`, dimensions as categories; `values`:
    amounts of the rows."""
    leaf, size = np.zeros(len(frame), dtype=np.intp), 1
    coded: dict[str, tuple[Codes, NDArray[np.object_]]] = {}
    grouped: dict[str, int] = {}
    for d in dimensions:
        code, labels = _coded(frame[d])
        if len(labels) > MOST_VALUES:
            grouped[d] = len(labels)
            code, labels = _with_rest(code, labels, list(values.values()))
        coded[d] = code, labels
        # Combinations that occur are numbered anew before the numbers grow too large.
        leaf, size = (leaf, size) if size * len(labels) < 2**62 else _numbered(leaf, size)
        leaf, size = leaf * len(labels) + code, size * len(labels)
    leaf, size = _numbered(leaf, size)
    row = np.zeros(size, dtype=np.intp)
    row[leaf] = np.arange(len(leaf))  # any row of a leaf has its labels
    found = {
        d: pd.Categorical.from_codes(code[row], pd.Index(labels), validate=False)
        for d, (code, labels) in coded.items()
    }
    return Leaves(
        pd.DataFrame(found | {c: np.bincount(leaf, v, size) for c, v in values.items()}), grouped
    )


def _coded(column: pd.Series) -> tuple[Codes, NDArray[np.object_]]:
    """Code of each row, in the order of the values' text."""
    code, found = pd.factorize(column, use_na_sentinel=False)
    missing, values = pd.isna(found), np.asarray(found, dtype=object)
    text = np.array(
        [MISSING if gone else str(v) for v, gone in zip(values, missing, strict=True)], dtype=object
    )
    labels, place = np.unique(text, return_inverse=True)
    return place[code], labels


def _with_rest(
    code: Codes, labels: NDArray[np.object_], values: list[Array]
) -> tuple[Codes, NDArray[np.object_]]:
    """All but the largest values become one."""
    size = np.max([np.bincount(code, np.abs(v), len(labels)) for v in values], axis=0)
    kept = np.zeros(len(labels), dtype=bool)
    kept[np.lexsort((np.arange(len(labels)), -size))[:MOST_VALUES]] = True
    again, place = np.unique(np.where(kept, labels, OTHER), return_inverse=True)
    return place[code], again


def _numbered(leaf: Codes, size: int) -> tuple[Codes, int]:
    """Combinations that occur, numbered in order; `size`: of all that are possible."""
    if size > CROWDED * len(leaf):
        code, found = pd.factorize(leaf, sort=True)
        return code, len(found)
    occurs = np.bincount(leaf, minlength=size) > 0
    return (np.cumsum(occurs) - 1)[leaf], int(np.count_nonzero(occurs))
