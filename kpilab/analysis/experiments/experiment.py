"""Experiment: did the treatment work, can the test be trusted, and what should be done?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.experiments import card
from kpilab.analysis.experiments.readings import (
    SAFE_LEVEL,
    Question,
    between,
    checks_of,
    informed,
    leaning,
    readouts,
)
from kpilab.core.result import Result
from kpilab.core.table import Assignments, EventLog, Facts
from kpilab.core.trial import Counts, Design, Outcome, Units
from kpilab.core.values import Message, fraction
from kpilab.engine.door.keys import given
from kpilab.engine.door.tables import Tabular
from kpilab.engine.experiments.ages import AgeMoments, age_moments
from kpilab.engine.experiments.counts import counted, refuse_days
from kpilab.engine.experiments.moments import Moments
from kpilab.engine.experiments.scan import moments
from kpilab.engine.experiments.slots import slotted
from kpilab.engine.experiments.trial import Trial, prepare
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.stats.experiments.decision import Judged, Reason, Verdict, decide
from kpilab.stats.experiments.scorecard import Row, Unread, scorecard, surest


@dataclass(frozen=True, slots=True, eq=False)
class ExperimentResult(Result):
    """Answer of `experiment`.

    Attributes:
        table: one row per metric and treatment; columns `metric`, `role`, `treatment`,
            `units_control`, `units_treatment` (that count for the metric), `control`, `value`,
            `effect`, `low`, `high` (treatment − control; looks paid for), `lift`, `lift_low`,
            `lift_high` (relative to |control|), `bounds` (interval, unbounded, undefined), `p`
            (looks paid for), `q` (also corrected for treatments and metrics), `p_safe` (guardrails:
            "worse by its margin or more"), `cut` (share of variance removed by covariates),
            `chance` (that the treatment is better), `loss_ship`, `loss_keep` (expected relative
            loss), `share` (whether the values are shares of units), `gain` (1 better, −1 worse, 0
            neither).
        control, best: the control, and the treatment the decision is about.
        decision: ship, stop, continue or invalid; `reason` says why.
        checks: one row per validity check; `check`, `value`, `p`, `trouble`, `spoils` (makes the
            test invalid), `where` (the segment or metric it is about).
        moments: what all of it was computed from; store it, merge it, read it by
            `cumulative_effect`, `subgroups`, `sample_ratio`.
        by_age: primary metrics by days since the assignment (`effect_by_age`); None without a log.
        reach: share of the assigned units that met the change; 1 where no exposure is declared.
        pairs: treatments against each other; `metric`, `first`, `second`, `effect` (second less
            first), `low`, `high`, `lift`, `p`, `q` (Holm over the pairs of a metric).
    """

    control: str
    best: str
    decision: Verdict
    reason: Reason
    checks: pd.DataFrame
    moments: Moments
    by_age: AgeMoments | None
    reach: float
    pairs: pd.DataFrame
    level: float
    kind: ClassVar[str] = "experiment"

    @property
    def headline(self) -> Message:
        return card.headline(self)

    @property
    def banner(self) -> tuple[Message, ...]:
        """Whether the test can be trusted, before what it says."""
        return (*card.health(self), self.headline)

    @property
    def figures(self) -> tuple[dict[str, Message], ...]:
        """The rows of the table as they are told, a cell of each name."""
        return tuple(card.figures(row) for row in self.table.to_dict("records"))

    @property
    def card(self) -> tuple[Message, ...]:
        """The decision on one screen: what to do, why, each metric,
        whether the test can be trusted, doubts."""
        rows = self.table[self.table["treatment"] == self.best].to_dict("records")
        return (self.headline, *(card.line(row) for row in rows), *card.health(self), *self.notes)


@keywords("experiment")
def experiment(
    assignments: Assignments | Units | Counts | Tabular,
    log: EventLog | Facts | Tabular | None = None,
    *,
    metrics: Sequence[Outcome | str],
    control: str,
    design: Design | None = None,
    by: Sequence[str] = (),
    ages: bool = True,
    level: float = 0.95,
) -> ExperimentResult:
    """Evaluate an A/B test from its assignments to a decision.

    Units are compared as assigned. One scan collects the moments of every metric by variant,
    stratum, segment and day of assignment; everything else is arithmetic on that table (quantiles
    and caps read order statistics, too). A mean or ratio is tested by Welch's t on (adjusted)
    delta-method variances, a plain proportion by the score test; the relative change has Fieller's
    interval, which never contradicts the p-value. Several treatments are corrected by Dunnett,
    primary metrics by Holm, secondary ones by Benjamini-Hochberg; a guardrail must be shown not to
    be worse than its margin.

    Args:
        assignments: who was assigned what (with `log`), one row per unit, or counts of units.
        log: what units do, measured from their assignment on.
        metrics: what is measured; a text is a primary metric that should rise.
        control: the variant compared against.
        design: split, dates, looks, clusters, strata, covariates, exposure, missing values, and
            which experiment if the assignments hold several; see `Design`.
        by: columns to keep in the moments, for `subgroups` and `sample_ratio`.
        level: confidence level.
        ages: whether a log is also read by days since the assignment (novelty).

    Raises:
        BadInput: one variant only, an empty arm, an unknown control, column or metric, a metric
            without variance, dates reversed or without units, clusters in several variants, rows
            that are days of a variant and not units.

    Example:
        >>> rows = pd.DataFrame({"variant": ["A", "B"] * 50, "paid": [0, 1, 1, 1, 0] * 20})
        >>> experiment(rows, metrics=[Outcome("paid", kind="proportion")], control="A").decision
        'stop'
    """
    fraction(level, "experiment(level=)")
    (assignments, log), design = given(assignments, log), design or Design()
    ready = prepared(assignments, log, metrics=metrics, design=design, by=by)
    return read(ready, control=control, by=by, ages=ages, level=level)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A test whose units are put together, to be read once or several times.

    Attributes:
        who: its assignments, units or counts. wanted: its metrics. design: how it was set up.
        trial: the table of its units. found: the moments of counts; those of units are taken as
            they are read.
    """

    who: Assignments | Units | Counts
    wanted: tuple[Outcome, ...]
    design: Design
    trial: Trial
    found: Moments | None = None

    def of(self, names: Sequence[str]) -> Prepared:
        """With these of its metrics alone."""
        wanted = tuple(m for m in self.wanted if m.name in names)
        labels = {label for m in names for label in (m, f"{m} (capped)")}
        trial = replace(
            self.trial,
            groups=tuple(g for g in self.trial.groups if g.name in labels),
            columns={m: c for m, c in self.trial.columns.items() if m in names},
            caps={m: c for m, c in self.trial.caps.items() if m in names},
        )
        return replace(self, wanted=wanted, trial=trial)


def prepared(
    assignments: Assignments | Units | Counts,
    log: EventLog | Facts | None,
    *,
    metrics: Sequence[Outcome | str],
    design: Design,
    by: Sequence[str] = (),
) -> Prepared:
    """The units of a test; arguments and errors as of `experiment`."""
    wanted = _wanted(metrics, design.covariates, assignments)
    keep = _kept(by, design)
    if isinstance(assignments, Counts):
        trial, found = counted(assignments, wanted, design, keep)
        return Prepared(assignments, tuple(wanted), design, trial, found)
    if isinstance(assignments, Units):
        assignments, design = slotted(assignments, design)
        refuse_days(assignments, wanted, design)
    trial = prepare(assignments, log, wanted, design.name, design, keep)
    return Prepared(assignments, tuple(wanted), design, trial)


def _kept(by: Sequence[str], design: Design) -> tuple[str, ...]:
    """Columns that the moments are kept by."""
    strata = [design.strata] if design.strata and design.strata not in by else []
    return (*by, *strata)


def read(
    ready: Prepared,
    *,
    control: str,
    by: Sequence[str] = (),
    ages: bool = True,
    level: float = 0.95,
) -> ExperimentResult:
    """What `experiment` says of units that are put together; `by` are some of the columns they
    were put together with."""
    wanted, design, trial = ready.wanted, ready.design, ready.trial
    keep = _kept(by, design)
    found = ready.found
    if found is None:
        found = moments(trial.table, trial.groups, by=trial.keys(keep), nulls=design.nulls)
    treatments = _treatments(found, control, design)
    aged = None
    if ages and trial.log is not None and isinstance(ready.who, Assignments) and not design.cluster:
        aged = age_moments(trial.rows, ready.who, trial.log, wanted, window=design.window)
    asked = Question(trial, found, found.totals("variant"), control, wanted, design, level, aged)
    asked = informed(asked, trial.keys(keep))
    found = asked.found
    read_out = [row for m in wanted for t in treatments for row in readouts(asked, m, t)]
    unread = [row for row in read_out if isinstance(row, Unread)]
    table = scorecard([row for row in read_out if isinstance(row, Row)], unread, level)
    best = surest(table, treatments)
    checks = checks_of(asked, [s for s in by if s in found.searched()], best, unread)
    judged = [
        Judged(r["role"], int(r["gain"]), bool(r["p_safe"] <= 1 - SAFE_LEVEL))
        for r in table[table["treatment"] == best].to_dict("records")
    ]
    spoilt = (checks["trouble"] & checks["spoils"]).tolist()
    late = checks.loc[checks["check"] == "late", "value"].sum()
    blind = bool({u.label for u in unread} & {m.name for m in wanted if m.role == "primary"})
    decision, reason = decide(spoilt, judged, _finished(found, design), late=late, unread=blind)
    reach = trial.intake.reach if design.exposure else 1.0
    return ExperimentResult(
        table, notes=_notes(asked, table, best), control=control, best=best, decision=decision,
        reason=reason,
        checks=checks, moments=found, by_age=aged, reach=reach,
        pairs=between(asked, control), level=level,
    )  # fmt: skip


def _wanted(
    metrics: Sequence[Outcome | str], covariates: Sequence[str], who: Assignments | Units | Counts
) -> list[Outcome]:
    wanted = [Outcome(m) if isinstance(m, str) else m for m in metrics]
    if not wanted or len({m.name for m in wanted}) < len(wanted):
        where = "experiment, argument 'metrics'"
        raise BadInput(
            "metrics are missing or share a name", where, "give each metric its own name"
        )
    if covariates and isinstance(who, Assignments):
        where = "Design, argument 'covariates'"
        raise BadInput(
            "units of a log have no columns",
            where,
            "choose Design(before=days): the time before the test",
        )
    return [
        replace(m, covariates=tuple(covariates)) if covariates and not m.covariates else m
        for m in wanted
    ]


def _treatments(found: Moments, control: str, design: Design) -> list[str]:
    known = [str(v) for v in found.values("variant")]
    where = "experiment, column of the variant"
    if control not in known:
        raise unknown("variant", control, known, "experiment, argument 'control'")
    omitted = [v for v in known if design.split and v not in design.split]
    if omitted:
        what, mend = (
            f"the split leaves out variant {omitted[0]!r}",
            "give every variant its share, or leave its units out",
        )
        raise BadInput(what, "Design, split", mend)
    missing = [v for v in design.split if v not in known]
    if missing:
        raise BadInput(
            f"variant {missing[0]!r} has no units", where, "check the split, or wait for its units"
        )
    if len(known) < 2:
        raise BadInput(
            f"there is only one variant, {control!r}",
            where,
            "a comparison needs a control and a treatment",
        )
    return [v for v in known if v != control]


def _finished(found: Moments, design: Design) -> bool:
    """Whether the planned end, or the last planned look, is reached."""
    if design.boundary == "always valid" or design.looks[-1] < 1:
        return False
    return design.planned_days is None or not found.days() or found.days() >= design.planned_days


def _notes(asked: Question, table: pd.DataFrame, best: str) -> tuple[Message, ...]:
    """Which choices were made, and which doubts remain."""
    design, whole = asked.design, {} if asked.design.cluster else asked.found.totals()[()]
    missing = (
        int(sum(whole["units"] - whole[f"{g.name}:n"] for g in asked.found.groups)) if whole else 0
    )
    notes = [
        Message(f"experiment.nulls_{design.nulls}", {"missing": missing}),
        *asked.found.unsearched(),
    ]
    if asked.moved:
        notes.append(Message("experiment.note_unadjusted", {"metrics": sorted(asked.moved)}))
    if (table["cut"] > 0).any():
        notes.append(Message("experiment.note_cut", {"cut": float(table["cut"].max())}))
    if (table["bounds"] == "unbounded").any():
        names = table.loc[table["bounds"] == "unbounded", "metric"].tolist()
        notes.append(Message("experiment.note_unbounded", {"metrics": names}))
    if design.boundary == "always valid" or (design.boundary != "none" and design.looks != (1.0,)):
        key = design.boundary.replace(" ", "_").replace("-", "_")
        notes.append(Message("experiment.note_looks", {"boundary": Message(f"experiment.{key}")}))
    leant = [label for label in asked.values if leaning(asked, label)]
    if leant:
        notes.append(Message("experiment.note_uneven", {"metrics": leant}))
    if design.sides == 1:
        notes.append(Message("experiment.note_one_sided"))
    capped = [m for m in asked.trial.caps if f"{m} (capped)" in set(table["metric"])]
    if capped:
        notes.append(Message("experiment.note_capped", {"metrics": capped}))
    if len(asked.wanted) > 1 or table["treatment"].nunique() > 1:
        many = {"metrics": len(asked.wanted), "treatments": int(table["treatment"].nunique())}
        notes.append(Message("experiment.note_many", many))
    notes += [_reached(asked, table, best)] if design.exposure else []
    prior = {"mean": design.prior[0], "sd": float(np.sqrt(design.prior[1]))} if design.prior else {}
    return (*notes, Message("experiment.prior_normal" if prior else "experiment.prior_flat", prior))


def _reached(asked: Question, table: pd.DataFrame, best: str) -> Message:
    """The effect on those that met the change, spread over all that were assigned."""
    sums = [m.name for m in asked.wanted if m.kind != "quantile" and not m.per]
    row = (
        table[(table["treatment"] == best) & table["metric"].isin(sums)].head(1).to_dict("records")
    )
    share = asked.trial.intake.reach
    ends = {k: share * row[0][k] for k in ("effect", "low", "high")} if row else {}
    return Message(
        "experiment.note_reach",
        {"reach": share, "metric": row[0]["metric"] if row else None, **ends},
    )
