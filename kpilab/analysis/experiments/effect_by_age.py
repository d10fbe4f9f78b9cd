"""Ages: does the effect wear off, or grow, with the days since a unit was assigned,
and what lasts?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message, fraction
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.stats.experiments.novelty import by_age, worn_off
from kpilab.stats.experiments.validity import AGE_LEVEL

if TYPE_CHECKING:
    from kpilab.engine.experiments.ages import AgeMoments


@dataclass(frozen=True, slots=True, eq=False)
class EffectByAgeResult(Result):
    """Answer of `effect_by_age`.

    Attributes:
        table: one row per age class; columns `age` (mean days since the assignment), `days`
            (unit-days observed), `control` (the metric per unit and day, or the ratio), `effect`,
            `low`, `high`.
        metric, treatment: what is followed.
        p: two-sided, of a part of the effect that goes with age (one half-life fixed beforehand);
            NaN below three ages.
        first: effect on the first day. lasting, low, high: the part that stays; the interval covers
            every half-life the data allow. half_life: the one that fits best, in days. share: of a
            day's units, told in percentage points.
    """

    metric: str
    treatment: str
    p: float
    first: float
    lasting: float
    low: float
    high: float
    half_life: float
    share: bool = False
    kind: ClassVar[str] = "ages"

    @property
    def headline(self) -> Message:
        step = f"experiment.step_{'share' if self.share else 'amount'}"
        values: dict[str, object] = {k: getattr(self, k) for k in ("metric", "p", "half_life")}
        for end in ("first", "lasting", "low", "high"):
            values[end] = Message(step, {"value": getattr(self, end)})
        if not self.p <= AGE_LEVEL:
            return Message("ages.steady" if np.isfinite(self.p) else "ages.short", values)
        return Message(
            "ages.novelty" if abs(self.lasting) < abs(self.first) else "ages.primacy", values
        )


@keywords("effect_by_age")
def effect_by_age(
    moments: AgeMoments | None, metric: str, *, control: str, treatment: str, level: float = 0.95
) -> EffectByAgeResult:
    """Follow the effect by the days since the assignment; no new scan.

    The metric is taken per unit and day, so every age has the same unit of measure. The same units
    recur in several ages: their covariance is kept. An effect = lasting + extra · 2^(−age /
    half-life) is fitted by generalised least squares; the extra is tested with a half-life that was
    fixed beforehand, so nothing is searched.

    Args:
        moments: `by_age` of an experiment's result. metric: a primary one. control, treatment:
            variants.
        level: confidence level of the points' intervals.

    Raises:
        BadInput: the experiment had no log, or no such metric or variant.
    """
    fraction(level, "effect_by_age(level=)")
    if moments is None:
        raise BadInput(
            "the experiment was not read by age",
            "effect_by_age(moments)",
            "give `experiment` a log, and leave `ages` on",
        )
    if metric not in moments.frames:
        raise unknown("metric", metric, moments.frames, "effect_by_age(metric)")
    arms = [moments.arm(metric, v) for v in (control, treatment)]
    known = [arm for arm in arms if arm is not None]
    if len(known) < 2:
        variant = control if arms[0] is None else treatment
        raise unknown(
            "variant",
            variant,
            moments.frames[metric]["variant"].astype(str).tolist(),
            "effect_by_age(control=, treatment=)",
        )
    table = pd.DataFrame(by_age(known[0], known[1]).columns(level))
    worn, nan, share = worn_off(*arms), float("nan"), metric in moments.shares
    if worn is None:
        return EffectByAgeResult(table, metric, treatment, nan, nan, nan, nan, nan, nan, share)
    fit = (worn.p, worn.first, worn.lasting, worn.low, worn.high, worn.half_life)
    return EffectByAgeResult(table, metric, treatment, *fit, share)
