"""Course: how the effect settled as units came in,
beside the boundary that daily looks would need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np
import pandas as pd

from kpilab.analysis.experiments.tails import compared
from kpilab.core.result import Result
from kpilab.core.values import Message, fraction
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.experiments.readout import Reading, Readout, interval_at
from kpilab.stats.experiments.sequential import lan_demets
from kpilab.stats.mean import Sample

if TYPE_CHECKING:
    from kpilab.engine.experiments.moments import Moments

Arms: TypeAlias = tuple[Sample, Sample]  # control and treatment


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeEffectResult(Result):
    """Answer of `cumulative_effect`.

    Attributes:
        table: one row per day of assignment, cumulative; columns `day`, `units_control`,
            `units_treatment`, `effect`, `low`, `high` (a single look), `wide_low`, `wide_high`
            (every day a look, O'Brien-Fleming), `z`, `bound`; `day_effect`, `day_low`, `day_high`
            are those of the units assigned that day alone. A day on which a few units carry the
            metric has an effect without intervals.
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
        told: dict[str, Message | None] = {
            k: Message(step, {"value": last[k]}) if np.isfinite(last[k]) else None
            for k in ("effect", "wide_low", "wide_high")
        }
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
    """Follow the cumulative effect by day of assignment, each day by the statistic of the whole
    test; no new scan.

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
    group, rows, readouts = moments.group(metric), [], list[Readout]()
    how = Reading(level=level)
    variants, tails = (control, treatment), moments.tails.get(metric)
    for day, until, on in _days(moments, metric, variants):
        far = tails and tails.within(None, day)
        r = compared(moments, metric, variants, until, far, how)
        if r is None:
            continue
        far = tails and tails.within(day, day)
        d, alone = r.difference, _alone(compared(moments, metric, variants, on, far, how))
        units = int(r.control.n), int(r.treatment.n)
        rows.append((day, *units, d.effect, d.low, d.high, d.statistic, *alone))
        readouts.append(r)
    names = ["day", "units_control", "units_treatment", "effect", "low", "high", "z"]
    names += ["day_effect", "day_low", "day_high"]
    table = pd.DataFrame(rows, columns=pd.Index(names))
    units = (table["units_control"] + table["units_treatment"]).to_numpy(dtype=float)
    table["bound"] = lan_demets(np.minimum(units / max(planned_units or 0, units[-1]), 1.0), level)
    wide = [interval_at(r, bound) for r, bound in zip(readouts, table["bound"], strict=True)]
    table["wide_low"], table["wide_high"] = zip(*wide, strict=True)
    return CumulativeEffectResult(table, metric, treatment, group.share)


def _days(
    moments: Moments, metric: str, variants: tuple[str, str]
) -> Iterator[tuple[pd.Timestamp, Arms, Arms]]:
    """Each day with the sums of both arms up to its end, and of its own units: the table is taken
    apart once, not twice a day."""
    found = {
        (variant, pd.Timestamp(day)): sums
        for (variant, day), sums in moments.totals("variant", "day").items()
    }
    none = dict.fromkeys(next(iter(found.values()), {}), 0.0)
    until = [none, none]
    for day in sorted(pd.to_datetime(moments.frame["day"]).dropna().unique()):
        on = [found.get((v, day), none) for v in variants]
        until = [{c: s[c] + more[c] for c in none} for s, more in zip(until, on, strict=True)]
        yield day, _arms(moments, metric, until), _arms(moments, metric, on)


def _arms(moments: Moments, metric: str, totals: Sequence[Mapping[str, float]]) -> Arms:
    a, b = (Sample.of_sums(*moments.sums(metric, sums)) for sums in totals)
    return a, b


def _alone(readout: Readout | None) -> tuple[float, float, float]:
    """Effect and interval of the units assigned on one day; NaN where they are too few."""
    if readout is None:
        return float("nan"), float("nan"), float("nan")
    d = readout.difference
    return d.effect, d.low, d.high
