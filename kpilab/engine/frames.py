"""Leaves of a frame that is in memory already: summed where it is, no engine asked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_integer_dtype, is_numeric_dtype

from kpilab.engine.leaves import MISSING, MOST_VALUES, OTHER, Leaves

Codes = NDArray[np.intp]


def is_plain(frame: pd.DataFrame, dimensions: tuple[str, ...], columns: Mapping[str, str]) -> bool:
    """Whether dimensions are text or whole numbers (an engine writes them the same) and columns are numbers."""
    kinds = [frame[d].dtype for d in dimensions]
    kinds = [k.categories.dtype if isinstance(k, pd.CategoricalDtype) else k for k in kinds]
    plain = all(isinstance(k, pd.StringDtype) or is_integer_dtype(k) for k in kinds)
    return plain and all(is_numeric_dtype(frame[c].dtype) for c in columns.values())


def frame_sums(frame: pd.DataFrame, dimensions: tuple[str, ...], columns: Mapping[str, str]) -> Leaves:
    """The same leaves as `kpilab.engine.leaves.sums`, dimensions as categories; `columns`: name -> column."""
    values = {name: np.nan_to_num(frame[c].to_numpy(float)) for name, c in columns.items()}
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
        leaf, size = (leaf, size) if size * len(labels) < 2**62 else _numbered(leaf)
        leaf, size = leaf * len(labels) + code, size * len(labels)
    leaf, size = _numbered(leaf)
    row = np.zeros(size, dtype=np.intp)
    row[leaf] = np.arange(len(leaf))  # any row of a leaf has its labels
    found = {d: pd.Categorical.from_codes(code[row], pd.Index(labels)) for d, (code, labels) in coded.items()}
    return Leaves(pd.DataFrame(found | {c: np.bincount(leaf, v, size) for c, v in values.items()}), grouped)


def _coded(column: pd.Series) -> tuple[Codes, NDArray[np.object_]]:
    """Code of each row, in the order of the values' text."""
    code, found = pd.factorize(column, use_na_sentinel=False)
    text = np.array([MISSING if pd.isna(v) else str(v) for v in found], dtype=object)
    labels, place = np.unique(text, return_inverse=True)
    return place[code], labels


def _with_rest(
    code: Codes, labels: NDArray[np.object_], values: list[NDArray[np.float64]]
) -> tuple[Codes, NDArray[np.object_]]:
    """All but the largest values become one."""
    size = np.max([np.bincount(code, np.abs(v), len(labels)) for v in values], axis=0)
    kept = np.zeros(len(labels), dtype=bool)
    kept[np.lexsort((np.arange(len(labels)), -size))[:MOST_VALUES]] = True
    again, place = np.unique(np.where(kept, labels, OTHER), return_inverse=True)
    return place[code], again


def _numbered(leaf: Codes) -> tuple[Codes, int]:
    code, found = pd.factorize(leaf, sort=True)
    return code, len(found)
