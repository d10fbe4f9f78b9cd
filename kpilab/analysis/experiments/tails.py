"""Which law the t of a metric follows: Student's, unless its arms are uneven and it is skewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kpilab.core.trial import Design
from kpilab.engine.experiments.moments import Moments
from kpilab.engine.experiments.tails import Tails
from kpilab.engine.experiments.trial import Trial
from kpilab.engine.experiments.weighed import weighed
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
from kpilab.stats.experiments.readout import Reading, Readout, read, unreadable, unsure
from kpilab.stats.mean import Sample

Known = Mapping[str, Mapping[str, Values]]
# Arms whose larger one has no more times the units of the smaller are even; fewer units than the
# second are no part that is read.
EVEN, FEWEST = 1.2, 30
USUAL = Reading()


@dataclass(frozen=True, slots=True, eq=False)
class Tailed:
    """What the values of a metric say of its test.

    Attributes:
        law: of t; None where it is Student's. wanted: units that the smaller arm would need; 0
            where it has them.
    """

    law: Law | None = None
    wanted: float = 0.0


def tails_of(
    trial: Trial,
    found: Moments,
    design: Design,
    ends: Mapping[str, tuple[float, float]],
    moved: frozenset[str],
    keys: Mapping[str, str] | None = None,
) -> dict[str, Tails]:
    """Label -> its tails, of the metrics whose test could lean to a side.

    Args:
        ends: lowest and highest value of plain metrics. moved: metrics that are not adjusted. keys:
            of the moments -> columns of the trial's table.
    """
    totals, known = found.totals("variant"), dict[str, Tails]()
    parts = {k: c for k, c in (keys or {}).items() if k != "variant"}
    for group in found.groups:
        arms = [Sample.of_sums(*found.sums(group.name, t)) for t in totals.values()]
        if group.proportion or any(unreadable(arms[0], a, group.metric) for a in arms):
            continue
        covariates = () if group.name in moved else group.known
        weight, whole = weights(arms, group.metric, covariates)
        most = _most(whole, ends.get(group.name) if not covariates else None)
        if _uneven(found, group.name, list(parts)) * most < NEEDED:
            continue
        rows = weighed(
            trial.table, group, weight.tolist(), whole.mean.tolist(),
            by=parts, zero=design.nulls == "zero",
        )  # fmt: skip
        known[group.name] = rows.tails(rows.sums())
    return known


def _uneven(found: Moments, label: str, parts: Sequence[str]) -> float:
    """The largest imbalance of two arms, in all units or in a part of them that is large enough to
    be read. Where the split is even a part is uneven by chance alone, and hardly."""
    units = [[t[f"{label}:n"] for t in found.totals("variant").values()]]
    if max(units[0]) > EVEN * min(units[0]):
        for key in parts:
            by = dict[str, list[float]]()
            for (_variant, value), sums in found.totals("variant", key).items():
                by.setdefault(value, []).append(sums[f"{label}:n"])
            units += [n for n in by.values() if len(n) > 1 and min(n) >= FEWEST]
    return max(abs(imbalance(min(n), max(n))) for n in units)


def values_in(moments: Moments) -> Known:
    """Label -> variant -> its values, in the units that the moments hold."""
    return {label: _values(tails) for label, tails in moments.tails.items()}


def _values(tails: Tails) -> dict[str, Values]:
    return {v: Values(t.far, t.n, t.powers) for v, t in tails.arms().items()}


def pair(
    moments: Moments, label: str, control: str, treatment: str, how: Reading = USUAL
) -> Readout | None:
    """Two arms of the units that the moments hold, by the statistic of the whole test; None where
    they cannot be compared, without a test where too few units carry the metric."""
    variants = control, treatment
    a, b = (Sample.of_sums(*moments.only(variant=v).sums(label)) for v in variants)
    return compared(moments, label, variants, (a, b), moments.tails.get(label), how)


def compared(
    moments: Moments, label: str, variants: tuple[str, str], arms: tuple[Sample, Sample],
    tails: Tails | None, how: Reading,
) -> Readout | None:  # fmt: skip
    """The same of two arms whose sums are known, control first, with the tails of their units."""
    (control, treatment), (a, b), group = variants, arms, moments.group(label)
    if unreadable(a, b, group.metric):
        return None
    tail = tailed({label: _values(tails)}, label, control, treatment) if tails else Tailed()
    known = moments.covariates(label)
    readout = read(a, b, group.metric, known, how, proportion=group.proportion, law=tail.law)
    return unsure(readout) if tail.wanted else readout


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
