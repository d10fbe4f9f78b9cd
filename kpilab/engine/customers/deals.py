"""How long deals stay in a stage and what becomes of them, by window and segment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from kpilab.engine.column import own
from kpilab.engine.customers.windows import EPOCH, US_A_DAY, Windows
from kpilab.engine.dialect import engine_name, microseconds
from kpilab.engine.door.labels import label
from kpilab.engine.run import collect, collect_one

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import EventLog

# Days in a stage: deals are compared with those that stood there as long.
AGES = (0, 1, 2, 4, 7, 11, 16, 22, 30, 45, 60, 90, 150)
FOREVER = 1_000_000
UNIT, STAGE, SINCE, UNTIL, NEXT = (own(n) for n in ("unit", "stage", "since", "until", "next"))


def spells(
    log: EventLog, stages: Sequence[str], current: Windows, by: Sequence[str]
) -> tuple[ir.Table, dict[str, str]]:
    """Expression: one row per deal and stage with when it came there, when it left and where to.

    The first time in a stage counts; an event that is no stage ends the deal. What happens after
    the current period is not known.
    """
    columns = {d: own(f"by{k}") for k, d in enumerate(by)}
    rows: Any = log.table
    end = ibis.timestamp(str(current.current.last + timedelta(days=1)))
    rows = rows.filter(rows[log.time] < end, rows[log.user].notnull(), rows[log.event].notnull())
    named = {c: label(rows[d]) for d, c in columns.items()}
    at = (
        microseconds(rows[log.time].cast("timestamp"), engine_name(rows)).cast("float64") / US_A_DAY
    )
    stage = rows[log.event].cast("string")
    rank = ibis.cases(*[(stage == s, k) for k, s in enumerate(stages)], else_=len(stages))
    rows = rows.select(**{UNIT: rows[log.user], STAGE: stage, SINCE: at}, rank=rank, **named)
    first = rows.group_by([UNIT, STAGE, "rank"]).agg(
        **{SINCE: rows[SINCE].min()}, **{c: rows[c].min() for c in named}
    )
    order = {"group_by": UNIT, "order_by": [SINCE, "rank"]}
    first = first.mutate(
        **{NEXT: first[STAGE].lead().over(**order), UNTIL: first[SINCE].lead().over(**order)}
    )
    return first.filter(first["rank"] < len(stages) - 1), columns


def flow(log: EventLog, stages: Sequence[str], windows: Windows, by: Sequence[str]) -> pd.DataFrame:
    """One row per window, stage, days in it and segment: `exposure` (days that deals stood there),
    `exits` (that left it), `advances` (for a later stage)."""
    found, columns = spells(log, stages, windows, by)
    stood: Any = found.cache()
    span = collect_one(stood.agg(first=stood[SINCE].min()), "pipeline")["first"]
    if span is None or span != span:
        return pd.DataFrame()
    earliest = windows.back_to((pd.Timestamp(0) + pd.Timedelta(days=float(span))).date())
    each, last = _beside(stood, windows, earliest), float(_day(windows.current.last) + 1)
    lower: Any = ibis.greatest(each[SINCE] + each.young, each.begin)
    left = each[UNTIL].fill_null(last)
    upper: Any = ibis.least(each[SINCE] + each.old, each.end, left)
    each = each.mutate(exposure=upper - lower, exits=(upper == left) & each[UNTIL].notnull())
    # Who comes and goes at one moment has left without standing there.
    at_once = (each[UNTIL] == each[SINCE]) & (each.young == 0) & (each[SINCE] >= each.begin)
    each = each.filter((each.exposure > 0) | (at_once & (each[SINCE] < each.end)))
    later = each[NEXT].isin(list(stages))
    grouped = each.group_by(["window", STAGE, "young", *columns.values()]).agg(
        exposure=(each.exposure > 0).ifelse(each.exposure, 0.0).sum(),
        exits=each.exits.cast("int64").sum(),
        advances=(each.exits & later).cast("int64").sum(),
    )  # fmt: skip
    names = {c: d for d, c in columns.items()} | {STAGE: "stage"}
    return collect(grouped, "pipeline").rename(columns=names)


def _beside(stood: Any, windows: Windows, earliest: int) -> Any:
    """Each stay beside every window (`begin`, `end`) and every part of its age (`young`, `old`)."""
    known = [(k, windows.period(k)) for k in range(earliest, 1)]
    each = stood.mutate(window=ibis.array([k for k, _ in known]).unnest())
    each = each.mutate(
        window=each.window.cast("int64"),
        begin=_case(each.window, [(k, _day(p.first)) for k, p in known]),
        end=_case(each.window, [(k, _day(p.last) + 1) for k, p in known]),
    )
    each = each.filter((each[SINCE] < each.end) & (each[UNTIL].fill_null(FOREVER) >= each.begin))
    each = each.mutate(young=ibis.array(list(AGES)).unnest())
    old = _case(each.young, list(zip(AGES, [*AGES[1:], FOREVER], strict=True)))
    return each.mutate(young=each.young.cast("int64"), old=old)


def _case(column: Any, values: list[tuple[int, int]]) -> Any:
    return ibis.cases(*[(column == k, float(v)) for k, v in values])


def _day(day: date) -> int:
    """Days since 1970."""
    return (day - EPOCH).days
