"""What a history says of a metric to be planned: its mean, its spread per unit, its traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import ibis
import numpy as np
import pandas as pd
from ibis import _

from kpilab.core.trial import Design, Outcome, Units
from kpilab.engine.column import own
from kpilab.engine.experiments.exposure import DAY
from kpilab.engine.experiments.moments import Moments
from kpilab.engine.experiments.scan import moments
from kpilab.engine.experiments.tails import POWERS
from kpilab.engine.experiments.trial import Trial, prepare, quantiles
from kpilab.engine.experiments.weighed import weighed
from kpilab.errors import BadInput
from kpilab.stats.experiments.cuped import adjust, weights
from kpilab.stats.experiments.permutation import skewness_of
from kpilab.stats.experiments.power import Sizing
from kpilab.stats.experiments.quantile import enough, from_order, ranks
from kpilab.stats.mean import Sample

BUCKETS = 200
LEAST_UNITS = 10  # below, a variance says nothing
ALL = "history"  # whatever the variants of the past were called
WEEKS, POINTS, SAFE_LEVEL = 8, 30, 0.95


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """One metric in the past.

    Attributes:
        metric: as asked. mean: of it. variance: per row of the analysis (a unit, or a cluster).
        cut: share of the variance that covariates took. rows: of the analysis. size: units per row.
        found: sums by bucket of units; None for a quantile. traffic: units per day, NaN unknown.
        skewness: of the metric; 0 where the arms are even, as it does not matter there.
    """

    metric: Outcome
    mean: float
    variance: float
    cut: float
    rows: float
    size: float
    found: Moments | None
    traffic: float
    skewness: float = 0.0

    def sizing(
        self, shares: tuple[float, float], level: float, power: float, paid: float, design: Design
    ) -> Sizing:
        """What the plan asks of this metric."""
        kind: Literal["share", "count", "mean"] = "mean"
        if self.metric.kind == "count":
            kind = "count"
        elif self.found is not None and self.found.group(self.metric.name).proportion:
            kind = "share"
        few, one = design.cluster is not None, design.sides == 1
        quantile = self.metric.quantile if self.metric.kind == "quantile" else 0.0
        return Sizing(
            self.mean, self.variance, kind, shares, level, power, paid, one, few, self.skewness,
            quantile,
        )  # fmt: skip


def history(units: Units, metric: Outcome, design: Design) -> History:
    """What the past says of a metric.

    Raises:
        BadInput: too few units, a metric that does not vary or has mean 0.
    """
    past = replace(units, table=units.table.mutate(**{units.variant: ibis.literal(ALL)}))
    trial = prepare(past, None, [metric], None, Design(cluster=design.cluster), ())
    if metric.kind == "quantile":
        found = _quantile(trial, metric)
    else:
        found = _mean(trial, metric, units, design)
    if not found.variance > 0 or found.mean == 0:
        raise BadInput(
            "the metric does not vary, or its mean is 0",
            f"metric {metric.name!r}",
            "choose another metric",
        )
    return found


def _mean(trial: Trial, metric: Outcome, units: Units, design: Design) -> History:
    found = _moments(trial, units, design)
    whole, group = Sample.of_sums(*found.sums(metric.name)), found.group(metric.name)
    both = adjust(whole, whole, group.metric, group.known)
    size = float(whole.mean[1]) if design.cluster and not metric.per else 1.0
    traffic = found.units() / found.days() if found.days() else float("nan")
    skew = 0.0
    if len(set(design.split.values())) > 1 and not group.proportion:
        weight, _whole = weights([whole], group.metric, group.known)
        read = weighed(trial.table, group, weight.tolist(), whole.mean.tolist()).sums().sum()
        skew = skewness_of(read["n"], read[list(POWERS)].to_numpy(dtype=float))
    return History(
        metric, both.a.value, both.a.variance * whole.n, both.cut, whole.n, size, found, traffic,
        skew,
    )  # fmt: skip


def _moments(trial: Trial, units: Units, design: Design) -> Moments:
    """Sums of the metric per bucket of units, and per day where the history knows days."""
    keys = {"bucket": own("bucket")} | ({"day": DAY} if DAY in trial.table.columns else {})
    rows = trial.table.mutate(**{own("row"): ibis.row_number()})
    # As text: a number and its text fall into one bucket.
    spread = _[design.cluster or units.unit or own("row")]
    rows = rows.mutate(**{own("bucket"): (spread.cast("string").hash() % BUCKETS).abs()})
    found = moments(rows, trial.groups, by=keys)
    if found.units() < LEAST_UNITS:
        mend = f"give the units of a past window, at least {LEAST_UNITS}"
        raise BadInput(f"{found.units()} units are known", "plan(units)", mend)
    return found


def _quantile(trial: Trial, metric: Outcome) -> History:
    """By the order statistics around it."""
    n, (value,) = quantiles(trial, metric.name, {ALL: (metric.quantile,)})[ALL]
    if not enough(n, metric.quantile):
        raise BadInput(
            f"{n:,.0f} units are too few for this quantile",
            f"metric {metric.name!r}",
            "give more of the past, or choose a quantile nearer 0.5",
        )
    ends = quantiles(trial, metric.name, {ALL: ranks(n, metric.quantile)})[ALL][1]
    found, nan = from_order(n, value, *ends), float("nan")
    return History(metric, value, found.variance * n, 0.0, n, 1.0, None, nan)


def needed(
    deciding: tuple[History, Sizing],
    guards: Sequence[tuple[History, Sizing]],
    effects: Sequence[float],
    part: float,
) -> pd.DataFrame:
    """Units of all arms by effect, and the guardrail that asks for more than the metric itself.

    `part`: share of all units that are in the control and the smallest treatment.
    """
    past, sizing = deciding
    safe = {
        h.metric.name: s.safe_units(h.metric.margin, SAFE_LEVEL) * h.size / part for h, s in guards
    }
    rows = []
    for effect in effects:
        own_units = sizing.units(effect) * past.size / part
        most = max(safe, key=lambda name: safe[name], default="")
        asks = most if most and safe[most] > own_units else ""
        rows.append((effect, max(own_units, safe[most]) if asks else own_units, asks))
    return pd.DataFrame(rows, columns=pd.Index(["effect", "units", "guardrail"]))


def curves(
    past: History, sizing: Sizing, effects: Sequence[float], ends: tuple[float, float], part: float
) -> pd.DataFrame:
    """Chance to find each effect by the units of all arms, between two `ends`."""
    grid = np.geomspace(*ends, POINTS)
    rows = [(e, u, sizing.chance(e, u * part / past.size)) for e in effects for u in grid]
    return pd.DataFrame(rows, columns=pd.Index(["effect", "units", "power"]))


def weeks(past: History, sizing: Sizing, traffic: float, part: float) -> pd.DataFrame:
    """The smallest effect that is found after each full week."""
    names = ["week", "units", "smallest"]
    if not np.isfinite(traffic):
        return pd.DataFrame(columns=pd.Index(names))
    units = [7 * week * traffic for week in range(1, WEEKS + 1)]
    rows = [(k, u, sizing.smallest(u * part / past.size)) for k, u in enumerate(units, 1)]
    return pd.DataFrame(rows, columns=pd.Index(names))


def split_of(arms: int, split: Mapping[str, float]) -> tuple[list[float], int]:
    """Shares of all arms, the control first, and how many treatments there are."""
    shares = list(split.values()) if split else [1 / arms] * arms
    total = sum(shares)
    return [s / total for s in shares], len(shares) - 1
