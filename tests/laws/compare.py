"""A result as a list of named leaves, and whether two lists say the same."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message

Leaf = tuple[str, object]
CLOSE = 1e-6
EXTRA = "my_extra"


def leaves(value: Any, path: str = "") -> Iterator[Leaf]:
    """Every number, text, day and truth of a value, under its place in it;
    but for what is said of an extra column."""
    if isinstance(value, pd.DataFrame):
        value = besides_extra(value)
        plain = [str(c) for c in value.columns]
        yield f"{path}.columns", " | ".join(plain)
        for k, column in enumerate(plain):
            for row, cell in enumerate(value.iloc[:, k].tolist()):
                yield from leaves(cell, f"{path}.{column}[{row}]")
    elif isinstance(value, pd.Series | np.ndarray):
        yield from leaves(value.tolist(), path)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple | set | frozenset | pd.Index):
        kept = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
        kept = [v for v in kept if not about_extra(v)]
        yield f"{path}.len", len(kept)
        for k, inner in enumerate(kept):
            yield from leaves(inner, f"{path}[{k}]")
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from _fields(value, path)
    elif (plain := scalar(value)) is not NotImplemented:
        yield path, plain


def about_extra(value: object) -> bool:
    """The extra column's name, or a note about it alone."""
    if isinstance(value, Message):
        return any(about_extra(v) or v == (EXTRA,) for v in value.values.values())
    return isinstance(value, str) and value == EXTRA


def besides_extra(table: pd.DataFrame) -> pd.DataFrame:
    """The table without the extra column, and without rows about it."""
    kept = table.loc[:, [c != EXTRA for c in table.columns]]
    about = [any(about_extra(v) for v in row) for row in kept.itertuples(index=False)]
    return kept[~np.array(about, dtype=bool)] if any(about) else kept


def _fields(value: Any, path: str) -> Iterator[Leaf]:
    # How long it took is no answer, nor are sums kept to be read again, in the order and shifted by
    # rows of the engine.
    told = [f for f in dataclasses.fields(value) if f.name not in ("seconds", "moments", "by_age")]
    for field in told:
        yield from leaves(getattr(value, field.name), f"{path}.{field.name}")
    if isinstance(value, Result):
        yield from leaves(value.headline, f"{path}.headline")


def scalar(value: Any) -> object:
    """One plain value: None, truth, float, or text (days and moments as ISO text);
    else NotImplemented."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | float | np.number | Decimal):
        number = float(value)
        return None if math.isnan(number) else number
    if isinstance(value, pd.Period):
        value = value.start_time
    if isinstance(value, datetime | pd.Timestamp | np.datetime64):
        at = pd.Timestamp(value)
        at = at.tz_convert("UTC").tz_localize(None) if at.tzinfo else at
        return at.date().isoformat() if at == at.normalize() else at.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta | np.timedelta64):
        return pd.Timedelta(value).total_seconds()
    if isinstance(value, Path):
        return NotImplemented
    return value if isinstance(value, str) else NotImplemented


def differences(
    base: list[Leaf], other: list[Leaf], names: Mapping[str, str], factor: float
) -> list[str]:
    """What two answers say differently; names of the first are read as those of the second,
    amounts times `factor`."""
    # A dimension called as a column of the result is «name (by)» there.
    other = [
        (p.replace(" (by)", ""), v.replace(" (by)", "") if isinstance(v, str) else v)
        for p, v in other
    ]
    told = [
        (renamed(path, names), renamed(v, names) if isinstance(v, str) else v) for path, v in base
    ]
    found = [f"{p}: not said" for p in _lost(told, other)] + [
        f"{p}: said anew" for p in _lost(other, told)
    ]
    if found or len(told) != len(other):
        return found[:8] or ["a column or a row is said twice"]
    pairs = zip(told, other, strict=True)
    return [f"{p}: {a!r} became {b!r}" for (p, a), (_, b) in pairs if not same(a, b, factor)][:8]


def _lost(left: list[Leaf], right: list[Leaf]) -> list[str]:
    known = {path for path, _ in right}
    return [path for path, _ in left if path not in known]


def renamed(text: str, names: Mapping[str, str]) -> str:
    for old in sorted(names, key=len, reverse=True):
        text = text.replace(old, names[old])
    return text


def same(a: object, b: object, factor: float) -> bool:
    """Equal, or equal but for a power of the unit of the amounts."""
    if isinstance(a, float) and isinstance(b, float):
        powers = (1.0,) if factor == 1.0 else (1.0, factor, factor**2, 1 / factor)
        told = [a * f for f in powers] + [
            a + math.log(factor)
        ]  # a logarithm moves by that of the unit
        return any(math.isclose(t, b, rel_tol=CLOSE, abs_tol=1e-9 * max(factor, 1.0)) for t in told)
    return type(a) is type(b) and a == b
