"""Pace: is each store or clerk on the way to the target, and where will the period end?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Message, Period, Where
from kpilab.engine.column import marked
from kpilab.engine.daily import Measured
from kpilab.engine.door.frames import numbers
from kpilab.engine.door.values import label, names
from kpilab.engine.holes import holes
from kpilab.engine.metrics import BUCKET, Cut, measure
from kpilab.errors import BadInput, unknown
from kpilab.stats.core.pattern import factors
from kpilab.stats.operations.pace import elapsed, end

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Values

SURE = 0.8
HISTORY = 180


@dataclass(frozen=True, slots=True, eq=False)
class PaceResult(Result):
    """Answer of `pace`.

    Attributes:
        table: one row per unit, least likely to reach its target first; columns `unit`, `target`,
            `value` (so far), `due` (what should be there by now, weekdays counted), `pace` (value /
            due), `end` (expected at the end of the period), `low`, `high` (80 % interval), `chance`
            (of reaching the target), `standing` ("ahead" from a chance of .8 on, "behind" up to .2,
            else "open"; "reached" or "missed" once the period is over).
        until: last day looked at. period: of the target.
    """

    until: date
    period: Period
    kind: ClassVar[str] = "pace"

    @property
    def headline(self) -> Message:
        counts = self.table["standing"].value_counts()
        values: dict[str, object] = {
            k: int(counts.get(k, 0)) for k in ("ahead", "open", "behind", "reached", "missed")
        }
        values |= {"units": len(self.table), "day": self.until}
        return Message("pace.over" if self.until >= self.period.last else "pace.standing", values)


def pace(
    measured: Measured,
    target: Values,
    *,
    by: str,
    period: Period,
    until: date | None = None,
    where: Where = EVERYWHERE,
) -> PaceResult:
    """Results so far against what is due by now, and the expected end, per store or clerk.

    The expected end is what is there plus a forecast without change of the days that are left, with
    an interval that has proved itself on the unit's own past (80 %).

    Args:
        measured: a total that adds up, and its table. target: unit -> target of the period. by: the
            unit's column.
        period: of the target. until: last day looked at, for a look back; None for all data. where:
            a segment.

    Returns:
        PaceResult, one row per unit with a target.

    Raises:
        BadInput: an unknown column or unit, no target or one that is missing, a ratio, or no data
            in the period.

    Note:
        A day whose value is missing is not counted as zero, but it is not in the results so far
        either; a note counts such days. Rows without a unit's name belong to the unit "(missing)".
    """
    known = measured.table.table.columns
    if by not in known:
        raise unknown("column", by, known, f"table {measured.table.name!r}")
    if measured.metric.is_ratio or measured.metric.per is not None:
        raise BadInput(
            f"{measured.metric.name!r} does not add up", "pace(measured)", "give it a total"
        )
    goals = numbers(target, "pace(target)", names(target))
    if not goals:
        raise BadInput("no targets", "pace(target)", "give the target of at least one unit")
    last = min(until or period.last, period.last)
    first = pd.Timestamp(period.first) - pd.Timedelta(HISTORY, "D")
    rows = measure(
        measured.table,
        [measured.metric],
        {"all": Period(first.date(), last)},
        Cut("day", (by,), where),
    )
    columns = {
        "day": pd.to_datetime(rows[BUCKET]),
        "unit": label(rows[marked(by)], f"pace(by=), column {by!r}"),
    }
    rows = pd.DataFrame({**columns, "value": rows[measured.metric.name]})
    if rows.empty or rows["day"].max() < pd.Timestamp(period.first):
        raise BadInput(
            f"no data in {period}", "pace(period=)", "choose the period the data reach into"
        )
    days = pd.date_range(rows["day"].min(), rows["day"].max(), freq="D")
    # Of a total, a day without rows is 0; a day whose value is missing stays missing.
    series = rows.pivot(index="day", columns="unit", values="value").reindex(days)
    there = (
        rows.assign(value=True)
        .pivot(index="day", columns="unit", values="value")
        .reindex(days)
        .notna()
    )
    series = series.where(there, 0.0).astype(float)
    for name in goals:
        if name not in series:
            raise unknown(by, name, series.columns, "pace(target)")
    table = pd.DataFrame([_row(name, goal, series[name], period) for name, goal in goals.items()])
    table = table.sort_values(["chance", "pace"], ignore_index=True)
    missing = int(
        series.loc[series.index >= pd.Timestamp(period.first), list(goals)].isna().to_numpy().sum()
    )
    notes = (Message("pace.missing", {"days": missing}),) if missing else ()
    notes += holes(measured.table, measured.metric, Period(period.first, last), where)
    return PaceResult(table, days[-1].date(), period, notes=notes)


def _row(name: str, target: float, series: pd.Series, period: Period) -> dict[str, object]:
    now = series[series.index >= pd.Timestamp(period.first)]
    planned = pd.date_range(period.first, period.last, freq="D")
    usual = factors(series, pd.DatetimeIndex(series.index).dayofweek.to_numpy(), least=0)
    due = target * elapsed(usual[planned.dayofweek], len(now))
    value = float(now.sum())
    found = end(series, value, len(now), len(planned), target=target, season=7)
    row: dict[str, object] = {"unit": name, "target": target, "value": value, "due": due}
    row |= {"pace": value / due if due > 0 else float("nan")}
    missing = float("nan")
    ends = (missing, missing, missing) if found is None else (found.value, found.low, found.high)
    chance = missing if found is None or found.chance is None else found.chance
    row |= dict(zip(("end", "low", "high"), ends, strict=True)) | {"chance": chance}
    return row | {"standing": _standing(value >= target, chance, len(now) >= len(planned))}


def _standing(reached: bool, chance: float, over: bool) -> str:
    if over:
        return "reached" if reached else "missed"
    return "ahead" if chance >= SURE else "behind" if chance <= 1 - SURE else "open"
