"""Small frames, series and mappings as the functions that hold few rows in memory read them: one
canonical form.

Whatever a column is called and however its values are typed, the frame that comes out has the names
that were asked for, and the kinds of `kpilab.engine.door.values`; so no name of a user meets one of
ours.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from kpilab.core.values import Message
from kpilab.engine.door.tables import table
from kpilab.engine.door.values import Kind, day, missing, names, number
from kpilab.engine.run import collect
from kpilab.errors import BadInput, several, unknown_problem

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from narwhals.typing import IntoDataFrame, IntoLazyFrame

    Frame = pd.DataFrame | str | Path | pa.Table | ir.Table | IntoDataFrame | IntoLazyFrame
    Values = pd.Series | Mapping[Any, float]

MOST_ROWS = 1_000_000
TIMES = ("datetime", "datetime64", "date", "period")


def plain(data: Frame, where: str) -> pd.DataFrame:
    """A pandas DataFrame of whatever holds a table: pandas, Arrow, Polars, Ibis, a file, or
    anything narwhals knows.

    Raises:
        BadInput: something that is no table, two columns of one name, or more than a million rows
            on an engine.
    """
    frame = data if isinstance(data, pd.DataFrame) else _fetched(data, where)
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise BadInput(
            f"column {str(twice[0])!r} occurs twice", where, "give every column a name of its own"
        )
    return frame


def _fetched(data: Any, where: str) -> pd.DataFrame:
    if isinstance(data, str | Path):
        data = table(data, where)
    if type(data).__module__.startswith("ibis."):
        return collect(data, where, MOST_ROWS)
    if isinstance(data, Mapping):
        return pd.DataFrame(dict(data))
    try:
        known = nw.from_native(data)
    except TypeError:
        raise BadInput(f"{type(data).__name__} is no table", where, "give a DataFrame") from None
    found = known.collect() if isinstance(known, nw.LazyFrame) else known
    return found.to_pandas()


def frame(data: Frame, columns: Mapping[str, tuple[Hashable, Kind]], where: str) -> pd.DataFrame:
    """The columns asked for, under our names and of one kind each; rows are numbered from 0.

    Args:
        data: the table.
        columns: our name -> (the user's column, kind of its values).
        where: function and argument, e.g. "dating(days)".

    Raises:
        BadInput: columns that are not there (all of them together), or a value its kind refuses.
    """
    given = plain(data, where)
    absent = [
        unknown_problem("column", c, given.columns, where)
        for c, _ in columns.values()
        if c not in given.columns
    ]
    error = several(absent)
    if error:
        raise error
    rows = given.reset_index(drop=True)
    found = {
        ours: kind(rows[c], f"{where}, column {str(c)!r}") for ours, (c, kind) in columns.items()
    }
    return pd.DataFrame(found, index=rows.index)


def known(
    rows: pd.DataFrame, columns: Iterable[str] | None = None
) -> tuple[pd.DataFrame, tuple[Message, ...]]:
    """Rows without a missing value in `columns` (default: any),
    and a note that counts those left out."""
    kept = rows.dropna(subset=None if columns is None else list(columns))
    left = len(rows) - len(kept)
    return kept.reset_index(drop=True), (Message("door.left_out", {"rows": left}),) if left else ()


def series(data: Values, where: str) -> pd.Series:
    """Floats on the days they belong to, in order of time; NaN where a value is missing.

    Args:
        data: a Series indexed by days, moments, Periods or dates as text; a mapping day -> number;
            or a table of two columns, days and numbers.

    Raises:
        BadInput: no dates, a day twice, or a value that is no number.
    """
    found, name = _indexed(data, where), getattr(data, "name", None)
    index = _days(found.index, where)
    if index.has_duplicates:
        twice = index[index.duplicated()][0]
        raise BadInput(f"period {twice.date()} occurs twice", where, "keep one value per period")
    return number(found, where).set_axis(index).sort_index().rename(name)


def _indexed(data: Any, where: str) -> pd.Series:
    """A Series of whatever pairs days with numbers."""
    if isinstance(data, pd.Series):
        return data
    if isinstance(data, Mapping):
        return pd.Series(dict(data), dtype=object)
    if isinstance(data, np.ndarray | list | tuple):
        raise _undated(where)
    rows = dated(data, where)
    if rows.shape[1] != 1:
        raise BadInput(f"{rows.shape[1]} series where one is asked for", where, "choose one column")
    return rows.iloc[:, 0]


def dated(data: Frame, where: str) -> pd.DataFrame:
    """One column of floats per series, indexed by day in order; columns of text alone are not
    series and go.

    The days are the index, or the only column of times.

    Raises:
        BadInput: no dates, a day twice, a missing day, or a column that mixes numbers and text.
    """
    rows = plain(data, where)
    if not _is_time(rows.index.to_series()):
        times = [c for c in rows.columns if _is_time(rows[c])]
        if len(times) != 1:
            raise _undated(where)
        rows = rows.set_index(times[0])
    index = _days(rows.index, where)
    if index.has_duplicates:
        raise BadInput(
            f"period {index[index.duplicated()][0].date()} occurs twice",
            where,
            "keep one row per period",
        )
    found = {
        c: number(rows[c], f"{where}, column {str(c)!r}")
        for c in rows.columns
        if _has_numbers(rows[c])
    }
    return pd.DataFrame(found, index=rows.index).set_axis(index, axis=0).sort_index()


def _days(index: pd.Index, where: str) -> pd.DatetimeIndex:
    if not _is_time(index.to_series()):
        raise _undated(where)
    found = day(pd.Series(index), f"{where}, index")
    if found.isna().any():
        raise BadInput("a value has no date", where, "give every row its day, or leave the row out")
    return pd.DatetimeIndex(found)


def _undated(where: str) -> BadInput:
    return BadInput("the values have no dates", where, "give a Series or table indexed by date")


def _is_time(column: pd.Series) -> bool:
    """Whether a column holds days: by type, or text of which the first is one."""
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind != "string":
        return kind in TIMES
    try:
        day(column.dropna().head(1), "")
    except BadInput:
        return False
    return True


def _has_numbers(column: pd.Series) -> bool:
    return pd.api.types.infer_dtype(column, skipna=True) not in (
        "string",
        "categorical",
        "timedelta",
        *TIMES,
    )


def numbers(data: Values, where: str, of: Iterable[str] | None = None) -> dict[str, float]:
    """Name -> float, from a mapping or a Series; NaN where the value is missing.

    Args:
        data: name -> number. of: names whose value must be known; None: any may be missing.

    Raises:
        BadInput: a value that is no number, a name twice, or no value for one of `of`.
    """
    pairs = dict(data.items())
    found = dict(
        zip(names(pairs), number(pd.Series([*pairs.values()], dtype=object), where), strict=True)
    )
    if len(found) < len(pairs) or (isinstance(data, pd.Series) and data.index.has_duplicates):
        raise BadInput("a name occurs twice", where, "give every name one value")
    for name in of or ():
        if missing(found.get(name)):
            raise BadInput(f"no value for {name!r}", where, "give a number for each name")
    return {name: float(value) for name, value in found.items()}
