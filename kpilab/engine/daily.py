"""Daily series: a metric, or the rows of a log, per day and segment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from ibis import _, literal

from kpilab.core.case import Metric
from kpilab.core.table import EventLog, Table
from kpilab.core.values import EVERYWHERE, Message, Period, Where
from kpilab.engine.breakdown import broken_down
from kpilab.engine.column import marked
from kpilab.engine.days import day_of, inside
from kpilab.engine.door.values import label
from kpilab.engine.metrics import BUCKET, Cut, measure, segment
from kpilab.engine.run import ConnectionLost, OutOfMemory, collect
from kpilab.errors import EngineError


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A metric and the table it is measured on."""

    table: Table
    metric: Metric


def daily(
    measured: Measured, period: Period, by: str | None = None, where: Where = EVERYWHERE
) -> pd.DataFrame:
    """A metric per day: columns `day`, `value`, and `segment` (text) when cut by a dimension."""
    cut = Cut("day", (by,) if by else (), where)
    rows = measure(measured.table, [measured.metric], {"all": period}, cut)
    frame = pd.DataFrame(
        {"day": pd.to_datetime(rows[BUCKET]), "value": rows[measured.metric.name].astype(float)}
    )
    return frame.assign(segment=label(rows[marked(by)], by)) if by else frame


def side_by_side(
    tables: Mapping[str, Table],
    metrics: Sequence[Metric],
    period: Period,
    where: Where = EVERYWHERE,
) -> pd.DataFrame:
    """Metrics per day, one column each, indexed by day; one query per table.
    No value where a table has no rows."""
    cut = Cut("day", (), where)
    return beside(metrics, lambda here: measure(tables[here[0].table], here, {"all": period}, cut))


def beside(
    metrics: Sequence[Metric], fetch: Callable[[Sequence[Metric]], pd.DataFrame]
) -> pd.DataFrame:
    """Metrics of any tables, one column each, indexed by day;
    `fetch` measures those of one table."""
    found: dict[str, pd.Series] = {}
    for name in dict.fromkeys(m.table for m in metrics):
        here = list({m.name: m for m in metrics if m.table == name}.values())
        rows = fetch(here)
        days = pd.DatetimeIndex(pd.to_datetime(rows[BUCKET]))
        found |= {m.name: pd.Series(rows[m.name].to_numpy(float), days) for m in here}
    return pd.DataFrame(found).sort_index()


def those_measured(
    metrics: Sequence[Metric], fetch: Callable[[Sequence[Metric]], pd.DataFrame]
) -> tuple[list[pd.DataFrame], tuple[Message, ...]]:
    """What `fetch` gives for the metrics, and a note for each that the engine cannot measure.

    One such metric fails the query of all: they are then asked one by one, and only those concerned
    are left out.

    Raises:
        EngineError: there is no metric that it can measure.
    """
    try:
        return [fetch(metrics)], ()
    except (ConnectionLost, OutOfMemory):
        raise
    except EngineError as error:
        failed = error
    if len(metrics) == 1:
        raise failed
    frames, notes = list[pd.DataFrame](), list[Message]()
    for metric in metrics:
        try:
            frames.append(fetch([metric]))
        except EngineError as error:
            notes.append(
                Message("goal.refused", {"metric": metric.name, "why": str(error).rstrip(".")})
            )
    if not frames:
        raise failed
    return frames, tuple(notes)


def daily_rows(log: EventLog, period: Period, where: Where = EVERYWHERE) -> pd.DataFrame:
    """Rows of a log per day and event: columns `day`, `event`, `rows`."""
    table = segment(log, where)
    day = day_of(table, log.time)
    keys = {"day": day, "event": table[log.event].cast("string")}
    rows = table.filter(inside(day, period)).group_by(**keys).agg(rows=_.count())
    frame = collect(rows, "rows per day")
    frame["day"] = pd.to_datetime(frame["day"])
    return frame


def rows_broken_down(
    log: EventLog, period: Period, dimensions: Sequence[str], events: Sequence[str]
) -> pd.DataFrame:
    """Rows of these events per day, and per day and value of each dimension; see `broken_down`."""
    day = day_of(log.table, log.time)
    rows = log.table.filter(
        inside(day, period), log.table[log.event].cast("string").isin([literal(e) for e in events])
    )
    found = broken_down(
        rows, {"day": day_of(rows, log.time)}, dimensions, {"rows": "COUNT(*)"}, "rows per day"
    )
    found["day"] = pd.to_datetime(found["day"])
    return found


def on_days(frame: pd.DataFrame, period: Period, column: str) -> pd.Series:
    """One number per day of the period: 0 on days without rows,
    NaN where rows are there but no value."""
    days = pd.date_range(period.first, period.last, freq="D")
    return frame.groupby("day")[column].sum(min_count=1).reindex(days, fill_value=0).astype(float)
