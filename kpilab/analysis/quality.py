"""Quality: what is wrong with a table before anybody computes with it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import pandas as pd
from ibis import _

from kpilab.core.result import Result
from kpilab.core.values import Message
from kpilab.engine.days import day_of, inside
from kpilab.engine.run import collect
from kpilab.errors import unknown
from kpilab.stats.slips import clock_slips, unit_slips

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import Table
    from kpilab.core.values import Period

COLUMNS = ["check", "column", "first", "last", "rows", "share", "detail"]


@dataclass(frozen=True, slots=True, eq=False)
class QualityResult(Result):
    """Answer of `quality`.

    Attributes:
        table: one row per fault; columns `check` ("empty", "out_of_range", "repeated_rows", "repeated_ids", "stale",
            "entered_before", "clock", "unit"), `column` (None for the whole row), `first`, `last` (days; None when
            all over), `rows` (affected), `share` (of the rows of the period, 0-1), `detail` (number: days missing at
            the end, hours moved, factor; NaN otherwise).
        name: table examined. rows: in the period.
    """

    name: str
    rows: int
    kind: ClassVar[str] = "quality"

    @property
    def headline(self) -> Message:
        values = {"table": self.name, "rows": self.rows, "faults": len(self.table)}
        if self.table.empty:
            return Message("quality.clean", values)
        worst = self.table.sort_values("rows", ascending=False).iloc[0]
        fault = Message(f"quality.{worst['check']}", {"column": worst["column"], "rows": int(worst["rows"])})
        return Message("quality.faults", values | {"worst": fault})


def quality(
    table: Table,
    *,
    period: Period,
    ranges: Mapping[str, tuple[float | None, float | None]] | None = None,
    unique: Sequence[str] = (),
    amounts: Sequence[str] = (),
) -> QualityResult:
    """Examine a table: empty cells, values out of range, repeats, staleness, slips of clock and unit.

    All counting happens on the engine. Empty cells are looked for in every column the table's role names; repeats are
    rows equal in every column. A clock slip is a day whose profile over the hours is the usual one moved by whole
    hours; a unit slip a day whose median amount is 10, 100, 1,000 or 60 times the usual one, or the reverse.

    Args:
        table: any role. period: days to examine.
        ranges: column -> (least, most), None for open. unique: columns whose values must not repeat.
        amounts: columns to watch for unit slips.

    Returns:
        QualityResult with one row per fault; none when the table is clean.

    Raises:
        BadInput: a column the table does not have.
    """
    for column in (*(ranges or {}), *unique, *amounts):
        if column not in table.table.columns:
            raise unknown("column", column, table.table.columns, f"table {table.name!r}")
    time = table.roles()["time"]
    rows = table.table.filter(inside(day_of(table.table, time), period))
    total = _count(rows)
    named = list(dict.fromkeys([*table.roles().values(), *table.dimensions_named]))
    found = _empty(rows, named) + _ranges(rows, ranges or {}) + _repeats(rows, unique) + _stale(rows, time, period)
    found += _before(rows, table) + _clock(rows, time) + [f for a in amounts for f in _unit(rows, time, a)]
    frame = pd.DataFrame(found, columns=COLUMNS)
    frame["share"] = frame["rows"] / total if total else float("nan")
    return QualityResult(frame, table.name, total)


def _fault(check: str, column: str | None, rows: float, detail: float = float("nan"), **days: object) -> dict:
    return {"check": check, "column": column, "rows": int(rows), "detail": detail, "first": None, "last": None} | days


def _count(rows: ir.Table) -> int:
    return int(collect(rows.agg(n=rows.count()), "quality")["n"].iloc[0])


def _empty(rows: ir.Table, named: list[str]) -> list[dict]:
    counts = collect(rows.agg([rows[c].count().name(c) for c in named] + [rows.count().name("kpilab_n")]), "quality")
    known = counts.iloc[0]
    return [_fault("empty", c, known["kpilab_n"] - known[c]) for c in named if known[c] < known["kpilab_n"]]


def _ranges(rows: ir.Table, ranges: Mapping[str, tuple[float | None, float | None]]) -> list[dict]:
    found = []
    for column, (least, most) in ranges.items():
        value = _[column].cast("float64")
        outside = [value < least] if least is not None else []
        outside += [value > most] if most is not None else []
        n = sum(_count(rows.filter(condition)) for condition in outside)
        if n:
            found.append(_fault("out_of_range", column, n))
    return found


def _repeats(rows: ir.Table, unique: Sequence[str]) -> list[dict]:
    found = []
    for check, keys in [("repeated_rows", list(rows.columns)), *[("repeated_ids", [c]) for c in unique]]:
        n = _count(rows) - _count(rows.select(keys).distinct())
        if n:
            found.append(_fault(check, keys[0] if check == "repeated_ids" else None, n))
    return found


def _stale(rows: ir.Table, time: str, period: Period) -> list[dict]:
    days = rows.select(day=day_of(rows, time)).filter(_.day.notnull()).order_by(_.day.desc()).limit(1)
    newest = collect(days, "quality")
    if newest.empty:
        return []
    last = pd.to_datetime(newest["day"].iloc[0]).date()
    if last >= period.last:
        return []
    missing = float((period.last - last).days)
    return [_fault("stale", time, 0, missing, first=last + timedelta(days=1), last=period.last)]


def _before(rows: ir.Table, table: Table) -> list[dict]:
    roles = table.roles()
    if "recorded" not in roles:
        return []
    early = rows.filter(day_of(rows, roles["recorded"]) < day_of(rows, roles["time"]))
    n = _count(early)
    return [_fault("entered_before", roles["recorded"], n)] if n else []


def _clock(rows: ir.Table, time: str) -> list[dict]:
    if not rows[time].type().is_timestamp():
        return []
    keyed = rows.mutate(kpilab_day=day_of(rows, time), kpilab_hour=_[time].hour())
    counts = collect(keyed.group_by(["kpilab_day", "kpilab_hour"]).agg(n=_.count()), "quality")
    wide = counts.pivot_table(index="kpilab_day", columns="kpilab_hour", values="n", aggfunc="sum", fill_value=0)
    wide = wide.reindex(columns=range(24), fill_value=0).sort_index()
    moved = clock_slips(wide.to_numpy(float))
    found = zip(pd.to_datetime(wide.index), moved, wide.sum(axis=1), strict=True)
    return [_fault("clock", time, n, float(s), first=d.date(), last=d.date()) for d, s, n in found if s]


def _unit(rows: ir.Table, time: str, amount: str) -> list[dict]:
    keyed = rows.mutate(kpilab_day=day_of(rows, time)).filter(_[amount].notnull())
    by_day = keyed.group_by("kpilab_day").agg(typical=_[amount].cast("float64").median(), n=_.count())
    frame = collect(by_day, "quality").sort_values("kpilab_day")
    factors = unit_slips(frame["typical"].to_numpy(float))
    found = zip(pd.to_datetime(frame["kpilab_day"]), factors, frame["n"], strict=True)
    return [_fault("unit", amount, n, float(f), first=d.date(), last=d.date()) for d, f, n in found if f != 1]
