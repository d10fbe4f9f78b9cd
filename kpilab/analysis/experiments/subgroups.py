"""Subgroups: is the effect the same for everybody?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.experiments.tails import FEWEST, pair
from kpilab.core.result import Result
from kpilab.core.values import Message, fraction
from kpilab.engine.column import marked, unmarked
from kpilab.errors import unknown
from kpilab.stats.experiments.readout import Reading, interaction
from kpilab.stats.multiplicity import holm

if TYPE_CHECKING:
    from kpilab.engine.experiments.moments import Moments


@dataclass(frozen=True, slots=True, eq=False)
class SubgroupsResult(Result):
    """Answer of `subgroups`.

    Attributes:
        table: one row per value; columns `value`, `units_control`, `units_treatment`, `effect`,
            `low`, `high`, `lift`, `lift_low`, `lift_high`, `p`, `q` (Holm over the values). Values
            with fewer than 30 units in an arm are left out; those that a few units carry have an
            effect without interval or p.
        metric, dimension, treatment: what was compared.
        interaction: p-value of "the effect is the same everywhere"; NaN below two values.
        share: whether the values of the metric are shares of units.
    """

    metric: str
    dimension: str
    treatment: str
    interaction: float
    share: bool = False
    kind: ClassVar[str] = "subgroups"

    @property
    def headline(self) -> Message:
        differs = "differs" if self.interaction <= 0.05 else "same"
        values = {
            "metric": self.metric,
            "dimension": self.dimension,
            "p": self.interaction,
            "values": len(self.table),
        }
        return Message(f"subgroups.{differs}", values)


def subgroups(
    moments: Moments, metric: str, *, by: str, control: str, treatment: str, level: float = 0.95
) -> SubgroupsResult:
    """Compare the effect between the values of a dimension that `experiment` kept (`by=`), each
    value by the statistic of the whole test; no new scan.

    Args:
        moments: of an experiment's result. metric: its name. by: the dimension.
        control, treatment: variants. level: confidence level.

    Raises:
        BadInput: a metric, dimension or variant that the moments do not hold.
    """
    fraction(level, "subgroups(level=)")
    if marked(by) not in moments.keys:
        raise unknown(
            "dimension", by, [unmarked(k) for k in moments.keys if k != unmarked(k)], "subgroups"
        )
    known = [str(v) for v in moments.values("variant")]
    for variant in (control, treatment):
        if variant not in known:
            raise unknown("variant", variant, known, "subgroups")
    group, rows, errors, key = moments.group(metric), [], [], marked(by)
    for value in moments.values(key):
        r = pair(moments.only(**{key: value}), metric, control, treatment, Reading(level=level))
        if r is None or min(r.control.n, r.treatment.n) < FEWEST:
            continue
        d, change = r.difference, r.lift
        rows.append((
            str(value), int(r.control.n), int(r.treatment.n), d.effect, d.low, d.high,
            change.value, change.low, change.high, d.p,
        ))  # fmt: skip
        errors.append(d.error if np.isfinite(d.p) else float("nan"))
    names = ["value", "units_control", "units_treatment", "effect", "low", "high"]
    names += ["lift", "lift_low", "lift_high", "p"]
    table = pd.DataFrame(rows, columns=pd.Index(names))
    table["q"] = holm(table["p"].to_numpy(dtype=float))
    return SubgroupsResult(
        table, metric, by, treatment, interaction(table["effect"].tolist(), errors), group.share
    )
