"""Metrics by the names people call them, in a result as in its chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TypeVar

import pandas as pd

from kpilab.core.result import Result

# Only where a metric is meant: a part or an event may have the name of a metric.
COLUMNS = ("metric", "kpi", "goal", "driver", "node", "parent", "lever", "series", "serves")
FIELDS = ("metric", "kpi", "goal", "driver", "names", "amount")
PAIRS = ("first", "second")  # the two metrics of a correlation

Held = TypeVar("Held", bound=Result)


def labelled(result: Held, names: Mapping[str, str]) -> Held:
    """The result with its metrics called by `names`: rows, fields and so what a chart declares."""
    if not names:
        return result
    changed = {}
    for field in fields(result):
        value = getattr(result, field.name)
        if isinstance(value, pd.DataFrame):
            changed[field.name] = _table(value, names, result.kind)
        elif field.name in FIELDS and isinstance(value, str | tuple):
            changed[field.name] = _called(value, names)
    return replace(result, **changed)


def _table(table: pd.DataFrame, names: Mapping[str, str], kind: str) -> pd.DataFrame:
    meant = COLUMNS + (PAIRS if kind == "correlate" else ())
    columns = {
        str(c): pd.Series([_called(v, names) for v in table[c]], table.index, dtype=object)
        for c in table.columns
        if c in meant and not pd.api.types.is_numeric_dtype(table[c])
    }
    return table.assign(**columns) if columns else table


def _called(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return names.get(value, value)
    return tuple(_called(v, names) for v in value) if isinstance(value, tuple) else value
