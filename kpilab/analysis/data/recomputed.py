"""What every known definition of a metric would have reported, per day, week or month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
from ibis import _

from kpilab.core.case import Definition, Grain, Metric
from kpilab.engine.days import day_of, inside
from kpilab.engine.door.frames import frame, known
from kpilab.engine.door.values import day as a_day
from kpilab.engine.door.values import label, number
from kpilab.engine.expression import identifier, literal
from kpilab.engine.metrics import BUCKET, UNITS, Cut, measure
from kpilab.engine.run import collect

if TYPE_CHECKING:
    from kpilab.core.table import EventLog, Table
    from kpilab.core.values import Period
    from kpilab.engine.door.frames import Frame

FINER: tuple[Grain, ...] = ("day", "week", "month")
RECOMPUTED = {
    "day": ("day", a_day),
    "definition": ("definition", label),
    "value": ("value", number),
}


def candidates(
    declared: Sequence[Definition],
    tables: Mapping[str, Table],
    log: EventLog | None,
    recomputed: Frame | None,
    periods: list[Period],
    grain: Grain,
) -> pd.DataFrame:
    """Recomputed series, one column per definition;
    the index holds the first days of the reporting grain."""
    found: dict[str, pd.Series] = {}
    by_table: dict[tuple[str, Grain], set[str]] = {}
    for d in declared:
        per = d.per or grain
        # What is defined per month cannot be seen in figures per day.
        if d.measure and d.table and FINER.index(per) <= FINER.index(grain):
            by_table.setdefault((d.table, per), set()).add(d.measure)
    for (name, per), texts in sorted(by_table.items()):
        found |= _measured(tables[name], sorted(texts), periods, grain, per)
    if log is not None:
        found |= _measured(
            log, [t for t in _from_log(log, periods) if t not in found], periods, grain
        )
    if recomputed is not None:
        rows, _left = known(frame(recomputed, RECOMPUTED, "definitions(recomputed=)"), ["day"])
        rows = rows.assign(day=rows["day"].dt.to_period(UNITS[grain]).dt.start_time)
        # A period of which one value is missing is not known: its sum would be too small.
        sums = rows.groupby(["definition", "day"])["value"].sum(skipna=False).dropna()
        found |= {str(n): part.droplevel(0) for n, part in sums.groupby(level=0)}
    return pd.DataFrame(found)


def _measured(
    table: Table, texts: list[str], periods: list[Period], grain: Grain, per: Grain | None = None
) -> dict[str, pd.Series]:
    """Each measure per bucket of the reports; what is defined per finer bucket (daily users) is
    their mean in it."""
    metrics = [Metric(f"m{k}", table.name, measure=text) for k, text in enumerate(texts)]
    if not metrics:
        return {}
    rows = measure(table, metrics, {str(k): p for k, p in enumerate(periods)}, Cut(per or grain))
    sums = (
        rows.assign(day=pd.to_datetime(rows[BUCKET]))
        .groupby("day")[[m.name for m in metrics]]
        .sum()
    )
    if per is not None and per != grain:
        index = pd.DatetimeIndex(sums.index)
        sums = sums.groupby(index.to_period(UNITS[grain]).start_time).mean()
    return {text: sums[m.name] for text, m in zip(texts, metrics, strict=True)}


def _from_log(log: EventLog, periods: list[Period]) -> tuple[str, ...]:
    """Measures nobody needs to declare: distinct users and rows of every event, and of the log."""
    day = day_of(log.table, log.time)
    rows = log.table.filter(inside(day, periods[0]) | inside(day, periods[-1]))
    events = collect(
        rows.group_by(event=rows[log.event].cast("string")).agg(n=_.count()), "definitions"
    )
    names = events.sort_values("n", ascending=False)["event"].dropna().head(20)
    user, event = identifier(log.user), identifier(log.event)
    conditions = [f"filter (where {event} = {literal(str(n))})" for n in names]
    users = [f"count(distinct {user}) {c}" for c in conditions]
    return (*users, f"count(distinct {user})", *(f"count(*) {c}" for c in conditions))
