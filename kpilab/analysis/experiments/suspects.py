"""What may have made a decided test look like a win: lost units, a novelty, a lucky look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from kpilab.analysis.experiments.tails import pair
from kpilab.core.table import Assignments, EventLog, Facts
from kpilab.core.trial import Design, Outcome
from kpilab.core.values import EVERYWHERE, Effect, Where
from kpilab.engine.experiments.ages import age_moments
from kpilab.engine.experiments.moments import Moments
from kpilab.stats.experiments.novelty import Decay, by_age, worn_off
from kpilab.stats.experiments.readout import Looks, Reading, Readout
from kpilab.stats.experiments.sample_ratio import ratios, sample_ratio
from kpilab.stats.experiments.sequential import uncorrected_p
from kpilab.stats.multiplicity import holm
from kpilab.stats.tail import normal_upper

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.engine.experiments.tails import Tails

Kind = Literal["srm", "novelty", "peeking", "fine"]
SRM_LEVEL, NOVELTY_LEVEL, LEVEL = 0.001, 0.01, 0.05


@dataclass(frozen=True, slots=True)
class Check:
    check: Kind
    p: float
    threshold: float
    trouble: bool
    effect: Effect
    where: Where = EVERYWHERE


def look(
    stood: Moments, control: str, treatment: str, design: Design, looks: Looks | None = None
) -> Readout | None:
    """What one look reads; None where an arm is too small or nothing varies."""
    (group,) = stood.groups
    how = Reading(looks or Looks(), relative=design.relative)
    return pair(stood, group.name, control, treatment, how)


def z_of(readout: Readout | None) -> float:
    """The normal deviate that stands for the test's own p-value."""
    if readout is None:
        return float("nan")
    z = normal_upper(readout.p_fixed / 2)
    return (
        float(np.sign(readout.difference.effect) * z)
        if np.isfinite(z)
        else readout.difference.statistic
    )


def effect_of(readout: Readout | None) -> Effect:
    if readout is None:
        return Effect(float("nan"))
    d = readout.difference
    return Effect(d.effect, d.low, d.high)


def decided_at(curve: pd.DataFrame) -> dict[str, float]:
    return row_at(curve, int(np.flatnonzero(curve["decided"])[0]))


def row_at(curve: pd.DataFrame, row: int) -> dict[str, float]:
    numbers = curve[["effect", "low", "high", "p", "z", "bound"]]
    return dict(zip(numbers.columns, numbers.to_numpy(dtype=float)[row], strict=True))


def segments_of(
    by: pd.DataFrame, split: Mapping[str, float], control: str, treatment: str
) -> pd.DataFrame:
    """Counts per value of dimensions with several, against the declared split;
    `q` corrects for all looked at."""
    rows = by[(by["dimension"] != "") & (by.groupby("dimension")["value"].transform("nunique") > 1)]
    wide = rows.pivot_table(
        index=["dimension", "value"], columns="variant", values="units", aggfunc="sum", fill_value=0
    )
    wide = wide.reindex(columns=list(split), fill_value=0)
    tests = [sample_ratio(row, list(split.values())) for row in wide.to_numpy()]
    wide[["ratio", "low", "high"]] = ratios(
        wide[control], wide[treatment], (split[control], split[treatment])
    )
    wide["p"] = [t.p for t in tests]
    wide["q"] = holm(wide["p"]) if len(wide) else []
    return wide.reset_index().rename_axis(columns=None).sort_values("p", ignore_index=True)


def outside(
    parts: Moments,
    segments: pd.DataFrame,
    control: str,
    treatment: str,
    tails: Mapping[str, Tails] | None = None,
) -> Effect:
    """The read-out without the segment furthest from the split.

    Args:
        tails: of the units outside it, where the test could lean.
    """
    whole = parts.only(dimension="")
    if len(segments):
        worst = parts.only(
            dimension=segments["dimension"].iat[0], value=segments["value"].iat[0]
        ).frame
        numbers = [c for c in worst.columns if c not in parts.keys]
        less = worst.assign(**{c: -worst[c] for c in numbers})
        whole = replace(whole, frame=pd.concat([whole.frame, less]), tails=tails or {})
    return effect_of(look(whole, control, treatment, Design()))


def srm(
    counts: Mapping[str, int], split: Mapping[str, float], segments: pd.DataFrame, outside: Effect
) -> Check:
    shares = list(split.values())
    whole = sample_ratio(list(counts.values()), shares).p
    where, q = EVERYWHERE, 1.0
    if len(segments) and segments["q"].to_numpy()[0] <= LEVEL:
        worst = segments.iloc[0]
        rest = [counts[v] - int(worst[v]) for v in counts]
        # One place explains it only if the others are as declared: what a variant moved from one
        # value to another was not lost.
        if sum(rest) and sample_ratio(rest, shares).p > NOVELTY_LEVEL:
            where, q = Where({str(worst["dimension"]): (worst["value"],)}), float(worst["q"])
    # Beside all units, a loss of one segment may be no more than chance.
    p = whole if whole < SRM_LEVEL or q >= SRM_LEVEL else q
    return Check("srm", p, SRM_LEVEL, p < SRM_LEVEL, outside, where)


def ages_of(
    rows: ir.Table,
    assignments: Assignments,
    log: EventLog | Facts,
    metric: Outcome,
    control: str,
    treatment: str,
) -> tuple[pd.DataFrame, Decay | None]:
    """Effect by age with its covariance, and the decay fitted to it;
    a share is one of active days."""
    asked = replace(metric, per="max(1)", kind="mean") if metric.kind == "proportion" else metric
    found = age_moments(rows, assignments, log, [asked], window=None)
    arms = [found.arm(asked.name, v) for v in (control, treatment)]
    if arms[0] is None or arms[1] is None:
        return pd.DataFrame(columns=["age", "days", "control", "effect", "low", "high"]), None
    seen = by_age(arms[0], arms[1])
    return pd.DataFrame(seen.columns()), worn_off(arms[0], arms[1])


def novelty(worn: Decay | None, decided: Mapping[str, float], shipped: bool) -> Check:
    if worn is None:
        return Check("novelty", float("nan"), NOVELTY_LEVEL, False, Effect(float("nan")))
    claimed = shipped and decided["p"] <= LEVEL
    wears_off = worn.p <= NOVELTY_LEVEL and worn.extra * decided["effect"] > 0
    most = abs(worn.lasting) < abs(worn.first) / 2 or worn.lasting * worn.first < 0
    lasting = Effect(worn.lasting, worn.low, worn.high)
    return Check("novelty", worn.p, NOVELTY_LEVEL, bool(claimed and wears_off and most), lasting)


def peeking(curve: pd.DataFrame, early: bool) -> Check:
    z, last = decided_at(curve)["z"], row_at(curve, -1)
    p = uncorrected_p(z, curve.loc[curve["look"], "share"].to_numpy(dtype=float))
    confirmed = last["z"] * z > 0 and abs(last["z"]) >= last["bound"]
    effect = (
        Effect(last["effect"], last["low"], last["high"])
        if np.isfinite(last["effect"])
        else Effect(float("nan"))
    )
    return Check("peeking", p, LEVEL, bool(early and p > LEVEL and not confirmed), effect)
