"""Rate and mix: did the segments change, or only their shares?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Effect, Message, fraction
from kpilab.engine.door.frames import frame, known
from kpilab.engine.door.values import count, label
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.distributions import norm
from kpilab.stats.rootcause.ratemix import rate_mix

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Frame

COLUMNS = ("num0", "den0", "num1", "den1")


@dataclass(frozen=True, slots=True, eq=False)
class RatemixResult(Result):
    """Answer of `ratemix`.

    Attributes:
        table: one row per segment, largest contribution first; columns `segment`, `share0`,
            `share1` (of the denominator, 0-1), `rate0`, `rate1` (NaN where the segment has no
            rows), `rate`, `mix`, `joint`, `entry` (contributions to the change of the total ratio),
            `contribution` (their sum; all rows sum to the change).
        before, after: the total ratio.
        rate, mix: totals with interval (`mix` includes segments that came or went); they sum to the
            change, with `joint`, the interaction of the three-term form (0 otherwise).
        simpson: the total moved against nearly all of its segments, beyond noise.
    """

    before: float
    after: float
    rate: Effect
    mix: Effect
    joint: float
    simpson: bool
    level: float
    kind: ClassVar[str] = "ratemix"

    @property
    def change(self) -> float:
        return self.after - self.before

    @property
    def is_share(self) -> bool:
        """Whether the ratio is a rate between 0 and 1, told in percentage points."""
        return bool(np.nanmax(self.table[["rate0", "rate1"]].to_numpy(float)) <= 1)

    @property
    def headline(self) -> Message:
        unit, key = (100.0, "_points") if self.is_share else (1.0, "")
        rate, mix = (_times(unit, effect) for effect in (self.rate, self.mix))
        values = {"change": unit * self.change, "rate": rate.value, "mix": mix.value}
        values |= {"rate_interval": rate, "mix_interval": mix}
        return Message(("ratemix.simpson" if self.simpson else "ratemix.split") + key, values)


@keywords("ratemix")
def ratemix(
    rows: Frame, *, by: str, three: bool = False, dispersion: float = 1.0, level: float = 0.95
) -> RatemixResult:
    """Split the change of a ratio into the segments' own rates and their shares (Kitagawa).

    Rate: mean share × change of the segment's rate. Mix: change of share × (mean rate − mean
    total). A segment that came or went has one rate only and gives an entry term, counted with mix.
    The sum is exact.

    Args:
        rows: one row per segment (more are summed); columns `num0`, `den0`, `num1`, `den1`. A
            row in which one of them is missing is left out of both periods, and counted in a note.
        by: column that names the segment.
        three: keep the interaction apart (weights of the baseline) instead of sharing it.
        dispersion: variance of the numerators over the binomial one (over-dispersion between days),
            for the intervals.
        level: confidence level.

    Returns:
        RatemixResult with one row per segment.

    Raises:
        BadInput: missing columns, negative amounts, or a period without denominator.

    References: Kitagawa (1955), Components of a difference between two rates. Simpson flag: the
    total moved
        against at least 90 % of what segments moved beyond two errors, |mix| > |rate|, and both of
        these beyond two errors.
    """
    fraction(level, "ratemix(level=)")
    columns = {"segment": (by, label)} | {c: (c, count) for c in COLUMNS}
    rows, notes = known(frame(rows, columns, "ratemix(rows)"))
    sums = rows.groupby("segment", sort=True)[list(COLUMNS)].sum()
    if sums["den0"].sum() <= 0 or sums["den1"].sum() <= 0:
        raise BadInput(
            "a denominator is 0 in a whole period",
            "ratemix(rows)",
            "choose periods that have data",
        )
    num0, den0, num1, den1 = (sums[c].to_numpy() for c in COLUMNS)
    found = rate_mix(num0, den0, num1, den1, three=three, spread=dispersion)
    with np.errstate(invalid="ignore", divide="ignore"):
        table = pd.DataFrame(
            {
                "segment": sums.index.astype(str),
                "share0": den0 / den0.sum(),
                "share1": den1 / den1.sum(),
                "rate0": np.where(den0 > 0, num0 / den0, np.nan),
                "rate1": np.where(den1 > 0, num1 / den1, np.nan),
                "rate": found.rate,
                "mix": found.mix,
                "joint": found.joint,
                "entry": found.entry,
                "contribution": found.rate + found.mix + found.joint + found.entry,
            }
        )
    table = table.sort_values("contribution", key=np.abs, ascending=False, ignore_index=True)
    z = float(norm.ppf(0.5 + level / 2))
    rate, mix = float(found.rate.sum()), float((found.mix + found.entry).sum())
    effects = [
        Effect(v, v - z * e, v + z * e) for v, e in zip((rate, mix), found.errors, strict=False)
    ]
    return RatemixResult(
        table,
        found.before,
        found.after,
        effects[0],
        effects[1],
        float(found.joint.sum()),
        found.simpson,
        level,
        notes=notes,
    )


def _times(unit: float, effect: Effect) -> Effect:
    low, high = (None if v is None else unit * v for v in (effect.low, effect.high))
    return Effect(unit * effect.value, low, high)
