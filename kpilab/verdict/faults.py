"""Faults of the data as the review lists them: table, column, segment, days, rows,
and what they do to the goal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kpilab.analysis.data.missing_rows import MissingRowsResult
from kpilab.analysis.data.outages import OutagesResult, outages
from kpilab.analysis.data.quality import QualityResult, quality
from kpilab.core.case import Case, Metric
from kpilab.core.finding import DataIssue, Finding
from kpilab.core.table import EventLog, Executions, Table
from kpilab.core.values import Effect, Message, Period, Where
from kpilab.engine.lineage import sources

MOST_AMOUNTS = 6


def examined(
    case: Case, name: str, table: Table, period: Period
) -> tuple[Finding, list[DataIssue]]:
    """What the check of a table found, as a finding and as issues."""
    goal = goal_on(case, name)
    result = quality(
        table,
        period=period,
        ranges={table.quantity: (0.0, None)} if isinstance(table, Executions) else {},
        unique=[table.record] if isinstance(table, Executions) and table.record else (),
        amounts=_amounts(case, name, table),
        goal=goal,
        current=case.current,
    )
    verdict = "fine" if result.table.empty else "unclear"
    finding = Finding(
        "",
        "trust",
        verdict,
        result.headline,
        subject=name,
        strength="described",
        evidence=(result,),
    )
    return finding, _issues(name, result, goal)


def silent_hours(name: str, log: EventLog, period: Period) -> tuple[Finding, list[DataIssue]]:
    """Hours in which the log lost rows, as a finding and as issues."""
    result = outages(log, period=period)
    row = {} if result.table.empty else result.table.iloc[0].to_dict()
    finding = Finding(
        "",
        "trust",
        "unclear" if row else "fine",
        result.headline,
        subject=name,
        where=place(row) if row else Where(),
        period=_days(row) if row else None,
        p=float(row["p"]) if row else None,
        strength="tested",
        evidence=(result,),
    )
    return finding, _hours(name, result)


def place(row: Mapping[Any, Any]) -> Where:
    """The segment of a row with `dimension` and `value`."""
    return Where.of(row["dimension"], row["value"])


def goal_on(case: Case, name: str) -> Metric | None:
    """The goal as this table measures it: the goal itself, or its partner of `reconcile`;
    None if it does not."""
    goal = case.metrics[case.goal.metric]
    if goal.table == name:
        return goal
    partners = [
        case.metrics[b if a == goal.name else a] for a, b in case.reconcile if goal.name in (a, b)
    ]
    return next((m for m in partners if m.table == name), None)


def lost_rows(name: str, result: MissingRowsResult, goal: str) -> list[DataIssue]:
    """One issue per gap, with what the goal lost in the log."""
    found = []
    for row in result.table.to_dict("records"):
        said, effect = Message("trust.rows_lost", _rows_lost(name, row)), _lost(row, goal)
        if effect is not None:
            said = Message("trust.lost_effect", {"said": said, "goal": goal} | _positive(effect))
        rows = round(float(row["lost"]))
        found.append(
            DataIssue(name, said, where=place(row), period=_days(row), rows=rows, effect=effect)
        )
    return found


def _issues(name: str, result: QualityResult, goal: Metric | None) -> list[DataIssue]:
    found = []
    for row, said in zip(result.table.to_dict("records"), result.statements, strict=True):
        where = place(row)
        period = (
            None
            if pd.isna(row["first"]) or pd.isna(row["last"])
            else Period(row["first"], row["last"])
        )
        known = goal is not None and not pd.isna(row["effect"])
        effect = (
            Effect(row["effect"], row["low"], row["high"], goal.name)
            if goal is not None and known
            else None
        )
        if row["check"] in ("stale", "trickle") and effect is not None:
            said = Message(
                "trust.lost_effect", {"said": said, "goal": effect.unit} | _positive(effect)
            )
        else:
            values = {
                "said": said,
                "where": where or None,
                "period": period,
                "goal": effect.unit if effect else None,
            }
            held = effect is not None and (effect.value, effect.low, effect.high) != (0.0, 0.0, 0.0)
            values |= (
                {"effect": effect.value, "low": effect.low, "high": effect.high}
                if effect and held
                else {}
            )
            said = Message("trust.fault", values)
        found.append(DataIssue(name, said, row["column"], where, period, int(row["rows"]), effect))
    return found


def _hours(name: str, result: OutagesResult) -> list[DataIssue]:
    found = []
    for row in result.table.to_dict("records"):
        values = {"hours": int(row["hours"]), "first": str(row["first"])[:16]}
        said = Message("trust.hours_lost", _rows_lost(name, row) | values)
        found.append(
            DataIssue(
                name, said, where=place(row), period=_days(row), rows=round(float(row["lost"]))
            )
        )
    return found


def _rows_lost(name: str, row: Mapping[Any, Any]) -> dict[str, object]:
    return {
        "table": name,
        "where": place(row),
        "rows": float(row["lost"]),
        "low": row["low"],
        "high": row["high"],
    }


def _lost(row: Mapping[Any, Any], goal: str) -> Effect | None:
    if pd.isna(row["goal_lost"]):
        return None
    return Effect(-row["goal_lost"], -row["goal_high"], -row["goal_low"], goal)


def _positive(effect: Effect) -> dict[str, float | None]:
    """A loss as an amount missing."""
    ends = [None if e is None else -e for e in (effect.high, effect.low)]
    return {"lost": -effect.value, "low": ends[0], "high": ends[1]}


def _days(row: Mapping[Any, Any]) -> Period:
    first, last = (pd.Timestamp(row[k]).date() for k in ("first", "last"))
    return Period(first, last)


def _amounts(case: Case, name: str, table: Table) -> list[str]:
    """Numbers of the table that a metric of the case reads."""
    read = [c for m in case.metrics.values() if m.table == name for c in sources(m)]
    types = table.table.schema()
    return [c for c in dict.fromkeys(read) if c in types and types[c].is_numeric()][:MOST_AMOUNTS]
