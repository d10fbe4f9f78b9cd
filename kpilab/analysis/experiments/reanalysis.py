"""Rereading: was a decided A/B test a win, or lost units, a novelty, or a lucky look?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.experiments.stood import Stood, stood
from kpilab.analysis.experiments.suspects import (
    Check,
    Kind,
    ages_of,
    decided_at,
    effect_of,
    look,
    novelty,
    outside,
    peeking,
    segments_of,
    srm,
    z_of,
)
from kpilab.core.result import Result
from kpilab.core.table import Assignments, EventLog, Facts
from kpilab.core.trial import Decision, Design, Outcome
from kpilab.core.values import EVERYWHERE, Effect, Message, Period, Where
from kpilab.engine.column import marked
from kpilab.engine.door.keys import assigned
from kpilab.engine.door.tables import Tabular
from kpilab.engine.experiments.exposure import condition
from kpilab.engine.experiments.intake import up_to
from kpilab.engine.experiments.moments import Moments
from kpilab.engine.experiments.tails import Tails
from kpilab.engine.experiments.trial import Trial, by_segment
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.stats.experiments.readout import Looks
from kpilab.stats.experiments.sequential import information, lan_demets


@dataclass(frozen=True, slots=True, eq=False)
class ReanalysisResult(Result):
    """Answer of `reanalysis`.

    Attributes:
        table: one row per check; columns `check` (srm, novelty, peeking), `p`, `threshold` (trouble
            needs a p below it for srm and novelty, above it for peeking), `trouble` (bool),
            `effect`, `low`, `high` (share of units: as decided without the segment that lost units;
            lasting; over the planned window).
        experiment: its id. control, treatment: the variants compared (of several, the one with the
            best z).
        verdict: srm, novelty, peeking or fine.
        where: the segment that lost units; everywhere unless the verdict is srm and one segment
            explains it.
        period: from the start to the last day that counted.
        effect, p_effect: the read-out at the decision, as `experiment` gives it when it is asked
            then: difference of the share of units with the outcome (or of its mean), looks paid for
            as the boundary says.
        base: the control's share (or mean) at the decision. share: whether the outcome is a share
            of the units.
        lasting: what stays (see `lasting_pct`): the effect without the lost segment, of the old
            hands, or over the whole planned window, by verdict; the read-out itself when fine.
        lasting_pct: the same in percent of the control's outcome.
        counts: variant -> units assigned.
        curve: one row per day; `day`, `control`, `treatment` (units), `rate` (of the control),
            `effect`, `low`, `high` (of a single look), `p`, `z`, `share` (of the information),
            `look` (bool), `bound` (critical |z| had every day been a planned look), `decided`
            (bool).
        ages: one row per age; `age` (days since assignment), `days` (unit-days), `control` (rate),
            `effect`, `low`, `high`.
        segments: one row per dimension value; `dimension`, `value`, one count per variant, `ratio`
            (treatment to control, 1 = as declared), `low`, `high`, `p`, `q` (Holm over all values).
    """

    experiment: str
    control: str
    treatment: str
    verdict: Kind
    where: Where
    period: Period
    effect: Effect
    p_effect: float
    base: float
    share: bool
    lasting: Effect
    counts: Mapping[str, int]
    curve: pd.DataFrame
    ages: pd.DataFrame
    segments: pd.DataFrame
    half_life: float | None
    kind: ClassVar[str] = "rereading"

    @property
    def lasting_pct(self) -> float | None:
        """What lasts, in percent of the control's outcome; None when the control has none."""
        return 100 * self.lasting.value / self.lasting_base if self.lasting_base else None

    @property
    def lasting_base(self) -> float:
        """Rate that `lasting` is a part of: per active day for a novelty, per unit otherwise."""
        return (
            float(self.ages["control"].to_numpy()[-1]) if self.verdict == "novelty" else self.base
        )

    @property
    def p(self) -> float:
        """p-value of the check behind the verdict; of the sample ratio when fine."""
        check = "srm" if self.verdict == "fine" else self.verdict
        return float(self.table.set_index("check")["p"].to_dict()[check])

    @property
    def figures(self) -> dict[str, Message]:
        """Effect and what lasts as they are told: shares of the units by points, else parts of the
        control's value."""
        lasts = {"lasting": self.lasting.value, "low": self.lasting.low, "high": self.lasting.high}
        bases = {"effect": self.base, **dict.fromkeys(lasts, self.lasting_base)}
        told = {"effect": self.effect.value, **lasts}
        if not self.share:
            told = {
                k: v / bases[k] if bases[k] and v is not None else None for k, v in told.items()
            }
        key = f"rereading.{'points' if self.share else 'part'}"
        return {k: Message(key, {"value": v}) for k, v in told.items()}

    @property
    def headline(self) -> Message:
        values = {"experiment": self.experiment, "p": self.p, "treatment": self.treatment}
        extra = {
            "srm": {"where": self.where, "units": [f"{k} {v}" for k, v in self.counts.items()]},
            "novelty": {"half_life": self.half_life},
            "peeking": {"day": self.period.last},
            "fine": {},
        }[self.verdict]
        return Message(f"rereading.{self.verdict}", values | self.figures | extra)


@keywords("reanalysis")
def reanalysis(
    assignments: Assignments | Tabular,
    log: EventLog | Facts | Tabular,
    *,
    decision: Decision,
    outcome: str | Outcome,
    control: str,
    dimensions: Sequence[str] | None = None,
    design: Design | None = None,
) -> ReanalysisResult:
    """Re-analyse a decided test: lost units, wearing-off effect, uncorrected stop.

    Units, values, test and interval are those of `experiment`, asked at the end of a day. *SRM*:
    units per variant against the declared split, at .001: of all, or of one dimension value (as of
    the unit's first event; the furthest from the split, corrected for all values) beside which the
    others are as declared. *Novelty*: outcome per active day by days since assignment, an extra
    effect that halves every few days against a constant one; trouble when the read-out was positive
    or negative beyond chance, the extra is real at .01 and makes up most of it. *Peeking*: a test
    shipped before its planned end without a boundary is worth the chance that |z| would have
    reached as high at any of the planned daily looks; trouble when that is above .05 and the
    planned window does not confirm it.

    Args:
        assignments: one row per unit and experiment. log: events (or facts), before and after the
            decision.
        decision: which test, how it was to run, when and after how many looks it was decided.
        outcome: SQL condition on an event, or an event name: units convert with the first; or a
            mean, share or ratio.
        control: variant compared against.
        dimensions: columns searched for the segment that lost units; the log's own by default.
        design: the rest of how the test was set up: exposure, window, days before.

    Raises:
        BadInput: unknown experiment, variant, column or outcome; dates reversed; an empty arm; a
            quantile, a cap, clusters or strata.
    """
    assignments = assigned(
        Assignments.of(assignments), log := log if isinstance(log, Facts) else EventLog.of(log)
    )
    split, period, experiment = decision.split, decision.read, decision.experiment
    if control not in split:
        raise unknown("variant", control, split, "reanalysis, argument 'control'")
    metric, setup = _asked(outcome, log), _design(design, decision)
    test = stood(assignments, log, metric, experiment, setup)
    names = tuple(log.dimensions if dimensions is None else dimensions)
    trial = test.trial(period.last, names)
    counts = _counts(test.moments.until(period.last), split, assignments)
    then = test.at(period.last, trial)
    looked = {v: look(then, control, v, setup) for v in counts if v != control}
    decided = {v: r for v, r in looked.items() if r is not None and np.isfinite(z_of(r))}
    if len(decided) < len(looked):
        few = any(r is not None and v not in decided for v, r in looked.items())
        raise (_carried if few else _same_for_all)(experiment, metric, assignments)
    treatment = max(decided, key=lambda v: abs(z_of(decided[v])))
    curve = _curve(test, control, treatment, decision)
    parts = by_segment(trial, names)
    segments = segments_of(parts.frame, split, control, treatment)
    apart = outside(parts, segments, control, treatment, _apart(test, trial, then, segments))
    ages, worn = ages_of(
        trial.rows, assignments, up_to(log, period.last), metric, control, treatment
    )
    checks = (
        srm(counts, split, segments, apart),
        novelty(worn, decided_at(curve), decision.shipped),
        peeking(curve, decision.early),
    )
    found = next((c for c in (checks[0], checks[2], checks[1]) if c.trouble), None)
    paid = _paid(curve, period, setup)
    readout = look(then, control, treatment, setup, paid) or decided[treatment]
    effect = effect_of(readout)
    return ReanalysisResult(
        pd.DataFrame([_row(c) for c in checks]), notes=_notes(decision),
        experiment=experiment, control=control, treatment=treatment,
        verdict=found.check if found else "fine",
        where=found.where if found else EVERYWHERE, period=period, effect=effect,
        p_effect=readout.difference.p,
        base=readout.control.value, share=metric.kind == "proportion",
        lasting=found.effect if found else effect,
        counts=counts, curve=curve, ages=ages, segments=segments,
        half_life=worn.half_life if worn else None,
    )  # fmt: skip


def _paid(curve: pd.DataFrame, period: Period, setup: Design) -> Looks:
    """The looks that were taken, unless the design declares others."""
    taken = curve.loc[curve["look"] & (curve["day"].dt.date <= period.last), "share"]
    shares = tuple(taken.clip(upper=1.0).tolist())
    return Looks(setup.boundary, setup.looks if setup.looks != (1.0,) else shares, setup.tuning)


def _same_for_all(experiment: str, metric: Outcome, assignments: Assignments) -> BadInput:
    return BadInput(
        f"up to the decision of {experiment!r} the outcome {metric.name!r} is the same for every "
        "unit",
        f"table {assignments.name!r}, column {assignments.unit!r}",
        "check that units have the ids they have in the log, and that the outcome is counted since "
        "the start",
    )


def _carried(experiment: str, metric: Outcome, assignments: Assignments) -> BadInput:
    return BadInput(
        f"up to the decision of {experiment!r} a few units carry the outcome {metric.name!r}, and "
        "the smaller arm holds too few of them",
        f"table {assignments.name!r}, column {assignments.variant!r}",
        "read a share, such as the units that bought at all",
    )


def _asked(outcome: str | Outcome, log: EventLog | Facts) -> Outcome:
    if isinstance(outcome, str):
        met = f"max(case when {condition(log, outcome)} then 1 else 0 end)"
        return Outcome(outcome, met, kind="proportion")
    if outcome.kind == "quantile" or outcome.cap is not None:
        what = f"{outcome.name!r} is a quantile or capped, and cannot be followed from day to day"
        raise BadInput(
            what, "reanalysis, argument 'outcome'", "give a mean, a share or a ratio without a cap"
        )
    return replace(outcome, role="primary")


def _design(design: Design | None, decision: Decision) -> Design:
    found = design or Design()
    if found.cluster or found.strata:
        what = "a design with clusters or strata cannot be followed from day to day"
        raise BadInput(what, "reanalysis, argument 'design'", "leave them out, or ask `experiment`")
    last = decision.planned.last
    return replace(
        found, split=dict(decision.split), start=decision.start, until=last, seen_until=last,
        boundary=decision.boundary, planned_days=decision.planned_days,
    )  # fmt: skip


def _counts(stood: Moments, split: Mapping[str, float], assignments: Assignments) -> dict[str, int]:
    """Units per declared variant."""
    found = stood.frame.groupby("variant")["units"].sum()
    where = f"table {assignments.name!r}, column {assignments.variant!r}"
    for name in found.index:
        if name not in split:
            hint = "give every variant its share, or leave its units out"
            raise BadInput(f"the split leaves out variant {name!r}", where, hint)
    empty = [v for v in split if not found.get(v, 0)]
    if empty:
        raise BadInput(
            f"variant {empty[0]!r} has no units", where, "check the variant's name and the dates"
        )
    return {v: int(found[v]) for v in split}


def _apart(
    test: Stood, trial: Trial, then: Moments, segments: pd.DataFrame
) -> dict[str, Tails] | None:
    """The tails outside the segment furthest from the split; None where none are needed."""
    if not (then.tails and len(segments)):
        return None
    dimension, value = str(segments["dimension"].iat[0]), segments["value"].iat[0]
    known = test.tails(trial, then, {marked(dimension): dimension})
    return {name: t.without(marked(dimension), value) for name, t in known.items()}


def _curve(test: Stood, control: str, treatment: str, decision: Decision) -> pd.DataFrame:
    """What a look at the end of each planned day reads, with the boundary of daily looks."""
    days, rows, nan = pd.to_datetime(list(decision.planned)), [], float("nan")
    for day in days:
        part = test.at(day.date())
        units = [part.only(variant=v).units() for v in (control, treatment)]
        seen = look(part, control, treatment, Design())
        d = seen.difference if seen else None
        found = (
            (seen.control.value, d.effect, d.low, d.high, seen.p_fixed, z_of(seen))
            if seen and d
            else (nan,) * 6
        )
        rows.append((day, *units, *found))
    names = ["day", "control", "treatment", "rate", "effect", "low", "high", "p", "z"]
    table = pd.DataFrame(rows, columns=pd.Index(names))
    table["decided"] = table["day"].dt.date == decision.read.last
    table["share"] = information(
        *(table[c].to_numpy(dtype=float) for c in ("control", "treatment"))
    )
    first = max(int(np.flatnonzero(table["decided"])[0]) - decision.looks + 1, 0)
    table["look"] = table.index >= first
    table["bound"] = np.nan
    table.loc[table["look"], "bound"] = lan_demets(table.loc[table["look"], "share"].to_numpy())
    return table


def _row(check: Check) -> dict[str, object]:
    effect = check.effect
    values = {"effect": effect.value, "low": effect.low, "high": effect.high}
    return {
        "check": check.check,
        "p": check.p,
        "threshold": check.threshold,
        "trouble": check.trouble,
    } | values


def _notes(decision: Decision) -> tuple[Message, ...]:
    said = {
        "note_boundary": decision.boundary != "none",
        "note_early": decision.early,
        "note_best": len(decision.split) > 2,
    }
    values = {"looks": decision.looks}
    return tuple(Message(f"rereading.{key}", values) for key, so in said.items() if so)
