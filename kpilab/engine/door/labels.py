"""Values of dimensions: as text for people, and as conditions that pick their rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from functools import reduce
from operator import and_, or_
from typing import Any

import ibis
import pandas as pd

from kpilab.core.values import MISSING, Where

TRUTHS = {"true": True, "false": False, "1": True, "0": False}
LARGEST = 2**63


def label(column: Any) -> Any:
    """The column as text; rows without a value are a value of their own."""
    return column.cast("string").fill_null(MISSING)


def with_missing(values: pd.Series) -> pd.Series:
    """Fetched values of a dimension, those that are missing as a value of their own;
    whole numbers stay whole."""
    plain = [int(v) if isinstance(v, float) and v.is_integer() else v for v in values]
    return pd.Series([MISSING if _empty(v) else v for v in plain], values.index, dtype=object)


def one_of(column: Any, values: tuple[object, ...]) -> Any:
    """Whether a row has one of the values; false, never unknown, in a row without one.

    Numbers are compared as numbers and truths as truths, whatever the values were written as. None,
    NaN, "" and "(missing)" pick the rows that have no value (and those of just that text).
    """
    kind, known = column.type(), [v for v in values if not _empty(v)]
    if kind.is_boolean():
        wanted: list[Any] = [t for v in known if (t := TRUTHS.get(_plain(v).lower())) is not None]
    elif kind.is_numeric():
        wanted = [n for v in known if (n := _number(v)) is not None]
    else:
        column, wanted = column.cast("string"), sorted({text for v in known for text in _texts(v)})
    met = [column.isin([ibis.literal(w) for w in wanted]).fill_null(False)] if wanted else []
    met += [column.isnull()] if any(missing(v) for v in values) else []
    return reduce(or_, met) if met else ibis.literal(False)


def meets(rows: Any, where: Where) -> Any | None:
    """Whether a row lies in a segment; None where all do."""
    met = [one_of(rows[column], values) for column, values in where.values.items()]
    taken_out = [one_of(rows[column], values) for column, values in where.without.items()]
    if taken_out:
        met.append(~reduce(and_, taken_out))
    return reduce(and_, met) if met else None


def missing(value: object) -> bool:
    """Whether a value stands for having none."""
    return _empty(value) or (isinstance(value, str) and value in ("", MISSING))


def _empty(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _number(value: object) -> int | float | None:
    """A value as a number; None where it is none."""
    try:
        number = Decimal(_plain(value))
    except InvalidOperation:
        return {"True": 1, "False": 0}.get(str(value))
    if not number.is_finite() or abs(number) >= LARGEST:
        return None
    return int(number) if number == int(number) else float(number)


def _plain(value: object) -> str:
    """A value as text: 5.0 and 5 are one."""
    return (
        str(int(value))
        if isinstance(value, float | Decimal) and value == value // 1
        else str(value)
    )


def _texts(value: object) -> set[str]:
    """How a text may have been made of the value."""
    if isinstance(value, date):
        day = str(value)[:10]
        return {str(value)} | (
            {day, f"{day} 00:00:00"} if str(value).removeprefix(day) in ("", " 00:00:00") else set()
        )
    return {str(value), _plain(value)} | (
        {str(value).lower()} if str(value) in ("True", "False") else set()
    )
