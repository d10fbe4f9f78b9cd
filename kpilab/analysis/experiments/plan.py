"""Plan: how long must the test run, and would its machinery cry wolf on our own data?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import ibis
import numpy as np
import pandas as pd
from ibis import _

from kpilab.core.result import Result
from kpilab.core.trial import Design, Outcome, Units
from kpilab.core.values import Message, fraction
from kpilab.engine.column import own
from kpilab.engine.experiments.exposure import DAY
from kpilab.engine.experiments.moments import Moments, moments
from kpilab.engine.experiments.trial import prepare
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.experiments.cuped import adjust
from kpilab.stats.experiments.power import (
    proportion_units,
    smallest_effect,
    smallest_rise,
    total_units,
)
from kpilab.stats.experiments.readout import Reading, read
from kpilab.stats.experiments.sequential import lan_demets
from kpilab.stats.mean import Sample

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

BUCKETS = 200
LEAST_UNITS = 10  # below, a variance says nothing


@dataclass(frozen=True, slots=True, eq=False)
class PlanResult(Result):
    """Answer of `plan`.

    Attributes:
        table: one row per relative effect; columns `effect` (relative), `units` (of all arms; NaN
            where a share would leave 0-100 %), `days` (at the history's traffic; NaN without
            times).
        metric, mean, sd: of the history; `sd` per unit after the covariates took their share `cut`
            (0-1).
        smallest: relative effect that the history's own number of units would find. power, level:
            as asked.
        traffic: units per day; NaN without times.
        false_alarms: share of A/A splits of the history that came out significant; `simulations` of
            them.
    """

    metric: str
    mean: float
    sd: float
    cut: float
    smallest: float
    power: float
    level: float
    traffic: float
    false_alarms: float
    simulations: int
    kind: ClassVar[str] = "plan"

    @property
    def headline(self) -> Message:
        first = self.table.to_dict("records")[0]
        values = {
            "metric": self.metric,
            "effect": first["effect"],
            "units": first["units"],
            "days": first["days"],
        }
        return Message("plan.needed", values | {"power": self.power, "cut": self.cut or None})


@dataclass(frozen=True, slots=True)
class Simulations:
    """Random A/A splits of the history: how many (0 for none), and their seed."""

    number: int = 400
    seed: int = 1


SIMULATIONS = Simulations()


@keywords("plan")
def plan(
    units: Units | Tabular,
    *,
    metric: Outcome | str,
    effects: Sequence[float] = (0.01, 0.02, 0.05, 0.1),
    arms: int = 2,
    looks: int = 1,
    power: float = 0.8,
    level: float = 0.95,
    simulations: int | Simulations = SIMULATIONS,
) -> PlanResult:
    """Size a test from the team's own units: their variance, what their covariates explain, their
    traffic.

    Args:
        units: one row per unit of a past window as long as the test; the variant column may hold
            anything.
        metric: a mean, proportion or ratio. effects: relative effects worth finding.
        arms: equally large, the control among them; each treatment's error is a share of the whole
            (Bonferroni).
        looks: planned O'Brien-Fleming looks.
        simulations: random A/A splits of the history, 0 for none; or `Simulations(…, seed=…)`.

    Raises:
        BadInput: no effect, fewer than two arms, a metric that does not vary or has mean 0, or a
            quantile.
    """
    fraction(level, "plan(level=)")
    units = Units.of(units)
    wanted = Outcome(metric) if isinstance(metric, str) else replace(metric, cap=None)
    nothing = not effects or min(map(abs, effects)) == 0
    if nothing or arms < 2 or looks < 1 or wanted.kind == "quantile":
        what = "effects, arms, looks or the metric cannot be planned for"
        raise BadInput(what, "plan", "see the arguments' ranges")
    found = _moments(units, wanted)
    whole, group = Sample.of_sums(*found.sums(wanted.name)), found.group(wanted.name)
    both = adjust(whole, whole, group.metric, group.known)
    variance, mean = both.a.variance * whole.n, both.a.value
    if not variance > 0 or mean == 0:
        raise BadInput(
            "the metric does not vary, or its mean is 0",
            f"metric {wanted.name!r}",
            "choose another metric",
        )
    inner = 1 - (1 - level) / (arms - 1)
    paid = float(
        lan_demets(np.arange(1, looks + 1) / looks, inner)[-1] / lan_demets([1.0], inner)[-1]
    )
    traffic = found.units() / found.days() if found.days() else float("nan")
    share = mean if group.proportion else None
    needed = [arms * _per_arm(e, mean, variance, share, inner, power, paid) for e in effects]
    if np.isnan(needed).all():
        what = f"a share of {mean:.1%} cannot change by {effects[0]:+.0%}: it would leave 0-100 %"
        raise BadInput(
            what, "plan, argument 'effects'", f"choose effects below {(1 - mean) / mean:+.0%}"
        )
    table = pd.DataFrame({"effect": list(effects), "units": np.ceil(needed)})
    table["days"] = np.ceil(table["units"] / traffic)
    splits = simulations if isinstance(simulations, Simulations) else Simulations(simulations)
    alarms = _false_alarms(found, wanted.name, splits, level)
    if share is not None:
        smallest = smallest_rise(share, whole.n / arms, level=inner, power=power, inflation=paid)
    else:
        error = float(np.sqrt(variance * 2 * arms / whole.n))
        smallest = smallest_effect(error, level=inner, power=power, inflation=paid) / abs(mean)
    return PlanResult(
        table, wanted.name, mean, float(np.sqrt(variance)), both.cut, smallest, power, level,
        traffic, alarms,
        splits.number,
    )  # fmt: skip


def _moments(history: Units, wanted: Outcome) -> Moments:
    """Sums of the metric per bucket of units, and per day where the history knows days."""
    trial = prepare(history, None, [wanted], None, Design(), ())
    keys = {"bucket": own("bucket")} | ({"day": DAY} if DAY in trial.table.columns else {})
    rows = trial.table.mutate(**{own("row"): ibis.row_number()})
    spread = _[history.unit or own("row")]  # as text: a number and its text fall into one bucket
    rows = rows.mutate(**{own("bucket"): (spread.cast("string").hash() % BUCKETS).abs()})
    found = moments(rows, trial.groups, by=keys)
    if found.units() < LEAST_UNITS:
        mend = f"give the units of a past window, at least {LEAST_UNITS}"
        raise BadInput(f"{found.units()} units are known", "plan(units)", mend)
    return found


def _per_arm(
    effect: float,
    mean: float,
    variance: float,
    share: float | None,
    level: float,
    power: float,
    paid: float,
) -> float:
    """Units of one arm, by the test that will be used: the score test for a plain proportion, else
    a test of means.

    NaN for a share that would leave 0-100 %.
    """
    if share is None:
        return total_units(effect * mean, variance, level=level, power=power, inflation=paid) / 2
    if not 0 < share * (1 + effect) < 1:
        return float("nan")
    return proportion_units(share, share * (1 + effect), level=level, power=power, inflation=paid)


def _false_alarms(found: Moments, name: str, splits: Simulations, level: float) -> float:
    """Split the buckets at random, many times: every difference is chance,
    so 1 - level of them may alarm."""
    group, rng, hits = found.group(name), np.random.default_rng(splits.seed), 0
    parts = [Sample.of_sums(*found.only(bucket=b).sums(name)) for b in found.values("bucket")]
    if splits.number == 0 or len(parts) < 4:
        return float("nan")
    rows = [found.only(bucket=b).sums(name) for b in found.values("bucket")]
    n, s, q = (np.array([row[k] for row in rows]) for k in range(3))
    for _k in range(splits.number):
        mine = rng.permutation(len(rows)) < len(rows) // 2
        a, b = (
            Sample.of_sums(n[m].sum(), s[m].sum(axis=0), q[m].sum(axis=0), rows[0][3])
            for m in (mine, ~mine)
        )
        hits += (
            read(
                a, b, group.metric, group.known, Reading(level=level), proportion=group.proportion
            ).p_fixed
            <= 1 - level
        )
    return hits / splits.number
