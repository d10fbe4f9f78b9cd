"""Response: how long from the alarm to somebody's answer, to its end, to its review?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import Incidents
from kpilab.core.values import Message, Period, fraction
from kpilab.engine.column import column
from kpilab.engine.days import day_of, inside
from kpilab.engine.door.values import label
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown
from kpilab.stats.operations.waiting import waiting
from kpilab.stats.proportion import wilson

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

STAGES = ("responded", "solved", "reviewed")
MOST_ALARMS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class ResponseResult(Result):
    """Answer of `response`.

    Attributes:
        table: one row per group (of `by`) and stage, slowest response first; columns of `by`,
            `stage` ("responded", "solved", "reviewed", each since the alarm), `alarms`, `done`,
            `share` (done of all, 0-1), `share_low`, `share_high` (Wilson), `minutes` (median,
            alarms still waiting counted in), `low`, `high`, `ninety` (minutes within which nine of
            ten are done). NaN where too few are done to tell.
        by: dimensions. level: confidence level.
    """

    by: tuple[str, ...]
    level: float
    kind: ClassVar[str] = "response"

    @property
    def headline(self) -> Message:
        first = self.table[self.table["stage"] == "responded"].iloc[0]
        name = " · ".join(str(first[b]) for b in self.by) or None
        reviewed = self.table[self.table["stage"] == "reviewed"]
        share = float(reviewed["done"].sum() / reviewed["alarms"].sum()) if len(reviewed) else None
        values = {"name": name, "minutes": float(first["minutes"]), "alarms": int(first["alarms"])}
        return Message("response.slowest" if name else "response.all", values | {"reviewed": share})


def response(
    incidents: Incidents | Tabular,
    *,
    by: Sequence[str] = (),
    period: Period | None = None,
    level: float = 0.95,
) -> ResponseResult:
    """Times from alarm to response, solution and review, by machine, kind of alarm, or crew.

    An alarm nobody answered yet counts as waiting until the last moment of the log (Kaplan-Meier):
    leaving it out would make those look fastest who leave most alarms alone.

    Args:
        incidents: one row per alarm. by: columns. period: days of the alarms. level: confidence
            level.

    Returns:
        ResponseResult, one row per group and stage.

    Raises:
        BadInput: an unknown column, no alarms, or a response before its alarm.
    """
    fraction(level, "response(level=)")
    incidents = Incidents.of(incidents)
    for name in by:
        if name not in incidents.table.columns:
            raise unknown("column", name, incidents.table.columns, f"table {incidents.name!r}")
    rows = _rows(incidents, by, period)
    rows = rows.assign(**{b: label(rows[b], f"response(by=), column {b!r}") for b in by})
    stages = [s for s in STAGES if s in rows]
    until = rows[["start", *stages]].max().max()
    parts = []
    for key, group in rows.groupby(list(by)) if by else [((), rows)]:
        names = dict(zip(by, key, strict=True))
        parts += [names | _stage(group, stage, until, level) for stage in stages]
    table = pd.DataFrame(parts)
    slow = table[table["stage"] == "responded"].sort_values("minutes", ascending=False)
    if by:
        table = slow[list(by)].merge(table, on=list(by), how="left")
    return ResponseResult(table.reset_index(drop=True), tuple(by), level)


def _rows(incidents: Incidents, by: Sequence[str], period: Period | None) -> pd.DataFrame:
    rows = incidents.table
    if period is not None:
        rows = rows.filter(inside(day_of(rows, incidents.time), period))

    def at(name: str) -> Any:
        return column(rows, name).cast("timestamp")

    stages = {s: at(str(getattr(incidents, s))) for s in STAGES if getattr(incidents, s)}
    chosen = rows.select(**{b: rows[b] for b in by}, start=at(incidents.time), **stages)
    found = collect(chosen, "response", MOST_ALARMS)
    if found.empty:
        raise BadInput("no alarms", f"table {incidents.name!r}", "check the period")
    early = sum(int((found[s] < found["start"]).sum()) for s in stages)
    if early:
        raise BadInput(
            f"{early} alarms have a response, solution or review before the alarm itself",
            f"table {incidents.name!r}",
            "check the clocks, or which column is which",
        )
    return found


def _stage(group: pd.DataFrame, stage: str, until: pd.Timestamp, level: float) -> dict[str, object]:
    done = group[stage].notna()
    minutes = (group[stage].fillna(until) - group["start"]).dt.total_seconds() / 60
    middle, low, high = waiting(minutes, done, 0.5, level)
    ends = wilson(done.sum(), len(group), level)
    row: dict[str, object] = {
        "stage": stage,
        "alarms": len(group),
        "done": int(done.sum()),
        "share": float(done.mean()),
    }
    row |= {
        "share_low": float(ends[0]),
        "share_high": float(ends[1]),
        "minutes": middle,
        "low": low,
        "high": high,
    }
    return row | {"ninety": waiting(minutes, done, 0.9, level)[0]}
