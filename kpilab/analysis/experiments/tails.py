"""Which law the t of a metric follows: Student's, unless its arms are uneven and it is skewed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kpilab.core.trial import Design
from kpilab.engine.experiments.moments import Moments
from kpilab.engine.experiments.tails import tails
from kpilab.engine.experiments.trial import Trial
from kpilab.stats.experiments.cuped import weights
from kpilab.stats.experiments.permutation import (
    MOST,
    NEEDED,
    Law,
    Values,
    dealt,
    imbalance,
    skewness,
)
from kpilab.stats.experiments.readout import unreadable
from kpilab.stats.mean import Sample

Known = Mapping[str, Mapping[str, Values]]


@dataclass(frozen=True, slots=True, eq=False)
class Tailed:
    """What the values of a metric say of its test.

    Attributes:
        law: of t; None where it is Student's. wanted: units that the smaller arm would need; 0
            where it has them.
    """

    law: Law | None = None
    wanted: float = 0.0


def values_of(
    trial: Trial,
    found: Moments,
    design: Design,
    ends: Mapping[str, tuple[float, float]],
    moved: frozenset[str],
) -> dict[str, dict[str, Values]]:
    """Label -> variant -> its values, of the metrics whose test could lean to a side.

    Args:
        ends: lowest and highest value of plain metrics. moved: metrics that are not adjusted.
    """
    totals, known = found.totals("variant"), dict[str, dict[str, Values]]()
    for group in found.groups:
        arms = [Sample.of_sums(*found.sums(group.name, t)) for t in totals.values()]
        if group.proportion or any(unreadable(arms[0], a, group.metric) for a in arms):
            continue
        covariates = () if group.name in moved else group.known
        weight, whole = weights(arms, group.metric, covariates)
        most = _most(whole, ends.get(group.name) if not covariates else None)
        least, largest = min(a.n for a in arms), max(a.n for a in arms)
        if abs(imbalance(least, largest)) * most < NEEDED:
            continue
        read = tails(
            trial.table, group, weight.tolist(), whole.mean.tolist(), zero=design.nulls == "zero"
        )
        known[group.name] = {v: Values(t.far, t.n, t.powers) for v, t in read.items()}
    return known


def _most(whole: Sample, ends: tuple[float, float] | None) -> float:
    """The most that the skewness can be."""
    spread = float(np.sqrt(whole.cov[0, 0]))
    if ends is None or not spread > 0:
        return float(np.sqrt(whole.n))
    return float(max(ends[1] - whole.mean[0], whole.mean[0] - ends[0]) / spread)


def lean(known: Known, label: str, control: str, treatment: str) -> float:
    """The skewness of the difference of two arms; 0 where it cannot matter."""
    arms = known.get(label, {})
    if not {control, treatment} <= set(arms):
        return 0.0
    a, b = arms[control], arms[treatment]
    return abs(imbalance(a.n, b.n) * skewness(a, b))


def tailed(known: Known, label: str, control: str, treatment: str) -> Tailed:
    """The law of a metric's t between two arms."""
    leans = lean(known, label, control, treatment)
    if leans < NEEDED:
        return Tailed()
    a, b = known[label][control], known[label][treatment]
    if leans > MOST:
        wanted = min(a.n, b.n) * (leans / MOST) ** 2
        return Tailed(wanted=float(f"{wanted:.2g}"))  # it is no more certain than that
    return Tailed(dealt(a, b))
