"""Arrivals: did as many units come to each variant as declared, and if not,
where were they lost?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message, fraction
from kpilab.engine.column import unmarked
from kpilab.errors import BadInput, unknown
from kpilab.stats.experiments.sample_ratio import ratios
from kpilab.stats.experiments.sample_ratio import sample_ratio as chance_of
from kpilab.stats.experiments.validity import SRM_LEVEL
from kpilab.stats.multiplicity import holm

if TYPE_CHECKING:
    from kpilab.engine.experiments.moments import Moments


@dataclass(frozen=True, slots=True, eq=False)
class SampleRatioResult(Result):
    """Answer of `sample_ratio`.

    Attributes:
        table: one row for all units (`dimension` empty) and one per value of every dimension and
            per day; columns `dimension`, `value`, `units_control`, `units_treatment`, `ratio`
            (treatment to control, 1 = as declared), `low`, `high`, `p`, `q` (Holm over the values
            of all dimensions that have several; days are not searched).
        treatment: the variant compared. p: of all units. where: the value furthest from the split,
            "" if none is.
    """

    treatment: str
    p: float
    where: str
    kind: ClassVar[str] = "arrivals"

    @property
    def headline(self) -> Message:
        whole = self.table.iloc[0].to_dict()
        values = {
            "treatment": self.treatment,
            "p": self.p,
            "where": self.where or None,
            "ratio": whole["ratio"],
        }
        return Message(
            "arrivals.lost" if self.p < SRM_LEVEL or self.where else "arrivals.fine", values
        )


def sample_ratio(
    moments: Moments,
    *,
    control: str,
    treatment: str,
    split: Mapping[str, float] | None = None,
    level: float = 0.95,
) -> SampleRatioResult:
    """Compare units per variant with the declared split, in all, by segment and by day; no new
    scan.

    Args:
        moments: of an experiment's result. control, treatment: variants.
        split: variant -> declared share; equal shares if None. level: confidence level of the
            ratio's interval.

    Raises:
        BadInput: a variant that the moments do not hold, or that the split leaves out.
    """
    fraction(level, "sample_ratio(level=)")
    known = [str(v) for v in moments.values("variant")]
    for variant in (control, treatment):
        if variant not in known:
            raise unknown("variant", variant, known, "sample_ratio(control=, treatment=)")
        if split and not split.get(variant, 0) > 0:
            raise BadInput(
                f"the split gives variant {variant!r} no share",
                "sample_ratio(split=)",
                "give every variant its share",
            )
    share = [split[v] if split else 1.0 for v in (control, treatment)]
    totals = moments.totals("variant")
    rows = [("", "", [totals[(v,)]["units"] for v in (control, treatment)])]
    dimension = [False]  # whether a row is one of those searched: the days are not
    for key in (k for k in moments.keys if k != "variant"):
        found = moments.counts(key, (control, treatment))
        dimension += [key != "day" and unmarked(key) in moments.searched()] * len(found)
        rows += [(unmarked(key), value, n) for value, n in found.items()]
    counts = np.array([n for *_names, n in rows])
    table = pd.DataFrame([(d, v, int(n[0]), int(n[1])) for d, v, n in rows])
    table.columns = pd.Index(["dimension", "value", "units_control", "units_treatment"])
    table[["ratio", "low", "high"]] = ratios(
        counts[:, 0], counts[:, 1], (share[0], share[1]), level
    )
    table["p"] = [chance_of(n, share).p for n in counts]
    searched = np.array(dimension)
    table["q"] = table["p"].where(searched)
    table.loc[searched, "q"] = holm(table.loc[searched, "p"].to_numpy())
    worst = table[searched & (table["q"] < SRM_LEVEL)].sort_values("p").head(1).to_dict("records")
    where = f"{worst[0]['dimension']} = {worst[0]['value']}" if worst else ""
    return SampleRatioResult(
        table, treatment, float(table["p"].iloc[0]), where, notes=moments.unsearched()
    )
