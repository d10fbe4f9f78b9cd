"""Kinds of values: what a column of a small frame may hold, and what it becomes.

A kind takes a column and its place in words and gives a column of one type back. What is missing
(None, NaN, ±inf, NaT, NA) stays missing; what cannot be read is refused with its row, and nothing
is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import date, datetime
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_any_real_numeric_dtype, is_bool_dtype, is_integer, is_scalar

from kpilab.core.values import MISSING
from kpilab.engine.door import dates
from kpilab.errors import BadInput

Kind = Callable[[pd.Series, str], pd.Series]
YES = frozenset({"yes", "y", "true", "1", "1.0", "ok", "是", "对", "通过"})
NO = frozenset({"no", "n", "false", "0", "0.0", "否", "不", "错", "未通过"})
UNIT = "datetime64[us]"


def number(values: pd.Series, where: str) -> pd.Series:
    """Floats; what is missing or infinite is NaN, a text is refused."""
    plain = values.dtype
    if not (is_any_real_numeric_dtype(plain) or is_bool_dtype(plain)):
        values = each(
            values, where, _number, "is no number", "take it out, or leave the cell empty"
        )
    found = values.to_numpy(dtype=float, na_value=np.nan)
    return pd.Series(np.where(np.isfinite(found), found, np.nan), values.index, name=values.name)


def count(values: pd.Series, where: str) -> pd.Series:
    """Numbers that are not below zero."""
    return _within(
        number(values, where),
        where,
        0.0,
        np.inf,
        "is below zero",
        "mend it, or leave the cell empty",
    )


def share(values: pd.Series, where: str) -> pd.Series:
    """Numbers from 0 to 1."""
    return _within(
        number(values, where),
        where,
        0.0,
        1.0,
        "is no share",
        "give shares between 0 and 1 (not per cent)",
    )


def label(values: pd.Series, where: str) -> pd.Series:
    """Text; a group without a name is called "(missing)"."""
    return pd.Series([_label(v) for v in values], values.index, dtype="str", name=values.name)


def truth(values: pd.Series, where: str) -> pd.Series:
    """True, False or missing, from True/False, 1/0, yes/no, y/n, 是/否;
    an empty text is missing."""
    mend = "write yes or no (是 / 否), or leave it empty"
    return each(values, where, _truth, "is neither yes nor no", mend).astype("boolean")


def moment(values: pd.Series, where: str) -> pd.Series:
    """Times without a zone: where they carry one, the time on the clock there;
    a Period is its first moment."""
    if isinstance(values.dtype, pd.PeriodDtype):
        values = values.dt.start_time
    elif isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.tz_localize(None)
    elif not isinstance(values.dtype, np.dtypes.DateTime64DType):
        values = each(values, where, _moment, "is no day", dates.MEND)
    return values.astype(UNIT)


def day(values: pd.Series, where: str) -> pd.Series:
    """Days: the moment without its time of day."""
    return moment(values, where).dt.normalize()


def place(values: pd.Series, where: str) -> pd.Series:
    """Place in an order of periods: plain numbers as they are, all else a moment."""
    plain = is_any_real_numeric_dtype(values.dtype) or all(is_integer(v) for v in values)
    if not plain:
        return moment(values, where)
    found = number(values, where)
    return found.astype("int64") if (found % 1 == 0).all() else found


def each(
    values: pd.Series, where: str, read: Callable[[object], object], wrong: str, mend: str
) -> pd.Series:
    """Every value read by itself; the first that cannot be is refused,
    with its row and how many there are."""
    found, faults = [], []
    for row, value in enumerate(values.array, 1):
        try:
            found.append(None if missing(value) else read(value))
        except (ValueError, TypeError, OverflowError):
            faults.append((row, value))
    if faults:
        raise _refused(faults, where, wrong, mend)
    return pd.Series(found, values.index, dtype=object, name=values.name)


def _within(
    values: pd.Series, where: str, low: float, high: float, wrong: str, mend: str
) -> pd.Series:
    outside = ((values < low) | (values > high)).to_numpy()
    if outside.any():
        raise _refused(
            [(int(k) + 1, values.iloc[k]) for k in np.flatnonzero(outside)], where, wrong, mend
        )
    return values


def _refused(faults: list[tuple[int, object]], where: str, wrong: str, mend: str) -> BadInput:
    (row, value), more = faults[0], len(faults) - 1
    shown = repr(value if isinstance(value, str) else str(value))[:60]
    beside = f" (and {more} more)" if more else ""
    return BadInput(f"{shown} {wrong}{beside}", f"{where}, row {row}", mend)


def missing(value: Any) -> bool:
    """Whether a single value is None, NaN, NaT or NA."""
    return bool(is_scalar(value) and pd.isna(value))


def _number(value: object) -> float:
    if isinstance(value, Real | Decimal | np.bool_):
        return float(value)
    raise TypeError(type(value))


def _label(value: object) -> str:
    if missing(value):
        return MISSING
    # A whole number keeps its name where an empty cell made the column one of floats.
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _truth(value: object) -> bool | None:
    text = str(value).strip().lower()
    if text in YES or text in NO:
        return text in YES
    if text == "":
        return None
    raise ValueError(text)


def _moment(value: object) -> pd.Timestamp | None:
    if isinstance(value, pd.Period):
        return value.start_time
    if isinstance(value, date | datetime | np.datetime64):
        return pd.Timestamp(value).tz_localize(None)
    if not isinstance(value, str):
        raise TypeError(type(value))
    written = dates.read(value)
    return pd.Timestamp(written[0]) if written else None


def names(values: Iterable[Hashable]) -> list[str]:
    """Names as text, as `label` writes them."""
    return [_label(v) for v in values]
