"""Outages: did the log lose rows of a segment for some hours, while the rest went on?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from ibis import _

from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Message, Where, fraction
from kpilab.engine.breakdown import broken_down, together
from kpilab.engine.column import column
from kpilab.engine.days import day_of, inside
from kpilab.engine.metrics import segment
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown
from kpilab.stats.data.outage import Outage, Usual, usual, worst_hours

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period
    from kpilab.engine.door.tables import Tabular

LEAST_DAYS, LONGEST, MOST_VALUES, MOST_LOOKS = 14, 72, 100, 15
ALPHA, LEAST_MISSING, SILENT, SAME_AT_EVERY_STEP, LEAST_OF_STEP = 0.01, 0.5, 0.9, 0.5, 10.0
COLUMNS = [
    "dimension",
    "value",
    "first",
    "last",
    "hours",
    "found",
    "expected",
    "lost",
    "low",
    "high",
    "share",
    "p",
]


@dataclass(frozen=True, slots=True, eq=False)
class OutagesResult(Result):
    """Answer of `outages`.

    Attributes:
        table: one row per outage, the clearest first; columns `dimension`, `value` (None for the
            whole log), `first`, `last` (start of the first and of the last hour), `hours`, `found`,
            `expected` (rows), `lost`, `low`, `high` (rows missing, with interval), `share` (part of
            the expected rows, 0-1), `p` (corrected for the search over hours and segments).
        hourly: rows per hour around each outage; columns `outage` (row of `table`), `hour`,
            `found`, `expected`.
        segments: number of segments looked at. level: confidence level of the intervals.
    """

    hourly: pd.DataFrame
    segments: int
    level: float
    kind: ClassVar[str] = "outages"

    @property
    def headline(self) -> Message:
        if self.table.empty:
            return Message("outages.none", {"segments": self.segments})
        row = self.table.iloc[0].to_dict()
        values = {k: row[k] for k in ("lost", "low", "high", "share", "hours")}
        values |= {
            "first": str(row["first"])[:16],
            "where": place(row),
            "more": len(self.table) - 1 or None,
        }
        return Message("outages.found", values)


def outages(
    log: EventLog | Tabular,
    *,
    period: Period,
    dimensions: Sequence[str] | None = None,
    level: float = 0.95,
) -> OutagesResult:
    """Find hours in which one segment's rows, or those of the whole log, are missing at every event
    at once.

    Expected is what the segment usually has: the median level of the two weeks around, its pattern
    over the week, its profile over the day (weekdays and weekends apart). Every run of up to 72
    hours is held against it; where the rest of the breakdown falls short too, less is expected. An
    outage needs half of the rows missing, every event short in like measure, and a corrected p <=
    0.01. A run of more than a day that lasts to the end of the period is left to `missing_rows`,
    which asks the books.

    Args:
        log: events with a time of day.
        period: days to look at, 14 or more.
        dimensions: columns to look at; None for all of the log's.
        level: confidence level, 0 < level < 1.

    Returns:
        OutagesResult with one row per outage; none when nothing is missing.

    Raises:
        BadInput: a period under 14 days, times without hours, an unknown dimension, or no rows in
            the period.

    Note: a shop that was really shut for some hours looks the same: ask the books of those hours.
    """
    fraction(level, "outages(level=)")
    log = EventLog.of(log)
    sizes, notes = _dimensions(log, dimensions, period, level)
    labels, counts = _segments(log, sizes, period)
    weekday = np.array([d.weekday() for d in period])
    rest = counts[0] - counts
    own, others = usual(counts, weekday), usual(rest, weekday)
    flat, rest = (rows.reshape(len(counts), -1).copy() for rows in (counts, rest))
    rest[0] = np.nan
    # A day off looks like half of the whole log missing; nothing but the log's own silence counts
    # there.
    least = np.where(np.arange(len(labels)) == 0, SILENT, LEAST_MISSING)
    found: list[tuple[dict[str, Any], pd.DataFrame]] = []
    for _k in range(MOST_LOOKS):
        worst = worst_hours(flat, own, rest, others, LONGEST, least)
        if worst is None or worst.p > ALPHA:
            break
        hours, which = slice(worst.first, worst.last + 1), slice(worst.series, worst.series + 1)
        if _ended(worst, flat.shape[1]) and _at_every_event(
            log, labels[worst.series], worst, own, period
        ):
            found.append(_described(worst, labels[worst.series], flat, own, period, level))
            which = slice(None)
        # What was named is taken as usual everywhere, what was ruled out in its series: nothing is
        # named twice.
        flat[which, hours] = np.maximum(flat[which, hours], own.expected[which, hours])
        rest[which, hours] = np.maximum(rest[which, hours], others.expected[which, hours])
    table = pd.DataFrame([row for row, _ in found], columns=COLUMNS)
    series = [frame.assign(outage=k) for k, (_, frame) in enumerate(found)]
    hourly = (
        pd.concat(series)
        if series
        else pd.DataFrame(columns=["hour", "found", "expected", "outage"])
    )
    return OutagesResult(table, hourly, len(labels), level, notes=notes)


def place(row: Mapping[Any, Any]) -> Where:
    """The segment of a row."""
    return Where.of(row["dimension"], row["value"])


def _dimensions(
    log: EventLog, dimensions: Sequence[str] | None, period: Period, level: float
) -> tuple[dict[str, int], tuple[Message, ...]]:
    """Dimensions with few enough values and how many those are, and a note on the others."""
    if period.days < LEAST_DAYS:
        raise BadInput(
            f"period has {period.days} days", "outages(period=)", f"give at least {LEAST_DAYS}"
        )
    if not log.table[log.time].type().is_timestamp():
        raise BadInput(
            f"column {log.time!r} holds days, not times",
            f"table {log.name!r}, role 'time'",
            "use `missing_rows` for whole days",
        )
    for dimension in dimensions or ():
        if dimension not in log.table.columns:
            raise unknown("dimension", dimension, log.table.columns, f"table {log.name!r}")
    names = tuple(log.dimensions if dimensions is None else dimensions)
    if not names:
        return {}, ()
    sizes = collect(log.table.agg([log.table[n].nunique().name(n) for n in names]), "outages").iloc[
        0
    ]
    large = tuple(n for n in names if sizes[n] > MOST_VALUES)
    notes = (
        (Message("gaps.too_many_values", {"dimensions": large, "most": MOST_VALUES}),)
        if large
        else ()
    )
    return {n: int(sizes[n]) for n in names if n not in large}, notes


def _segments(
    log: EventLog, sizes: Mapping[str, int], period: Period
) -> tuple[list[tuple[str | None, str | None]], np.ndarray]:
    """Labels, and rows per segment, day and hour; the whole log comes first."""
    labels: list[tuple[str | None, str | None]] = [(None, None)]
    rows = log.table.filter(inside(day_of(log.table, log.time), period))
    grids: list[np.ndarray] = []
    for part in together(sizes, 24 * period.days):
        found = _from_first(
            broken_down(rows, _hours(rows, log), part, {"rows": "COUNT(*)"}, "rows per hour"),
            period,
        )
        grids = grids or [_grid(found[found["dimension"] == ""], period)]
        for name in part:
            own = found[found["dimension"] == name].dropna(subset="value")
            parts = [(str(v), of_value) for v, of_value in own.groupby("value")]
            for value, of_value in parts if len(parts) > 1 else []:
                labels.append((name, value))
                grids.append(_grid(of_value, period))
    if not grids[0].any():
        raise BadInput(
            f"no rows between {period.first} and {period.last}",
            "outages(period=)",
            "choose other days",
        )
    return labels, np.array(grids)


def _by_event(log: EventLog, period: Period, where: Where) -> pd.DataFrame:
    """Rows of a segment per day, hour and event."""
    rows = segment(log, where)
    rows = rows.filter(inside(day_of(rows, log.time), period))
    keys = _hours(rows, log) | {"event": rows[log.event].cast("string")}
    return _from_first(collect(rows.group_by(**keys).agg(rows=_.count()), "rows per hour"), period)


def _hours(rows: ir.Table, log: EventLog) -> dict[str, ir.Value]:
    return {"day": day_of(rows, log.time), "hour": column(rows, log.time).cast("timestamp").hour()}


def _from_first(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The frame with `day` counted from the first of the period."""
    return frame.assign(day=(pd.to_datetime(frame["day"]) - pd.Timestamp(period.first)).dt.days)


def _grid(frame: pd.DataFrame, period: Period) -> np.ndarray:
    """Rows per day and hour, 0 where there are none."""
    grid = np.zeros((period.days, 24))
    np.add.at(
        grid,
        (frame["day"].to_numpy(int), frame["hour"].to_numpy(int)),
        frame["rows"].to_numpy(float),
    )
    return grid


def _ended(outage: Outage, hours: int) -> bool:
    """Whether the rows came back, or the outage is too young to tell."""
    return outage.last < hours - 1 or outage.last - outage.first < 24


def _at_every_event(
    log: EventLog, label: tuple[str | None, str | None], outage: Outage, own: Usual, period: Period
) -> bool:
    """Whether every event is short in like measure, as far as its counts can tell."""
    where = Where({label[0]: (label[1],)}) if label[0] else EVERYWHERE
    frame = _by_event(log, period, where)
    out = (frame["day"] * 24 + frame["hour"]).between(outage.first, outage.last)
    usual_rows = frame[~out].groupby("event")["rows"].sum()
    expected = outage.expected * usual_rows / usual_rows.sum()
    found = frame[out].groupby("event")["rows"].sum().reindex(expected.index, fill_value=0)
    known = expected >= LEAST_OF_STEP
    short = 1 - found[known] / expected[known]
    return bool((short >= SAME_AT_EVERY_STEP * outage.share).all())


def _described(
    outage: Outage,
    label: tuple[str | None, str | None],
    counts: np.ndarray,
    own: Usual,
    period: Period,
    level: float,
) -> tuple[dict[str, Any], pd.DataFrame]:
    hours = pd.date_range(pd.Timestamp(period.first), periods=period.days * 24, freq="h")
    low, high = outage.interval(level)
    row: dict[str, Any] = {
        "dimension": label[0],
        "value": label[1],
        "first": hours[outage.first],
        "last": hours[outage.last],
        "hours": outage.last - outage.first + 1,
        "found": outage.found,
        "expected": outage.expected,
        "lost": outage.expected - outage.found,
        "low": max(low, 0.0),
        "high": high,
        "share": outage.share,
        "p": outage.p,
    }
    around = slice(max(outage.first - 48, 0), outage.last + 49)
    series = {"hour": hours[around], "found": counts[outage.series, around]}
    return row, pd.DataFrame(series | {"expected": own.expected[outage.series, around]})
