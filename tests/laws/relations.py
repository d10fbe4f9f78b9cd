"""The laws: what may be done to the data of any call, and what its answer must then be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from tests.laws.compare import EXTRA
from tests.laws.given import AS_IT_IS, KIND, NUMBERS, Rows, Variant, plain
from tests.laws.worlds import SPLIT

Frame = pd.DataFrame
Tables = Mapping[str, Rows]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A changed call, and the calls one of whose answers it must give; or it must find nothing.

    Attributes:
        change: what is done. like: calls of which one has the right answer.
        refusal: whether a BadInput is right, too. nothing: no finding may be made. about_missing:
            whether what is said about missing values may differ.
    """

    change: Variant
    like: tuple[Variant, ...] = (AS_IT_IS,)
    refusal: bool = False
    nothing: bool = False
    about_missing: bool = False


def of(tables: Tables, *kinds: str) -> list[str]:
    """Columns of these kinds in all tables of a call."""
    return list(dict.fromkeys(c for t in tables.values() for c in t.of(*kinds)))


def each(columns: list[str], how: Callable[[pd.Series], pd.Series]) -> Callable[[Frame], Frame]:
    """Every such column through `how`."""

    def change(frame: Frame) -> Frame:
        return frame.assign(**{c: how(frame[c]) for c in columns if c in frame})

    return change


def both(*changes: Callable[[Frame], Frame]) -> Callable[[Frame], Frame]:
    def change(frame: Frame) -> Frame:
        for one in changes:
            frame = one(frame)
        return frame

    return change


# Names that people use, and that a program may have used itself.
NAMES = (
    "units", "day", "row", "num0", "variant", "holed", "period", "step", "value", "t", "n", "user",
    "time", "event", "segment", "part", "actor", "unit", "part0", "den1", "index", "metric",
    "bucket",
    "level_0", "actual", "expected", "weight", "count", "sum", "key", "group", "order", "select",
    "date", "Date", "lag", "x", "y", "goal", "kpi", "session", "a b", "日期", "name.with.dots",
    "per cent %", "O'Brien",
)  # fmt: skip


def renamed(tables: Tables) -> Iterator[Trial]:
    own = [c for c in of(tables, *set(KIND.values())) if c.startswith("my_")]
    taken = {c for t in tables.values() for c in t.frame().columns}
    free = [n for n in NAMES if n not in taken]
    for turn in range(3 if own else 0):
        names = dict(zip(own, cycle(free[11 * turn :] + free[: 11 * turn]), strict=False))
        yield Trial(Variant(f"renamed {turn}", names=names))


def decimals(values: pd.Series) -> pd.Series:
    return values.map(lambda v: Decimal(str(v))).astype(object)


TYPES: dict[str, tuple[Callable[[pd.Series], pd.Series], Callable[[pd.Series], pd.Series], Any]] = {
    # name: whole numbers, other numbers, labels
    "int32": (lambda v: v.astype("int32"), lambda v: v, "category"),
    "float64": (lambda v: v.astype("float64"), lambda v: v.astype("float64"), "object"),
    "Decimal": (decimals, decimals, "string"),
    "Int64": (lambda v: v.astype("Int64"), lambda v: v.astype("Float64"), "string[pyarrow]"),
    "arrow": (
        lambda v: v.astype(pd.ArrowDtype(pa.int64())),
        lambda v: v.astype(pd.ArrowDtype(pa.float64())),
        pd.ArrowDtype(pa.string()),
    ),
    "int16": (
        lambda v: v.astype("int16" if v.max() < 2**15 else "int32"),
        lambda v: v.astype(object),
        "category",
    ),
}


def retyped(tables: Tables) -> Iterator[Trial]:
    numbers, labels = of(tables, *NUMBERS), of(tables, "label")
    for name, (whole, other, text) in TYPES.items() if numbers or labels else ():

        def number(v: pd.Series, whole: Any = whole, other: Any = other) -> pd.Series:
            return whole(v) if pd.api.types.is_integer_dtype(v) else other(v)

        change = both(each(numbers, number), each(labels, lambda v, text=text: v.astype(text)))
        yield Trial(Variant(name, change))
    if ids := of(tables, "id"):
        yield Trial(Variant("ids as text", each(ids, lambda v: v.astype(str))))
        yield Trial(Variant("ids int32", each(ids, lambda v: v.astype("int32"))))


def shuffle(frame: Frame) -> Frame:
    return frame.sample(frac=1, random_state=5)


def has_rows(tables: Tables) -> bool:
    """Whether anything given is a table; mappings of numbers have no rows."""
    return any(not t.mapping for t in tables.values())


def shuffled(tables: Tables) -> Iterator[Trial]:
    if has_rows(tables):
        yield Trial(Variant("shuffled", shuffle))


def files(suffix: str, frame: Frame, folder: Path) -> str:
    """Two files, the later rows first."""
    half = len(frame) // 2
    for name, part in (("a", frame.iloc[half:]), ("b", frame.iloc[:half])):
        path = folder / f"{name}.{suffix}"
        part.to_csv(path, index=False) if suffix == "csv" else part.to_parquet(path, index=False)
    return str(folder / f"*.{suffix}")


def one_file(suffix: str, frame: Frame, folder: Path) -> Path:
    path = folder / f"one.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path, index=False)
    return path


def parts(frame: Frame) -> Frame:
    """Two parts put together, each with row numbers of its own."""
    half = len(frame) // 2
    return pd.concat(
        [frame.iloc[half:].reset_index(drop=True), frame.iloc[:half].reset_index(drop=True)]
    )


def split(tables: Tables) -> Iterator[Trial]:
    if has_rows(tables):
        yield Trial(Variant("parts", parts))
    if any(t.role for t in tables.values()):
        yield Trial(Variant("parquet files", dress=partial(files, "parquet")))
        yield Trial(Variant("csv files", dress=partial(files, "csv")))


def polars(frame: Frame, folder: Path) -> Any:
    import polars

    return polars.from_pandas(frame)


def arrow(frame: Frame, folder: Path) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def contained(tables: Tables) -> Iterator[Trial]:
    if has_rows(tables):
        yield Trial(Variant("arrow", dress=arrow))
        yield Trial(
            Variant("ibis", dress=lambda frame, _: ibis.memtable(frame.reset_index(drop=True)))
        )
        yield Trial(Variant("path", dress=partial(one_file, "parquet")))
        try:
            import polars as _  # noqa: F401
        except ImportError:
            return
        yield Trial(Variant("polars", dress=polars))


DAYS: dict[str, Callable[[pd.Series], pd.Series]] = {
    "date": lambda v: v.dt.date,
    "arrow date": lambda v: v.dt.date.astype(pd.ArrowDtype(pa.date32())),
    "period": lambda v: v.dt.to_period("D"),
}
TIMES: dict[str, Callable[[pd.Series], pd.Series]] = {
    "ns": lambda v: v.astype("datetime64[ns]"),
    "s": lambda v: v.astype("datetime64[s]"),
    "ISO text": lambda v: v.astype(str),
    "UTC": lambda v: v.dt.tz_localize("UTC"),
    "datetime": lambda v: pd.Series(list(v.dt.to_pydatetime()), v.index, object),
    "arrow": lambda v: v.astype(pd.ArrowDtype(pa.timestamp("us"))),
}


def timed(tables: Tables) -> Iterator[Trial]:
    days, moments = of(tables, "day"), of(tables, "moment")
    for name, how in DAYS.items() if days else ():
        yield Trial(Variant(name, each(days, how)))
    for name, how in TIMES.items() if days or moments else ():
        yield Trial(Variant(name, each(days + moments, how)))


def scaled(tables: Tables) -> Iterator[Trial]:
    for factor in (1000.0, 0.001) if (amounts := of(tables, "amount")) else ():
        change = each(amounts, lambda v, factor=factor: v * factor)
        yield Trial(Variant(f"× {factor:g}", change, factor=factor))


def added(value: Any, frame: Frame) -> Frame:
    return frame.assign(**{EXTRA: pd.Series(value, frame.index, object if value is None else None)})


def extra(tables: Tables) -> Iterator[Trial]:
    if has_rows(tables):
        for name, value in (("constant", "all"), ("empty", None), ("number", 7)):
            yield Trial(Variant(f"extra {name}", partial(added, value), extra=(EXTRA,)))


def chosen(frame: Frame) -> np.ndarray:
    """A few rows, the same whatever is done to them."""
    return np.random.default_rng(3).choice(len(frame), max(len(frame) // 40, 1), replace=False)


def hole(columns: list[str], value: Any, frame: Frame) -> Frame:
    """Missing in these columns of a few rows."""
    found = frame.copy()
    for column in (c for c in columns if c in found):
        keep = found[column].astype(float if isinstance(value, float) else object)
        keep.iloc[chosen(frame)] = value
        found[column] = keep
    return found


def leave_out(columns: list[str], frame: Frame) -> Frame:
    """Without the rows that `hole` hits."""
    return frame.drop(frame.index[chosen(frame)]) if set(columns) & set(frame.columns) else frame


def missing(tables: Tables) -> Iterator[Trial]:
    hits: list[tuple[str, list[str], Any]] = []
    numbers = of(tables, *NUMBERS)
    if numbers:
        hits += [("no numbers", numbers, np.nan), ("infinite", numbers, np.inf)]
        hits += [(f"no {c}", [c], np.nan) for c in numbers] if len(numbers) > 1 else []
    hits += [(f"no {c}", [c], None) for c in of(tables, "id", "day", "moment", "truth")]
    for name, columns, value in hits:
        out = Variant(f"without {name}", partial(leave_out, columns))
        # A column that nobody asked about changes nothing.
        like = (out, AS_IT_IS) if len(columns) == 1 else (out,)
        yield Trial(Variant(name, partial(hole, columns, value)), like, True, about_missing=True)
    for column in of(tables, "label"):
        out = Variant(f"without {column}", partial(leave_out, [column]))
        called = Variant(f"called {column}", partial(hole, [column], "(missing)"))
        change = Variant(f"no {column}", partial(hole, [column], None))
        yield Trial(change, (called, out, AS_IT_IS), True, about_missing=True)


def level(value: float | None, columns: list[str], frame: Frame) -> Frame:
    """One value (the median if None) in these columns."""
    return each(columns, lambda v: v * 0.0 + (v.median() if value is None else value))(frame)


def but_for_one(columns: list[str], frame: Frame) -> Frame:
    """One value in all rows but those of the first unit (its first label)."""
    label = next((c for c in frame if KIND.get(str(c)) == "label"), None)
    rest = level(None, columns, frame)
    if label is None:
        return rest
    first = frame[label] == frame[label].iloc[0]
    return frame.assign(**{c: frame[c].where(first, rest[c]) for c in columns if c in frame})


def constant(tables: Tables) -> Iterator[Trial]:
    numbers = of(tables, *NUMBERS)
    for name, value in (("alike", None), (".1", 0.1), ("1/3", 1 / 3)) if numbers else ():
        yield Trial(Variant(f"all {name}", partial(level, value, numbers)), (), True, nothing=True)
    if numbers:
        yield Trial(Variant("all but one", partial(but_for_one, numbers)), (), True)
    for column in numbers if len(numbers) > 1 else ():
        yield Trial(Variant(f"{column} alike", partial(level, None, [column])), (), True)


def one_row(tables: Tables) -> Iterator[Trial]:
    if has_rows(tables):
        yield Trial(Variant("one row", lambda frame: frame.head(1)), (), True, True)


def no_rows(tables: Tables) -> Iterator[Trial]:
    if has_rows(tables):
        yield Trial(Variant("no rows", lambda frame: frame.head(0)), (), True, True)


def zero(tables: Tables) -> Iterator[Trial]:
    if numbers := of(tables, *NUMBERS):
        yield Trial(Variant("all zero", each(numbers, lambda v: v * 0)), (), True, True)


def nothing_before(frame: Frame) -> Frame:
    """Zero in every number of the baseline."""
    found = frame.copy()
    early = [c for c in found if KIND.get(str(c)) in NUMBERS and str(c).endswith("0")]
    day = next((c for c in found if KIND.get(str(c)) == "day"), None)
    if early or day is None:
        return found.assign(**dict.fromkeys(map(str, early), 0))
    for column in (c for c in found if KIND.get(str(c)) in NUMBERS):
        found[column] = found[column].where(found[day] >= pd.Timestamp(SPLIT), 0)
    return found


def zero_before(tables: Tables) -> Iterator[Trial]:
    if of(tables, *NUMBERS) and (of(tables, "day") or "num0" in of(tables, *NUMBERS)):
        yield Trial(Variant("zero before", nothing_before), (), True)


# What leaves the answer as it was, and can be done all at once.
OTHERWISE = {
    "renamed": renamed,
    "retyped": retyped,
    "shuffled": shuffled,
    "split": split,
    "contained": contained,
    "timed": timed,
    "scaled": scaled,
    "extra": extra,
}
MISSING = {"missing": missing}
NOTHING = {
    "constant": constant,
    "one row": one_row,
    "no rows": no_rows,
    "zero": zero,
    "zero before": zero_before,
}
RELATIONS: dict[str, Callable[[Tables], Iterator[Trial]]] = OTHERWISE | MISSING | NOTHING


def together(variants: list[Variant]) -> Variant:
    """All of them at once: rows are changed in turn;
    the last table's dress that is none of pandas is worn."""
    names: dict[str, str] = {}
    for variant in variants:
        names |= variant.names
    dress = [v.dress for v in variants if v.dress is not plain]
    # Files and engines hold times as times; text and periods are read from frames.
    worn = (
        dress[-1]
        if dress and not any(v.name in ("period", "ISO text") for v in variants)
        else plain
    )
    factor = float(np.prod([v.factor for v in variants]))
    first = sorted(variants, key=lambda v: not v.extra)
    change = both(*(v.change for v in sorted(first, key=lambda v: v.factor == 1.0 and not v.extra)))
    extras = tuple(c for v in variants for c in v.extra)
    return Variant(" + ".join(v.name for v in variants), change, names, worn, factor, extras)
