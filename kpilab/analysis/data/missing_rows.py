"""Gaps: did the log lose rows of a segment for some days, while the business went on?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.data.missing_books import (
    LEAST_MISSING,
    Sought,
    books_of,
    confirmed_by,
    in_books,
    in_goal,
    pattern_of,
    plausible,
)
from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import Message, Period, Where, fraction
from kpilab.engine.breakdown import together
from kpilab.engine.daily import Measured, daily_rows, on_days, rows_broken_down
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown
from kpilab.stats.data.loss import (
    Shortfall,
    Stretch,
    shortfall,
    weekday_pattern,
    worst_stretch,
)

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

LEAST_DAYS, LONGEST, MOST_VALUES, MOST_EVENTS, MOST_GAPS = 21, 28, 300, 12, 5
ALPHA, SAME_AT_EVERY_STEP = 0.01, 0.5
COLUMNS = [
    *(
        "dimension",
        "value",
        "first",
        "last",
        "days",
        "found",
        "expected",
        "lost",
        "low",
        "high",
        "share",
        "step_low",
    ),
    *("books_share", "books_low", "books_high", "confirmed"),
    *("goal_lost", "goal_low", "goal_high", "goal_share", "p"),
]


@dataclass(frozen=True, slots=True, eq=False)
class MissingRowsResult(Result):
    """Answer of `missing_rows`.

    Attributes:
        table: one row per gap, the clearest first; columns `dimension`, `value` (None for the whole
            log), `first`, `last` (days), `days`, `found`, `expected` (rows), `lost`, `low`, `high`
            (rows missing, with interval), `share` (part of the expected rows, 0-1), `step_low`
            (smallest such share over the events), `books_share`, `books_low`, `books_high` (part
            missing in the books on the same days; NaN without books for the segment), `confirmed`
            (True: the books show no such drop; None: no books to ask), `goal_lost`, `goal_low`,
            `goal_high` (goal missing in the log only; NaN without `goal`), `goal_share` (the same
            as part of the goal of the current period, 0-1), `p` (corrected for the search over days
            and segments).
        daily: rows found and expected per day for each gap; columns `gap` (row of `table`), `day`,
            `found`, `expected`, `books` (NaN without).
        segments: number of segments looked at.
        level: confidence level of the intervals.
    """

    daily: pd.DataFrame
    segments: int
    level: float
    kind: ClassVar[str] = "gaps"

    @property
    def headline(self) -> Message:
        if self.table.empty:
            return Message("gaps.none", {"segments": self.segments})
        row = self.table.iloc[0]
        values = {k: row[k] for k in ("lost", "low", "high", "share")}
        values["period"] = Period(row["first"], row["last"])
        where = Where.of(row["dimension"], row["value"])
        values |= {
            "where": where,
            "goal": None if np.isnan(row["goal_share"]) else float(row["goal_share"]),
        }
        return Message("gaps.lost" if row["confirmed"] else "gaps.lost_unconfirmed", values)


def missing_rows(
    log: EventLog | Tabular,
    *,
    period: Period,
    dimensions: Sequence[str] | None = None,
    events: Sequence[str] | None = None,
    books: Measured | None = None,
    goal: Measured | None = None,
    current: Period | None = None,
    level: float = 0.95,
) -> MissingRowsResult:
    """Find days on which one segment's rows are missing from the log at every event at once.

    For every value of every dimension, and for the whole log, each stretch of up to 28 days is held
    against the two weeks before and after it (own weekday pattern, over-dispersion, the rest of the
    log as a control). A value that fades out or is rolled out does not come back to its level and
    is no gap. A gap needs at least 30 % of the rows missing, a corrected p <= 0.01, and every event
    short in like measure. A stretch that reaches the last day counts only if the books disagree, or
    without books if nothing else grew in its place. Where the books fall as well, nothing was lost.
    Gaps are taken out one after the other, so one loss is named once.

    Args:
        log: events with dimensions.
        period: all days to look at, 21 or more; the longer the better.
        dimensions: columns to look at; None for all of the log's.
        events: names that form the process; None for the most frequent ones.
        books: an additive metric of an independent table (ledger), cut by the same dimensions where
            it has them.
        goal: the goal as measured on the log, to size the loss.
        current: days whose goal the loss is compared with; None for `period`.
        level: confidence level, 0 < level < 1.

    Returns:
        MissingRowsResult with one row per gap; no row when nothing is missing.

    Raises:
        BadInput: a period under 21 days, an unknown dimension or event, or no rows in the period.
    """
    fraction(level, "missing_rows(level=)")
    log = EventLog.of(log)
    names = _dimensions(log, dimensions, period, level)
    sought = Sought(period, _events(log, events, period), books, goal, current or period, level)
    found: list[tuple[dict[str, object], pd.DataFrame]] = []
    names, notes = _countable(log, names)
    rest, looked_at = log, 0
    while len(found) < MOST_GAPS:
        gap, segments = _clearest(rest, log, names, sought)
        looked_at = max(looked_at, segments)
        if gap is None:
            break
        found.append(gap)
        dimension, value = gap[0]["dimension"], gap[0]["value"]
        if dimension is None:
            break
        column = rest.table[str(dimension)].cast("string")
        rest = replace(rest, table=rest.table.filter((column != value) | column.isnull()))
    table = pd.DataFrame([row for row, _ in found], columns=COLUMNS)
    days = [frame.assign(gap=k) for k, (_, frame) in enumerate(found)]
    series = (
        pd.concat(days)
        if days
        else pd.DataFrame(columns=["day", "found", "expected", "books", "gap"])
    )
    return MissingRowsResult(table, series, looked_at, level, notes=notes)


def _dimensions(
    log: EventLog, dimensions: Sequence[str] | None, period: Period, level: float
) -> tuple[str, ...]:
    if period.days < LEAST_DAYS:
        raise BadInput(
            f"period has {period.days} days",
            "missing_rows(period=)",
            f"give at least {LEAST_DAYS}: a gap needs days around it",
        )
    for dimension in dimensions or ():
        if dimension not in log.table.columns:
            raise unknown("dimension", dimension, log.table.columns, f"table {log.name!r}")
    return tuple(log.dimensions if dimensions is None else dimensions)


def _events(log: EventLog, events: Sequence[str] | None, period: Period) -> tuple[str, ...]:
    counts = daily_rows(log, period).groupby("event")["rows"].sum().sort_values(ascending=False)
    if counts.empty:
        raise BadInput(
            f"no rows between {period.first} and {period.last}",
            "missing_rows(period=)",
            "choose days the log has",
        )
    for event in events or ():
        if event not in counts.index:
            raise unknown("event", event, counts.index, f"table {log.name!r}, column {log.event!r}")
    return tuple(events or counts.index[:MOST_EVENTS])


def _countable(
    log: EventLog, names: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[Message, ...]]:
    """Dimensions with few enough values, and a note on the others."""
    if not names:
        return (), ()
    sizes = collect(
        log.table.agg([log.table[n].nunique().name(n) for n in names]), "missing_rows"
    ).iloc[0]
    large = tuple(n for n in names if sizes[n] > MOST_VALUES)
    notes = (
        (Message("gaps.too_many_values", {"dimensions": large, "most": MOST_VALUES}),)
        if large
        else ()
    )
    return tuple(n for n in names if n not in large), notes


def _clearest(
    rest: EventLog, log: EventLog, names: tuple[str, ...], sought: Sought
) -> tuple[tuple[dict[str, object], pd.DataFrame] | None, int]:
    """The clearest gap in what is left of the log, with its daily series;
    and how many segments there were."""
    labels, counts, others = _segments(rest, names, sought)
    ruled_out: set[int] = set()
    while len(ruled_out) < len(labels):
        chosen = [k for k in range(len(labels)) if k not in ruled_out]
        series = counts[chosen]
        pattern = weekday_pattern(series, sought.weekday)
        best = worst_stretch(
            series, pattern, others[chosen], min(LONGEST, sought.period.days // 2), LEAST_MISSING
        )
        if best is None or best.p * len(labels) / len(chosen) > ALPHA:
            break
        k = chosen[best.series]
        gap = _examined(
            rest,
            log,
            labels[k],
            replace(best, p=best.p * len(labels) / len(chosen)),
            sought,
            others[k],
        )
        if gap is not None:
            return gap, len(labels)
        ruled_out.add(k)
    return None, len(labels)


def _segments(
    log: EventLog, names: tuple[str, ...], sought: Sought
) -> tuple[list[tuple[str | None, str | None]], np.ndarray, np.ndarray]:
    """Labels, rows per day, and rows per day of the rest of the same breakdown;
    the whole log comes first."""
    parts = together(dict.fromkeys(names, MOST_VALUES), sought.period.days)
    frames = [rows_broken_down(log, sought.period, part, sought.events) for part in parts]
    whole = on_days(frames[0][frames[0]["dimension"] == ""], sought.period, "rows").to_numpy(float)
    labels: list[tuple[str | None, str | None]] = [(None, None)]
    counts, others = [whole], [np.full(sought.period.days, np.nan)]
    cube = pd.concat(frames).dropna(subset="value")
    for name in names:
        own = cube[cube["dimension"] == name].pivot_table(
            index="value", columns="day", values="rows", fill_value=0
        )
        own = own.reindex(
            columns=pd.date_range(sought.period.first, sought.period.last), fill_value=0
        )
        for value, rows in zip(own.index, own.to_numpy(float), strict=True) if len(own) > 1 else []:
            labels.append((name, str(value)))
            counts.append(rows)
            others.append(whole - rows)
    return labels, np.array(counts), np.array(others)


def _on_grid(frame: pd.DataFrame, sought: Sought) -> np.ndarray:
    """Rows per event and day, 0 where there are none."""
    days = pd.date_range(sought.period.first, sought.period.last)
    wide = frame.pivot_table(
        index="event", columns="day", values="rows", aggfunc="sum", fill_value=0
    )
    return wide.reindex(index=list(sought.events), columns=days, fill_value=0).to_numpy(float)


def _examined(
    rest: EventLog,
    log: EventLog,
    label: tuple[str | None, str | None],
    stretch: Stretch,
    sought: Sought,
    others: np.ndarray,
) -> tuple[dict[str, object], pd.DataFrame] | None:
    """The gap as a row, or None when a step, the books or the rest of the log speak against it."""
    where = Where({label[0]: (label[1],)}) if label[0] else Where()
    steps = _on_grid(daily_rows(rest, sought.period, where=where), sought)
    rows, first, last = steps.sum(0), stretch.first, stretch.last
    pattern = weekday_pattern(rows[None, :], sought.weekday)[0]
    whole = shortfall(rows, pattern, first, last)
    per_step = [shortfall(s, pattern, first, last) for s in steps]
    if not _every_step(whole, per_step):
        return None
    ledger = books_of(sought, where)
    books = None if ledger is None else shortfall(ledger, pattern_of(ledger, sought), first, last)
    confirmed = confirmed_by(whole, books)
    if confirmed is False or (
        confirmed is None and not plausible(whole, others, stretch, sought, label)
    ):
        return None
    days = list(sought.period)
    low, high = whole.interval(sought.level)
    row: dict[str, object] = {
        "dimension": label[0],
        "value": label[1],
        "first": days[first],
        "last": days[last],
        "days": last - first + 1,
        "found": whole.found,
        "expected": whole.expected,
        "lost": whole.expected - whole.found,
        "low": low,
        "high": high,
        "share": whole.share,
        "step_low": min((s.share for s in per_step if s.expected > 0), default=float("nan")),
        "confirmed": confirmed,
        "p": min(stretch.p, 1.0),
    }
    row |= in_books(books, sought.level) | in_goal(sought, where, days[first], days[last])
    expected = np.where(
        (np.arange(len(rows)) < first) | (np.arange(len(rows)) > last), np.nan, pattern
    )
    expected = expected * (whole.expected / np.nansum(expected))
    series = {"day": pd.to_datetime(days), "found": rows, "expected": expected}
    return row, pd.DataFrame(series | {"books": np.nan if ledger is None else ledger})


def _every_step(whole: Shortfall, steps: list[Shortfall]) -> bool:
    """Whether every event is short in like measure, as far as its counts can tell."""
    known = [s for s in steps if s.expected >= 5]
    return all(
        s.share + 3 * s.share_error >= whole.share and s.share >= SAME_AT_EVERY_STEP * whole.share
        for s in known
    )
