"""Quality: what is wrong with a table before anybody computes with it,
and what does it do to the goal?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from ibis import _

from kpilab.core.result import Result
from kpilab.core.table import Benchmark, EventLog, Executions, Facts, Reports, Table, known_role
from kpilab.core.values import Effect, Message
from kpilab.engine.column import column
from kpilab.engine.daily import Measured, daily, on_days
from kpilab.engine.data.faults import (
    Range,
    Suspect,
    counted,
    described,
    held,
    suspects,
    twice,
)
from kpilab.engine.days import day_of, inside
from kpilab.engine.run import collect
from kpilab.errors import unknown
from kpilab.stats.data.slips import QUANTILES, clock_slips, unit_slips

if TYPE_CHECKING:
    from kpilab.core.case import Metric
    from kpilab.core.table import Table
    from kpilab.core.values import Period
    from kpilab.engine.door.tables import Tabular

MOST_COMPARED = 5_000_000
TRICKLE = 0.1  # of a usual day: nine tenths of it are lost by a log sooner than by a business
LEAST_KNOWN = 14  # days from which on a usual day is known
REGULAR = (EventLog, Facts, Executions, Reports, Benchmark)
COLUMNS = ["check", "column", "dimension", "value", "first", "last", "rows", "share", "detail"]
EFFECT = ["effect", "low", "high"]


@dataclass(frozen=True, slots=True, eq=False)
class QualityResult(Result):
    """Answer of `quality`.

    Attributes:
        table: one row per fault; columns `check` ("empty", "out_of_range", "repeated_rows",
            "repeated_ids", "stale", "trickle", "entered_before", "clock", "unit"), `column` (None
            for the whole row), `dimension`, `value` (the segment that holds at least 80 % of the
            faulty rows; None when they are spread), `first`, `last` (days), `rows` (affected),
            `share` (of the rows of the period, 0-1), `detail` (number: days missing at the end,
            hours moved, factor; NaN otherwise), `effect`, `low`, `high` (what the fault adds to the
            goal of the current period, and what it may add at least and at most; NaN without a
            goal).
        name: table examined. rows: in the period.
    """

    name: str
    rows: int
    kind: ClassVar[str] = "quality"

    @property
    def headline(self) -> Message:
        values = {"table": self.name, "rows": self.rows, "faults": len(self.table)}
        if self.table.empty:
            return Message("quality.clean" if self.rows else "quality.without", values)
        return Message(
            "quality.faults", values | {"worst": self.statements[int(self.table["rows"].argmax())]}
        )

    @property
    def statements(self) -> tuple[Message, ...]:
        """The sentence of each fault, in the order of the table."""
        rows = self.table[["check", "column", "rows", "detail"]].to_dict("records")
        return tuple(
            Message(f"quality.{row['check']}", {str(k): row[k] for k in row if k != "check"})
            for row in rows
        )


def quality(
    table: Table | Tabular,
    *,
    period: Period,
    ranges: Mapping[str, Range] | None = None,
    unique: Sequence[str] = (),
    amounts: Sequence[str] = (),
    goal: Metric | None = None,
    current: Period | None = None,
) -> QualityResult:
    """Examine a table: empty cells, values out of range, repeats, staleness, slips of clock and
    unit.

    All counting happens on the engine. Empty cells are looked for in every column the table's role
    names; repeats are rows equal in every column (not looked for in more than five million rows). A
    clock slip is a day whose profile over the hours is the usual one moved by whole hours; a unit
    slip a day whose amounts, small and large, are 10, 100, 1,000 or 60 times the usual ones, or the
    reverse.

    The effect on the goal is what the faulty rows hold of it: from nothing (the rows are right) to
    all of it (they are wrong). For a unit slip it is what the factor adds; for a clock slip what
    stands within the moved hours of midnight; for days missing at the end their usual amount, with
    the interval of its scatter.

    Args:
        table: any role; a plain table is a log or facts. period: days to examine.
        ranges: column -> (least, most), None for open. unique: columns whose values must not
            repeat.
        amounts: columns to watch for unit slips.
        goal: a metric of this table. current: days whose goal counts; None for `period`.

    Returns:
        QualityResult with one row per fault; none when the table is clean.

    Raises:
        BadInput: a column the table does not have.
    """
    table = known_role(table)
    for name in (*(ranges or {}), *unique, *amounts):
        if name not in table.table.columns:
            raise unknown("column", name, table.table.columns, f"table {table.name!r}")
    time = table.roles()["time"]
    table = replace(table, table=table.table.filter(inside(day_of(table.table, time), period)))
    which = suspects(table, ranges or {})
    counts = counted(table.table, which, unique, time, MOST_COMPARED)
    total = int(counts["rows"])
    examined = _Examined(table, goal, current or period)
    found = [examined.fault(s) for k, s in enumerate(which) if counts[f"s{k}"] > 0]
    found += [
        examined.repeats("repeated_ids", (c,))
        for k, c in enumerate(unique)
        if counts[f"n{k}"] > counts[f"d{k}"]
    ]
    compared = total <= MOST_COMPARED
    if compared and int(counts["distinct"]) < total:
        found.append(examined.repeats("repeated_rows", table.table.columns))
    regular = not pd.isna(counts["newest"]) and isinstance(table, REGULAR)
    days = _by_day(table.table, time, amounts) if regular or amounts else pd.DataFrame()
    found += [
        *(_stale(examined, days, period) if regular else ()),
        *_clock(examined, time),
        *_units(examined, time, amounts, days),
    ]
    frame = pd.DataFrame(found, columns=[*COLUMNS, *EFFECT])
    # A fault of whole rows has no column: none, and not a missing number beside texts.
    frame["column"] = frame["column"].astype(object).where(frame["column"].notna(), None)
    frame["share"] = frame["rows"] / total if total else float("nan")
    notes = (
        ()
        if compared
        else (Message("quality.not_compared", {"rows": total, "most": MOST_COMPARED}),)
    )
    return QualityResult(frame, table.name, total, notes=notes)


@dataclass(frozen=True, slots=True, eq=False)
class _Examined:
    """The rows of the period, and the goal that faults are held against."""

    table: Table
    goal: Metric | None
    current: Period

    def fault(
        self, suspect: Suspect, *, detail: float = float("nan"), part: float = 1.0, of: Any = None
    ) -> dict[str, Any]:
        """One fault as a row; its effect is `part` of what the rows `of` (all faulty ones) hold."""
        return self._row(self.table, suspect, detail, part, suspect.condition if of is None else of)

    def repeats(self, check: str, columns: Sequence[str]) -> dict[str, Any]:
        table, copies = twice(self.table, columns)
        only = columns[0] if check == "repeated_ids" else None
        return self._row(table, Suspect(check, only, copies), float("nan"), 1.0, copies)

    def _row(
        self, table: Table, suspect: Suspect, detail: float, part: float, of: Any
    ) -> dict[str, Any]:
        faulty = described(table, suspect.condition)
        dimension, values = next(iter(faulty.where.values.items()), (None, (None,)))
        row = {
            "check": suspect.check,
            "column": suspect.column,
            "dimension": dimension,
            "value": values[0],
        }
        row |= {"first": faulty.first, "last": faulty.last, "rows": faulty.rows, "detail": detail}
        if self.goal is None:
            return row | dict.fromkeys(EFFECT, float("nan"))
        amount = part * held(table, self.goal, self.current, of)
        return row | {"effect": amount, "low": min(amount, 0.0), "high": max(amount, 0.0)}


def _by_day(rows: Any, time: str, amounts: Sequence[str]) -> pd.DataFrame:
    """One row per day, in order: `day`, `rows`, and of each amount that is not nothing, which is
    nothing in any unit, how many it has (`n0` …) and their quantiles (`q0_0` …)."""
    sizes = [column(rows, amount).cast("float64").nullif(0.0) for amount in amounts]
    told = {
        f"q{k}_{q}": size.quantile(share)
        for k, size in enumerate(sizes)
        for q, share in enumerate(QUANTILES)
    }
    told |= {f"n{k}": size.count() for k, size in enumerate(sizes)}
    found = rows.group_by(kpilab_day=day_of(rows, time)).agg(kpilab_rows=_.count(), **told)
    frame = collect(found, "quality").rename(columns={"kpilab_day": "day", "kpilab_rows": "rows"})
    return frame.assign(day=pd.to_datetime(frame["day"])).sort_values("day", ignore_index=True)


def _stale(examined: _Examined, days: pd.DataFrame, period: Period) -> Iterator[dict[str, Any]]:
    """Days missing at the end, where rows come regularly: as many as usually lie between two of
    them, or as lay between two of them more than once (invoices are of the first to the 27th),
    are none. A trickle of rows is no day that came."""
    few = days["rows"] < TRICKLE * days["rows"].median()
    came = days.assign(trickle=few & (len(days) >= LEAST_KNOWN))
    whole = came[~came["trickle"]]
    last, first = (f(whole["day"]).date() for f in (max, min))
    gone = (period.last - last).days
    if gone < max(1.0, (last - first).days / max(len(whole) - 1, 1)):
        return
    between = whole["day"].diff().dt.days.dropna() - 1
    if int((between >= gone).sum()) > 1:
        return
    rows = int(came.loc[came["day"] > pd.Timestamp(last), "rows"].sum())
    row: dict[str, Any] = {
        "check": "trickle" if rows else "stale",
        "column": examined.table.roles()["time"],
        "dimension": None,
        "value": None,
    }
    row |= {
        "first": last + timedelta(days=1),
        "last": period.last,
        "rows": rows,
        "detail": float(gone),
    }
    lost = _usual(examined, last, gone)
    ends = (float("nan"),) * 3 if lost is None else (lost.value, lost.low, lost.high)
    yield row | dict(zip(EFFECT, ends, strict=True))


def _usual(examined: _Examined, last: date, days: int) -> Effect | None:
    """What days without rows usually hold of the goal, as an amount missing;
    None where that has no sense."""
    goal = examined.goal
    if goal is None or goal.per or goal.is_ratio or last < examined.current.first:
        return None
    series = on_days(
        daily(Measured(examined.table, goal), examined.current), examined.current, "value"
    )
    known = series[series.index <= pd.Timestamp(last)].dropna().to_numpy()
    missing = days * float(known.mean())
    half = (
        1.96 * float(known.std(ddof=1)) * np.sqrt(days * (1 + days / len(known)))
        if len(known) > 1
        else missing
    )
    return Effect(-missing, -missing - half, min(-missing + half, 0.0))


def _clock(examined: _Examined, time: str) -> Iterator[dict[str, Any]]:
    rows = examined.table.table
    if not rows[time].type().is_timestamp() or not isinstance(
        examined.table, EventLog | Executions
    ):
        return
    day, hour = day_of(rows, time), column(rows, time).hour()
    counts = collect(rows.group_by(kpilab_day=day, kpilab_hour=hour).agg(n=_.count()), "quality")
    wide = counts.pivot_table(
        index="kpilab_day", columns="kpilab_hour", values="n", aggfunc="sum", fill_value=0
    )
    wide = wide.reindex(columns=range(24), fill_value=0).sort_index()
    for at, hours in zip(
        pd.to_datetime(wide.index), clock_slips(wide.to_numpy(float)), strict=True
    ):
        if hours:
            moved: Any = day == at.date()
            edge = moved & ((hour < abs(int(hours))) | (hour >= 24 - abs(int(hours))))
            yield examined.fault(Suspect("clock", time, moved), detail=float(hours), of=edge)


def _units(
    examined: _Examined, time: str, amounts: Sequence[str], days: pd.DataFrame
) -> Iterator[dict[str, Any]]:
    rows = examined.table.table
    day = day_of(rows, time)
    for k, amount in enumerate(amounts):
        found = days[[f"q{k}_{q}" for q in range(len(QUANTILES))]].to_numpy(float)
        factors = unit_slips(found, days[f"n{k}"].to_numpy(float))
        for at, factor in zip(days["day"], factors, strict=True):
            if factor != 1:
                suspect = Suspect("unit", amount, (day == at.date()) & rows[amount].notnull())
                yield examined.fault(suspect, detail=float(factor), part=1 - 1 / float(factor))
