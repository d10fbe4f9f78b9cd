"""Frames in memory: columns as an engine can take them, each of one kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api import types as kinds

from kpilab.engine.door import dates, values
from kpilab.errors import BadInput

UNKNOWN_FLOATS = ("float16", "float128")  # to engines
TIMES = ("time", "recorded", "responded", "solved", "reviewed")  # roles whose columns hold times


def in_memory(data: Any, name: str) -> pd.DataFrame:
    """A pandas frame of the same columns.

    Raises:
        BadInput: not a table of any kind, or a type of column that Arrow does not know.
    """
    if isinstance(data, pd.DataFrame):
        return data
    if not hasattr(data, "__arrow_c_stream__") and hasattr(data, "collect"):
        data = data.collect()  # a lazy frame of Polars
    if not hasattr(data, "__arrow_c_stream__"):
        mend = "give a DataFrame (pandas, Polars, Arrow), an Ibis table, or the path of a file"
        raise BadInput(f"{type(data).__name__} is no table", f"table {name!r}", mend)
    try:
        columns = pa.table(data)
    except pa.ArrowInvalid as error:
        mend = "bring its columns to whole numbers of 64 bits, floats, text or times"
        raise BadInput(f"Arrow cannot read it: {error}", f"table {name!r}", mend) from None
    return columns.cast(pa.schema(map(_plain, columns.schema))).to_pandas(types_mapper=_kept)


def _plain(column: pa.Field) -> pa.Field:
    """Text and bytes laid out as views, as Polars hands them out, in a layout that pandas has."""
    kind = column.type
    if pa.types.is_string_view(kind):
        return column.with_type(pa.large_string())
    return column.with_type(pa.large_binary()) if pa.types.is_binary_view(kind) else column


def _kept(kind: pa.DataType) -> pd.ArrowDtype | None:
    """Columns that stay as they are; times and dictionaries have a form of their own in pandas."""
    return (
        None if pa.types.is_timestamp(kind) or pa.types.is_dictionary(kind) else pd.ArrowDtype(kind)
    )


def parsed(frame: pd.DataFrame, name: str, roles: Mapping[str, str]) -> pd.DataFrame:
    """The frame with plain names and columns of one kind each; times as times, with the zone they
    carry.

    Args:
        roles: role -> column. Text in the column of a time is read as one; of names that differ in
            case alone, the one with a role stays.

    Raises:
        BadInput: a column of no kind, or a text that is no time.
    """
    frame = frame.set_axis(_names(frame, name, set(roles.values())), axis="columns").reset_index(
        drop=True
    )
    times = {roles[role] for role in TIMES if roles.get(role) in frame.columns}
    changed = {
        c: v for c in frame.columns if (v := _canonical(frame[c], c in times, name)) is not None
    }
    return frame.assign(**changed) if changed else frame


def localised(frame: pd.DataFrame, zone: str | None) -> pd.DataFrame:
    """Times that carry a zone as local times of this one, or of their own."""
    carried = [c for c, kind in frame.dtypes.items() if isinstance(kind, pd.DatetimeTZDtype)]
    moved = {c: frame[c].dt.tz_convert(zone) if zone else frame[c] for c in carried}
    return (
        frame.assign(**{str(c): v.dt.tz_localize(None) for c, v in moved.items()})
        if moved
        else frame
    )


def columns(frame: pd.DataFrame, name: str) -> pa.Table:
    """The frame as an engine takes it.

    Raises:
        BadInput: a text that cannot be written.
    """
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except UnicodeEncodeError as error:
        mend = "read the file in its own encoding"
        raise BadInput(f"a text cannot be written: {error}", f"table {name!r}", mend) from None


def _names(frame: pd.DataFrame, name: str, named: set[str]) -> list[str]:
    """Names as text; those that differ in case alone are numbered,
    but for the one that has a role."""
    if isinstance(frame.columns, pd.MultiIndex):
        raise BadInput(
            "columns have names of several levels", f"table {name!r}", "give each column one name"
        )
    names = [str(c) for c in frame.columns]
    if not names or "" in names:
        what = "a column has no name" if names else "there is no column"
        raise BadInput(what, f"table {name!r}", "give a table whose columns have names")
    twice = (
        next((n for n in names if names.count(n) > 1), None)
        if len(set(names)) < len(names)
        else None
    )
    if twice is not None:
        raise BadInput(f"two columns are named {twice!r}", f"table {name!r}", "rename one of them")
    alike: dict[str, list[str]] = defaultdict(list)
    for n in names:
        alike[n.lower()].append(n)
    chosen = {
        n
        for group in alike.values()
        if len(group) > 1
        for n in [m for m in group if m in named][:1]
    }
    single = {n for n in names if len(alike[n.lower()]) == 1}
    return [n if n in single | chosen else f"{n} [{alike[n.lower()].index(n) + 1}]" for n in names]


def _canonical(column: pd.Series, time: bool, table: str) -> pd.Series | None:
    """The column in its one form; None where it has it."""
    kind = column.dtype
    if isinstance(kind, pd.PeriodDtype):
        return column.dt.start_time.astype("datetime64[us]")
    if isinstance(kind, pd.CategoricalDtype):
        plain = column.astype(kind.categories.dtype)
        changed = _canonical(plain, time, table)
        return plain if changed is None else changed
    if isinstance(kind, pd.SparseDtype):
        return column.sparse.to_dense()
    if isinstance(kind, pd.IntervalDtype):  # what pandas.cut makes
        return column.map(str, na_action="ignore").astype("str")
    if str(kind).startswith("datetime64[ns") or kind == "timedelta64[ns]":
        return column.dt.as_unit("us")
    if kinds.is_float_dtype(kind):
        finite = np.isfinite(column.to_numpy(float, na_value=0.0))
        if str(kind) in UNKNOWN_FLOATS:
            column = column.astype(float)
        elif finite.all():
            return None
        return column.where(finite | column.isna())
    if kinds.is_object_dtype(kind):
        return _of_objects(column, time, table)
    if kinds.is_complex_dtype(kind):
        raise _no_value(column, table, complex)
    return _times(column, table) if time and kinds.is_string_dtype(kind) else None


def _micro(column: pd.Series) -> pd.Series:
    """Engines keep microseconds; a finer time is cut to them."""
    return column.dt.as_unit("us") if str(column.dtype).startswith("datetime64[ns") else column


def _of_objects(column: pd.Series, time: bool, table: str) -> pd.Series | None:
    """A column of Python's own objects: moments with their zone, text where kinds are mixed."""
    found = kinds.infer_dtype(column, skipna=True)
    if found == "empty":
        return column.astype("str")
    if found == "datetime":
        _check_zones(column, table)
        return _micro(pd.to_datetime(column))
    if found == "string":
        return _times(column, table) if time else None
    if found == "period":
        return _canonical(pd.Series(pd.PeriodIndex(column), column.index), time, table)
    if found == "interval":
        return column.map(str, na_action="ignore").astype("str")
    if found == "mixed-integer" or (found == "mixed" and column.dropna().map(_is_text).all()):
        texts = column.map(_text, na_action="ignore").astype("str")
        return _times(texts, table) if time else texts
    return _of_arrow(column, table) if found in ("mixed", "integer") else None


def _of_arrow(column: pd.Series, table: str) -> pd.Series:
    """Lists, objects with fields, whole numbers with gaps: as Arrow holds them."""
    try:
        return pd.Series(
            pd.arrays.ArrowExtensionArray(pa.array(column, from_pandas=True)), column.index
        )
    except (pa.ArrowException, TypeError, OverflowError):
        raise _no_value(column, table, type(column.dropna().iloc[0])) from None


def _no_value(column: pd.Series, table: str, kind: type) -> BadInput:
    return BadInput(
        f"column {column.name!r} holds what no table holds: {kind.__name__}",
        f"table {table!r}",
        "make it numbers, text or times: Series.astype(str)",
    )


def _is_text(value: object) -> bool:
    """Whether a value among others may be read as its text."""
    return np.isscalar(value) or isinstance(value, UUID | date)


def _text(value: object) -> str:
    """A value among values of other kinds: 5.0 and 5 are one."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _check_zones(column: pd.Series, table: str) -> None:
    """Refuse moments in several zones: an engine would mix them without a word."""
    zones = {str(v.tzinfo or "") for v in column.dropna()}
    if len(zones) > 1:
        raise _mixed(column, table, zones)


def _mixed(column: pd.Series, table: str, zones: Iterable[str]) -> BadInput:
    what = (
        f"column {column.name!r} mixes time zones: "
        f"{', '.join(sorted(z or 'no zone' for z in zones))}"
    )
    return BadInput(
        what, f"table {table!r}", "bring it into one: pandas.to_datetime(column, utc=True)"
    )


def _times(column: pd.Series, table: str) -> pd.Series:
    """Texts as times, with the zone they carry.

    Raises:
        BadInput: naming the first that is none.
    """
    try:
        if column.str.len().min() >= dates.SHORTEST:
            return _micro(pd.to_datetime(column, format="ISO8601"))
    except ValueError:
        pass  # not all in the one form that is read at once
    where = f"table {table!r}, column {column.name!r}"
    read = values.each(column, where, lambda text: dates.read(str(text)), "is no time", dates.MEND)
    zones = {zone for _, zone in read.dropna()}
    if len(zones) > 1:
        raise _mixed(column, table, zones)
    clock = pd.to_datetime(read.map(lambda found: found[0], na_action="ignore")).astype(
        "datetime64[us]"
    )
    zone = max(zones, default="")
    return (
        clock.dt.tz_localize(datetime.fromisoformat(f"2026-01-01T00:00{zone}").tzinfo)
        if zone
        else clock
    )
