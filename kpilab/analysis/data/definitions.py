"""Definitions: does every department count the same metric in the same way, and who changed how,
when?"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from ibis import _

from kpilab.analysis.data.recomputed import candidates
from kpilab.core.case import Definition, Grain
from kpilab.core.result import Result
from kpilab.core.table import EventLog, Reports
from kpilab.core.values import Message, fraction
from kpilab.engine.days import day_of, inside
from kpilab.engine.metrics import UNITS
from kpilab.engine.run import collect
from kpilab.errors import unknown
from kpilab.stats.data.shift import Shift, level_shift, shift_at

if TYPE_CHECKING:
    from datetime import date

    from kpilab.core.table import Table
    from kpilab.core.values import Period
    from kpilab.engine.door.frames import Frame
    from kpilab.engine.door.tables import Tabular

ALPHA, LEAST_JUMP, REPRODUCED = 0.01, 0.02, 0.04
COLUMNS = [
    *(
        "metric",
        "reporter",
        "ratio_before",
        "ratio_after",
        "since",
        "jump",
        "low",
        "high",
        "p",
        "jumped",
    ),
    *("definition_before", "error_before", "definition_after", "error_after"),
    *("declared_before", "declared_after", "declared"),
]


@dataclass(frozen=True, slots=True, eq=False)
class DefinitionsResult(Result):
    """Answer of `definitions`.

    Attributes:
        table: one row per metric with two or more reporters, and reporter; columns `metric`,
            `reporter`, `ratio_before`, `ratio_after` (level against the other reporters; equal when
            nothing broke), `since` (first day of the new level; None without a break), `jump`
            (share by which the level changed), `low`, `high` (its interval), `p` (corrected for the
            search over days and metrics), `jumped` (bool: this reporter, not the others),
            `definition_before`, `definition_after` (the one that reproduces the report; None if
            none does), `error_before`, `error_after` (its median relative error),
            `declared_before`, `declared_after` (text of what the reporter declares), `declared`
            (bool: a declared change of measure explains the jump).
        series: per metric, reporter and day: `value`, `ratio` to the other reporters.
        level: confidence level of the intervals.
    """

    series: pd.DataFrame
    level: float
    kind: ClassVar[str] = "definitions"

    @property
    def headline(self) -> Message:
        jumped = self.table[self.table["jumped"]]
        if jumped.empty:
            return Message("definitions.same", {"metrics": int(self.table["metric"].nunique())})
        row = jumped.iloc[0]
        values = {
            k: row[k]
            for k in ("metric", "reporter", "since", "definition_before", "definition_after")
        }
        values |= {k: float(row[k]) for k in ("jump", "low", "high")}
        changed = (
            row["definition_after"] is not None
            and row["definition_after"] != row["definition_before"]
        )
        return Message("definitions.changed" if changed else "definitions.jumped", values)


def definitions(
    reports: Reports | Tabular,
    *,
    baseline: Period,
    current: Period,
    declared: Sequence[Definition] = (),
    tables: Mapping[str, Table] | None = None,
    log: EventLog | Tabular | None = None,
    recomputed: Frame | None = None,
    level: float = 0.95,
) -> DefinitionsResult:
    """Compare what departments report under one name, and find who changed the way of counting.

    The ratio of each report to the others' median is searched for one jump over both periods.
    Definitions are recomputed: the declared measures, and from `log` the daily distinct users and
    rows of every event. One reproduces a report when the median relative error is below 4 %. The
    reporter that jumped is the one that leaves its own definition; where none is reproduced, the
    one whose own level moved more. What is declared may be incomplete or merely reworded: only
    figures decide.

    Args:
        reports: figures per day (or week, or month), reporter and metric.
        baseline, current: the periods; days of both are read.
        declared: what reporters say, with SQL measures.
        tables: name -> table, for the measures in `declared`.
        log: events, for definitions nobody declared.
        recomputed: further candidates: columns `day`, `definition`, `value`.
        level: confidence level, 0 < level < 1.

    Returns:
        DefinitionsResult; empty when no metric has two reporters.

    Raises:
        BadInput: a declared measure on an unknown table, or `recomputed` without its columns.
    """
    fraction(level, "definitions(level=)")
    reports = Reports.of(reports)
    log = None if log is None else EventLog.of(log)
    _check(declared, tables or {})
    frame = _reported(reports, baseline, current)
    grain = _grain(frame)
    whole = [baseline, current]
    known = candidates(declared, tables or {}, log, recomputed, whole, grain)
    frame["day"] = frame["day"].dt.to_period(UNITS[grain]).dt.start_time
    shared = [
        (m, wide)
        for m, part in frame.groupby("metric")
        if (wide := _side_by_side(part)) is not None
    ]
    rows, series = [], []
    for metric, wide in shared:
        ratios = _ratios(wide)
        found = _of_metric(str(metric), wide, ratios, known, declared, len(shared), level)
        rows += found
        series.append(_long(str(metric), wide, ratios))
    table = pd.DataFrame(rows, columns=COLUMNS).sort_values(
        ["jumped", "p"], ascending=[False, True], ignore_index=True
    )
    long = (
        pd.concat(series, ignore_index=True)
        if series
        else _long("", pd.DataFrame(), pd.DataFrame())
    )
    notes = () if shared else (Message("definitions.single"),)
    return DefinitionsResult(table, long, level, notes=notes)


def _check(declared: Sequence[Definition], tables: Mapping[str, Table]) -> None:
    for definition in declared:
        if definition.measure and definition.table not in tables:
            raise unknown("table", definition.table, tables, f"definition of {definition.metric!r}")


def _reported(reports: Reports, baseline: Period, current: Period) -> pd.DataFrame:
    table = reports.table
    day = day_of(table, reports.time)
    rows = table.filter(inside(day, baseline) | inside(day, current)).select(
        day=day,
        reporter=table[reports.reporter].cast("string"),
        metric=table[reports.metric].cast("string"),
        value=table[reports.value].cast("float64"),
    )
    frame = collect(
        rows.group_by(["day", "reporter", "metric"]).agg(value=_.value.sum()), "definitions"
    )
    frame["day"] = pd.to_datetime(frame["day"])
    return frame.dropna().sort_values("day", ignore_index=True)


def _side_by_side(reported: pd.DataFrame) -> pd.DataFrame | None:
    """A metric's reporters on the days all of them report something;
    None where fewer than two ever do."""
    wide = reported.pivot_table(
        index="day", columns="reporter", values="value", aggfunc="sum"
    ).dropna()
    wide = wide[(wide > 0).all(axis=1)]
    return wide if wide.shape[1] > 1 and len(wide) else None


def _grain(frame: pd.DataFrame) -> Grain:
    """How often figures are reported."""
    steps = [
        s
        for _key, g in frame.groupby(["metric", "reporter"])
        for s in np.diff(np.sort(g["day"].unique()))
    ]
    if not steps:
        return "day"
    days = float(np.median(np.array(steps) / np.timedelta64(1, "D")))
    return "day" if days < 4 else "week" if days < 20 else "month"


def _logs(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        np.log(frame.to_numpy(dtype=float)), index=frame.index, columns=frame.columns
    )


def _ratios(wide: pd.DataFrame) -> pd.DataFrame:
    """Each report against the median of the others, in logs."""
    logs = _logs(wide)
    return pd.DataFrame({r: logs[r] - logs.drop(columns=r).median(axis=1) for r in wide.columns})


def _of_metric(
    metric: str,
    wide: pd.DataFrame,
    ratios: pd.DataFrame,
    candidates: pd.DataFrame,
    declared: Sequence[Definition],
    metrics: int,
    level: float,
) -> list[dict[str, object]]:
    """One row per reporter of a metric."""
    shifts = {r: level_shift(ratios[r].to_numpy(), level) for r in wide.columns}
    tested = {r: s for r, s in shifts.items() if s is not None}
    best = min(tested.values(), key=lambda s: s.p, default=None)
    broke = (
        best is not None and best.p * metrics <= ALPHA and abs(np.expm1(best.size)) >= LEAST_JUMP
    )
    at = best.at if best is not None and broke else len(wide)
    fits = {
        r: (_fit(wide[r], candidates, slice(0, at)), _fit(wide[r], candidates, slice(at, None)))
        for r in wide
    }
    jumped = (
        _jumped(wide, ratios, candidates, fits, best, level)
        if best is not None and broke
        else set()
    )
    rows = []
    for reporter in wide.columns:
        shift = shift_at(ratios[reporter].to_numpy(), at, level) if broke else None
        since = wide.index[at].date() if broke else None
        mine = [d for d in declared if d.metric == metric and d.reporter == reporter]
        row = _row(shift, fits[reporter], mine, since, wide.index)
        row |= {"metric": metric, "reporter": reporter, "jumped": reporter in jumped}
        row |= {"p": min(best.p * metrics, 1.0) if best is not None else float("nan")}
        if shift is None:
            row["ratio_before"] = row["ratio_after"] = float(np.exp(ratios[reporter].mean()))
        row["declared"] = bool(row["jumped"] and row["declared"])
        rows.append(row)
    return rows


def _fit(report: pd.Series, candidates: pd.DataFrame, part: slice) -> tuple[str | None, float]:
    """The definition that reproduces a part of a report best, and its median relative error."""
    days = report.iloc[part]
    if candidates.empty or len(days) == 0:
        return None, float("nan")
    recomputed = candidates.reindex(days.index)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = _logs(recomputed.div(days, axis=0)).abs().median()
    errors = errors[np.isfinite(errors)]
    if errors.empty:
        return None, float("nan")
    name = str(errors.idxmin())
    return (name if errors[name] <= REPRODUCED else None), float(errors[name])


def _jumped(
    wide: pd.DataFrame,
    ratios: pd.DataFrame,
    candidates: pd.DataFrame,
    fits: Mapping[Hashable, tuple[tuple[str | None, float], tuple[str | None, float]]],
    best: Shift,
    level: float,
) -> set[Hashable]:
    """Reporters that left their own definition at the break; failing that,
    the one whose level moved most."""
    moved: dict[Hashable, float] = {}
    for reporter in wide.columns:
        before = fits[reporter][0][0]
        if before is not None:
            against = wide[reporter] / candidates[before].reindex(wide.index)
            moved[reporter] = abs(shift_at(np.log(against.to_numpy()), best.at, level).size)
    if len(moved) < len(wide.columns) and len(wide.columns) > 2:
        moved = {r: abs(shift_at(ratios[r].to_numpy(), best.at, level).size) for r in wide.columns}
    elif len(moved) < len(wide.columns):
        near = slice(max(best.at - 14, 0), best.at + 14)
        logs = _logs(wide).iloc[near]
        moved = {
            r: abs(shift_at(logs[r].to_numpy(), best.at - near.start, level).size)
            for r in wide.columns
        }
    most = max(moved.values())
    return {r for r, size in moved.items() if size >= max(most / 2, LEAST_JUMP)}


def _row(
    shift: Shift | None,
    fits: tuple[tuple[str | None, float], tuple[str | None, float]],
    mine: Sequence[Definition],
    since: date | None,
    days: pd.DatetimeIndex | pd.Index,
) -> dict[str, object]:
    (before, error_before), (after, error_after) = fits if since is not None else (fits[0], fits[0])
    old = _in_force(mine, days[0].date())
    new = _in_force(mine, since or days[-1].date())
    nothing = float("nan")
    return {
        "ratio_before": float(np.exp(shift.before)) if shift else nothing,
        "ratio_after": float(np.exp(shift.after)) if shift else nothing,
        "since": since,
        "jump": float(np.expm1(shift.size)) if shift else 0.0,
        "low": float(np.expm1(shift.low)) if shift else nothing,
        "high": float(np.expm1(shift.high)) if shift else nothing,
        "definition_before": before,
        "error_before": error_before,
        "definition_after": after,
        "error_after": error_after,
        "declared_before": old.text if old else None,
        "declared_after": new.text if new else None,
        "declared": old is not None and new is not None and old.measure != new.measure,
    }


def _in_force(mine: Sequence[Definition], day: date) -> Definition | None:
    """The declaration that holds on a day."""
    return max(
        (d for d in mine if d.since is None or d.since <= day),
        key=lambda d: str(d.since or ""),
        default=None,
    )


def _long(metric: str, wide: pd.DataFrame, ratios: pd.DataFrame) -> pd.DataFrame:
    if wide.empty:
        return pd.DataFrame(columns=["day", "reporter", "value", "ratio", "metric"])
    values = (
        wide.rename_axis(index="day")
        .reset_index()
        .melt("day", var_name="reporter", value_name="value")
    )
    levels = (
        ratios.apply(np.exp)
        .rename_axis(index="day")
        .reset_index()
        .melt("day", var_name="reporter", value_name="ratio")
    )
    return values.merge(levels, on=["day", "reporter"]).assign(metric=metric)
