"""Plan: how long must the test run, and would its machinery cry wolf on our own data?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.experiments.sizing import (
    History,
    curves,
    history,
    needed,
    split_of,
    weeks,
)
from kpilab.core.result import Result
from kpilab.core.trial import Design, Outcome, Units
from kpilab.core.values import Message, fraction
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.experiments.readout import Reading, read
from kpilab.stats.experiments.sequential import lan_demets
from kpilab.stats.mean import Sample

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular


@dataclass(frozen=True, slots=True, eq=False)
class PlanResult(Result):
    """Answer of `plan`.

    Attributes:
        table: one row per relative effect; columns `effect` (relative), `units` (of all arms; NaN
            where a share would leave 0-100 %), `guardrail` (the one that asks for more units than
            the metric; "" if none does), `days` (at the history's traffic; NaN without times).
        curve: chance to find each effect; `effect`, `units` (of all arms), `power`.
        weeks: what is found after each full week of that traffic; `week`, `units`, `smallest`.
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
    curve: pd.DataFrame
    weeks: pd.DataFrame
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
    metric: Outcome | str | Sequence[Outcome],
    effects: Sequence[float] = (0.01, 0.02, 0.05, 0.1),
    arms: int | Design = 2,
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
        metric: a mean, count, proportion, ratio or quantile; of several the first decides, and the
            guardrails among them must be shown to be safe, too. effects: relative effects worth
            finding.
        arms: equally large, the control among them; or a `Design` whose split (control first),
            cluster and sides hold. Each treatment's error is a share of the whole (Bonferroni).
        looks: planned O'Brien-Fleming looks.
        simulations: random A/A splits of the history, 0 for none; or `Simulations(…, seed=…)`.

    Raises:
        BadInput: no effect, fewer than two arms, a metric that does not vary or has mean 0, a
            share that cannot change so far, too few units for a quantile.
    """
    fraction(level, "plan(level=)")
    units, design = Units.of(units), arms if isinstance(arms, Design) else Design()
    shares, treatments = split_of(arms if isinstance(arms, int) else 2, design.split)
    asked = [Outcome(metric)] if isinstance(metric, str) else metric
    wanted = [replace(m, cap=None) for m in (asked if isinstance(asked, Sequence) else [asked])]
    if not wanted or not effects or min(map(abs, effects)) == 0 or treatments < 1 or looks < 1:
        what = "effects, arms, looks or the metric cannot be planned for"
        raise BadInput(what, "plan", "see the arguments' ranges")
    inner = 1 - (1 - level) / treatments
    paid = float(
        lan_demets(np.arange(1, looks + 1) / looks, inner)[-1] / lan_demets([1.0], inner)[-1]
    )
    pair = shares[0], min(shares[1:])
    past = [history(units, m, design) for m in wanted]
    sized = [h.sizing(pair, inner, power, paid, design) for h in past]
    first, sizing = past[0], sized[0]
    if not any(map(sizing.possible, effects)):
        room = (1 - first.mean) / first.mean
        what = f"a share of {first.mean:.1%} cannot change by {effects[0]:+.0%}: it would leave"
        mend = f"choose effects below {room:+.0%}"
        raise BadInput(f"{what} 0-100 %", "plan, argument 'effects'", mend)
    guards = [(h, s) for h, s in zip(past, sized, strict=True) if h.metric.role == "guardrail"]
    table = needed((first, sizing), guards, effects, sum(pair))
    table["units"] = np.ceil(table["units"])
    table["days"] = np.ceil(table["units"] / first.traffic)
    splits = simulations if isinstance(simulations, Simulations) else Simulations(simulations)
    ends = float(table["units"].min() / 10), float(2 * table["units"].max())
    return PlanResult(
        table, metric=wanted[0].name, mean=first.mean, sd=float(np.sqrt(first.variance)),
        cut=first.cut, smallest=sizing.smallest(first.rows * sum(pair)), power=power, level=level,
        traffic=first.traffic, false_alarms=_false_alarms(first, splits, level),
        simulations=splits.number,
        curve=curves(first, sizing, effects, ends, sum(pair)),
        weeks=weeks(first, sizing, first.traffic, sum(pair)),
    )  # fmt: skip


def _false_alarms(past: History, splits: Simulations, level: float) -> float:
    """Split the buckets at random, many times: every difference is chance,
    so 1 - level of them may alarm."""
    found, name = past.found, past.metric.name
    if found is None or splits.number == 0 or len(found.values("bucket")) < 4:
        return float("nan")
    group, rng, hits = found.group(name), np.random.default_rng(splits.seed), 0
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
