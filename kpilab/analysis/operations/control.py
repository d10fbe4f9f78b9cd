"""Control: which days are out of the ordinary, in all or per machine, store or channel?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Message, Period, Where, fraction
from kpilab.engine.column import marked, own
from kpilab.engine.daily import Measured
from kpilab.engine.door.dimensions import called
from kpilab.engine.door.values import label
from kpilab.engine.holes import holes
from kpilab.engine.metrics import BUCKET, Cut, measure
from kpilab.errors import BadInput, unknown
from kpilab.stats.core.pattern import WEEK, factors
from kpilab.stats.operations.control import LEAST, USUAL, individuals, rates


@dataclass(frozen=True, slots=True, eq=False)
class ControlResult(Result):
    """Answer of `control`.

    Attributes:
        table: one row per day (and unit); columns of `by`, `day`, `value`, `centre` (what was to be
            expected), `low`, `high` (limits), `outside` (bool), `judged` (False for the days the
            limits were set on).
        by: dimensions. metric: its name. false_alarms: chance per point.
        left_out: units with too few days for a chart.
    """

    by: tuple[str, ...]
    metric: str
    false_alarms: float
    left_out: tuple[str, ...]
    kind: ClassVar[str] = "control"

    @property
    def headline(self) -> Message:
        out = self.table[self.table["outside"]]
        values = {"metric": self.metric, "points": len(self.table), "outside": len(out)}
        values["chance"] = round(self.false_alarms * len(self.table), 1)
        if out.empty:
            return Message("control.quiet", values)
        # Where nothing varied before, whatever does is infinitely far.
        span = (out["high"] - out["low"]).clip(lower=np.finfo(float).tiny)
        with np.errstate(over="ignore"):
            far = ((out["value"] - out["centre"]).abs() / span).to_numpy(float)
        row = out.iloc[int(np.argmax(far))]
        name = " · ".join(str(row[b]) for b in self.by) or None
        return Message(
            "control.outside",
            values | {"name": name, "day": row["day"], "value": float(row["value"])},
        )


def control(
    measured: Measured,
    *,
    period: Period,
    known: Period | None = None,
    by: Sequence[str] = (),
    where: Where = EVERYWHERE,
    weekly: bool = True,
    false_alarms: float = USUAL,
) -> ControlResult:
    """Chart a metric per day with limits that keep their false-alarm rate.

    Totals, averages and ratios beyond 1 are charted as individuals, rates by Laney's p′; in both,
    what yesterday tells about today is counted in, and (from four weeks on) the usual level of the
    weekday. A day without rows is a gap, not a zero.

    Args:
        measured: metric and table. period: days charted.
        known: days on which the limits are set; all days if None. by: one chart per combination.
            where: a segment.
        weekly: take the weekday pattern out. false_alarms: chance of a false alarm per point.

    Returns:
        ControlResult, one row per day and unit.

    Raises:
        BadInput: an unknown column, a metric without a daily value, or too few days everywhere.

    Note:
        Rows without a value are left out; a note counts them.
        With many charts some points are outside by chance alone: the headline says how many to
            expect.
    """
    fraction(false_alarms, "control(false_alarms=)")
    table, metric = measured.table, measured.metric
    for name in by:
        if name not in table.table.columns:
            raise unknown("column", name, table.table.columns, f"table {table.name!r}")
    if metric.per not in (None, "day"):
        raise BadInput(
            f"{metric.name!r} has no daily value",
            "control(measured)",
            "choose a metric that has one",
        )
    rows = measure(table, [metric], {"all": period}, Cut("day", tuple(by), where))
    cells = [label(rows[marked(b)], f"control(by=), column {b!r}") for b in by]
    rows = rows.assign(day=pd.to_datetime(rows[BUCKET])).sort_values("day")
    parts, left_out = [], []
    ours = {own(f"by{k}"): b for k, b in enumerate(by)}
    for key, group in rows.groupby(cells) if by else [((), rows)] if len(rows) else []:
        names: dict[str, Any] = dict(zip(ours, key, strict=True))
        try:
            parts.append(
                _chart(group, measured, known or period, weekly, false_alarms).assign(**names)
            )
        except BadInput:
            left_out.append(" · ".join(str(n) for n in names.values()))
    if not parts:
        raise BadInput(
            f"no series with {LEAST} days",
            "control(period=)",
            "choose a longer period or fewer dimensions",
        )
    columns = [*ours, "day", "value", "centre", "low", "high", "outside", "judged"]
    found = called(pd.concat(parts, ignore_index=True)[columns], ours)
    names, notes = tuple(found.columns[: len(ours)]), holes(table, metric, period, where)
    return ControlResult(found, names, metric.name, false_alarms, tuple(left_out), notes=notes)


def _chart(
    group: pd.DataFrame, measured: Measured, known: Period, weekly: bool, false_alarms: float
) -> pd.DataFrame:
    name = measured.metric.name
    days = pd.date_range(group["day"].iloc[0], group["day"].iloc[-1], freq="D")
    rows = group.set_index("day")[[f"{name}:num", f"{name}:den"]].reindex(days)
    num, den = (rows[c].to_numpy(float) for c in rows)
    base = (days >= pd.Timestamp(known.first)) & (days <= pd.Timestamp(known.last))
    # Limits are set on the first days; whatever comes before `known` has no place in the chart.
    start = int(np.argmax(base))
    days, num, den, base = days[start:], num[start:], den[start:], base[start:]
    known_rate = np.where(base, num / den, np.nan)
    usual = (
        factors(known_rate, days.dayofweek.to_numpy())[days.dayofweek]
        if weekly
        else np.ones(len(days))
    )
    first, spent = int(base.sum()), WEEK - 1 if np.any(usual != 1) else 0
    if measured.metric.is_ratio:
        chart = rates(num / usual, den, known=first, false_alarms=false_alarms, spent=spent)
    else:
        chart = individuals(num / usual, known=first, false_alarms=false_alarms, spent=spent)
    low = np.maximum(chart.low, 0.0) if np.nanmin(num) >= 0 else chart.low
    parts = {"value": chart.value, "centre": chart.centre, "low": low, "high": chart.high}
    table = pd.DataFrame({k: v * usual for k, v in parts.items()}).assign(
        day=days, outside=chart.outside
    )
    return table.assign(judged=~base | bool(base.all()))[np.isfinite(chart.value)]
