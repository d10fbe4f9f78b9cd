"""Course: how the effect settled as units came in,
beside the boundary that daily looks would need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message, fraction
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.experiments.readout import Reading, read
from kpilab.stats.experiments.sequential import lan_demets
from kpilab.stats.mean import Sample

if TYPE_CHECKING:
    from kpilab.engine.experiments.moments import Moments


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeEffectResult(Result):
    """Answer of `cumulative_effect`.

    Attributes:
        table: one row per day of assignment, cumulative; columns `day`, `units_control`,
            `units_treatment`, `effect`, `low`, `high` (a single look), `wide_low`, `wide_high`
            (every day a look, O'Brien-Fleming), `z`, `bound`; `day_effect`, `day_low`, `day_high`
            are those of the units assigned that day alone.
        metric, treatment: what is followed. share: whether its values are shares of units.
    """

    metric: str
    treatment: str
    share: bool = False
    kind: ClassVar[str] = "course"

    @property
    def headline(self) -> Message:
        last = self.table.to_dict("records")[-1]
        reached = "crossed" if abs(last["z"]) >= last["bound"] else "open"
        step = f"experiment.step_{'share' if self.share else 'amount'}"
        told = {k: Message(step, {"value": last[k]}) for k in ("effect", "wide_low", "wide_high")}
        values = {"metric": self.metric, "days": len(self.table), "z": last["z"]}
        return Message(f"course.{reached}", values | told)


@keywords("cumulative_effect")
def cumulative_effect(
    moments: Moments,
    metric: str,
    *,
    control: str,
    treatment: str,
    planned_units: int | None = None,
    level: float = 0.95,
) -> CumulativeEffectResult:
    """Follow the cumulative effect by day of assignment; no new scan.

    Args:
        moments: of an experiment's result whose units have times.
        planned_units: units of both arms at the planned end; those there are if None.

    Raises:
        BadInput: the moments hold no days.
    """
    fraction(level, "cumulative_effect(level=)")
    if "day" not in moments.keys:
        raise BadInput(
            "the moments hold no days",
            "cumulative_effect(moments)",
            "give the experiment's units a time",
        )
    group, rows = moments.group(metric), []
    days = pd.to_datetime(moments.frame["day"])
    for day in sorted(days.unique()):
        until = type(moments)(
            moments.frame[days <= day], moments.keys, moments.groups, moments.shifts
        )
        a, b = (Sample.of_sums(*until.only(variant=v).sums(metric)) for v in (control, treatment))
        if min(a.n, b.n) < 2 or not max(a.cov[0, 0], b.cov[0, 0]) > 0:
            continue
        r = read(a, b, group.metric, group.known, Reading(level=level), proportion=group.proportion)
        d = r.difference
        alone = _alone(moments, days == day, metric, control, treatment, level)
        rows.append(
            (day, int(a.n), int(b.n), d.effect, d.low, d.high, d.error, d.statistic, *alone)
        )
    names = ["day", "units_control", "units_treatment", "effect", "low", "high", "error", "z"]
    names += ["day_effect", "day_low", "day_high"]
    table = pd.DataFrame(rows, columns=pd.Index(names))
    units = (table["units_control"] + table["units_treatment"]).to_numpy(dtype=float)
    table["bound"] = lan_demets(np.minimum(units / max(planned_units or 0, units[-1]), 1.0), level)
    half = table["bound"] * table["error"]
    table = table.assign(wide_low=table["effect"] - half, wide_high=table["effect"] + half).drop(
        columns="error"
    )
    return CumulativeEffectResult(table, metric, treatment, group.proportion)


def _alone(
    moments: Moments, rows: pd.Series, metric: str, control: str, treatment: str, level: float
) -> tuple[float, float, float]:
    """Effect and interval of the units assigned on one day; NaN where they are too few."""
    group = moments.group(metric)
    only = type(moments)(moments.frame[rows], moments.keys, moments.groups, moments.shifts)
    a, b = (Sample.of_sums(*only.only(variant=v).sums(metric)) for v in (control, treatment))
    if min(a.n, b.n) < 2 or not max(a.cov[0, 0], b.cov[0, 0]) > 0:
        return float("nan"), float("nan"), float("nan")
    d = read(
        a, b, group.metric, group.known, Reading(level=level), proportion=group.proportion
    ).difference
    return d.effect, d.low, d.high
