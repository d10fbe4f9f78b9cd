"""Experiment: did the treatment work, can the test be trusted, and what should be done?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import Assignments, EventLog, Facts
from kpilab.core.trial import Design, Outcome, Units
from kpilab.core.values import Message, fraction
from kpilab.engine.column import marked
from kpilab.engine.door.keys import given
from kpilab.engine.door.tables import Tabular
from kpilab.engine.experiments.ages import AgeMoments, age_moments
from kpilab.engine.experiments.moments import Moments, moments
from kpilab.engine.experiments.trial import Trial, below, extremes, prepare, quantiles
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.stats.experiments import validity
from kpilab.stats.experiments.decision import Judged, Reason, Verdict, decide
from kpilab.stats.experiments.novelty import worn_off
from kpilab.stats.experiments.quantile import design_effect, enough, from_order, ranks
from kpilab.stats.experiments.readout import (
    Looks,
    Readout,
    estimates,
    is_share,
    read,
    stratified,
    unreadable,
)
from kpilab.stats.experiments.scorecard import Row, Unread, scorecard, scored, surest
from kpilab.stats.mean import Sample

SAFE_LEVEL = 0.95


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
            loss), `gain` (1 better, −1 worse, 0 neither).
        control, best: the control, and the treatment the decision is about.
        decision: ship, stop, continue or invalid; `reason` says why.
        checks: one row per validity check; `check`, `value`, `p`, `trouble`, `spoils` (makes the
            test invalid), `where` (the segment or metric it is about).
        moments: what all of it was computed from; store it, merge it, read it by
            `cumulative_effect`, `subgroups`, `sample_ratio`.
        by_age: primary metrics by days since the assignment (`effect_by_age`); None without a log.
        reach: share of the assigned units that met the change; 1 where no exposure is declared.
    """

    control: str
    best: str
    decision: Verdict
    reason: Reason
    checks: pd.DataFrame
    moments: Moments
    by_age: AgeMoments | None
    reach: float
    level: float
    kind: ClassVar[str] = "experiment"

    @property
    def headline(self) -> Message:
        values = self._values()
        within = self.reason == "guardrail" and values["p_safe"] <= 1 - SAFE_LEVEL
        return Message(
            f"experiment.{self.decision}_{self.reason}{'_within' if within else ''}", values
        )

    @property
    def card(self) -> tuple[Message, ...]:
        """The decision on one screen: what to do, why, each metric,
        whether the test can be trusted, doubts."""
        rows = self.table[self.table["treatment"] == self.best].to_dict("records")
        lines = [_line(row) for row in rows]
        troubles = self.checks[self.checks["trouble"]].to_dict("records")
        told = ("value", "p", "where")
        doubts = [
            Message(f"experiment.check_{row['check']}", {k: row[k] for k in told})
            for row in troubles
        ]
        trusted = [] if doubts else [Message("experiment.trusted", {"checks": len(self.checks)})]
        return (self.headline, *lines, self._ratio(), *doubts, *trusted, *self.notes)

    def _ratio(self) -> Message:
        """Units per variant and the sample-ratio p-value: said always, also when it passes."""
        row = self.checks[self.checks["check"] == "sample_ratio"].to_dict("records")[0]
        units = [
            f"{v}: {self.moments.only(variant=v).units():,}" for v in self.moments.values("variant")
        ]
        return Message("experiment.units", {"units": units, "p": row["p"]})

    def _values(self) -> dict[str, Any]:
        rows = self.table[self.table["treatment"] == self.best].sort_values("q").to_dict("records")
        row = next((r for r in rows if r["role"] == "primary"), rows[0])
        guards = [r for r in rows if r["role"] == "guardrail"]
        harmed = [r for r in guards if r["gain"] < 0] or [
            r for r in guards if not r["p_safe"] <= 1 - SAFE_LEVEL
        ]
        guard = harmed[0] if harmed else {"metric": None, "p_safe": 1.0, "margin": None}
        told = {"metric": row["metric"], "lift": row["lift"], "q": row["q"], "change": _change(row)}
        told |= {"guardrail": guard["metric"], "p_safe": guard["p_safe"], "margin": guard["margin"]}
        names, at = self.checks["check"], self.checks.set_index("check")["value"].to_dict()
        told |= {
            "unread": self.checks[names.str.startswith("unread")]["where"].tolist(),
            "late": at.get("late"),
        }
        bad = names[self.checks["trouble"] & self.checks["spoils"]].tolist()
        return {
            **told,
            "treatment": self.best,
            "check": Message(f"experiment.name_{bad[0]}") if bad else None,
        }


def _line(row: Mapping[Any, Any]) -> Message:
    """One metric in one sentence; a guardrail also by its margin."""
    safe = row["role"] == "guardrail" and row["p_safe"] <= 1 - SAFE_LEVEL
    return Message(
        f"experiment.line_{row['role']}{'_safe' if safe else ''}", {**row, "change": _change(row)}
    )


def _change(row: Mapping[Any, Any]) -> Message:
    """The relative change with its absolute one; the absolute one alone where the control is 0."""
    return Message(
        f"experiment.change_{'relative' if np.isfinite(row['lift']) else 'absolute'}", dict(row)
    )


@keywords("experiment")
def experiment(
    assignments: Assignments | Units | Tabular,
    log: EventLog | Facts | Tabular | None = None,
    *,
    metrics: Sequence[Outcome | str],
    control: str,
    name: str | None = None,
    design: Design | None = None,
    covariates: Sequence[str] = (),
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
        assignments: who was assigned what (with `log`), or one row per unit.
        log: what units do, measured from their assignment on.
        metrics: what is measured; a text is a primary metric that should rise.
        control: the variant compared against. name: the experiment, if the assignments hold
            several.
        design: split, dates, looks, clusters, strata, exposure, missing values; see `Design`.
        covariates: columns of `Units` known before the test, for every metric that names none
            itself.
        by: columns to keep in the moments, for `subgroups` and `sample_ratio`.
        level: confidence level.
        ages: whether a log is also read by days since the assignment (novelty).

    Raises:
        BadInput: one variant only, an empty arm, an unknown control, column or metric, a metric
            without variance, dates reversed or without units, clusters in several variants.

    Example:
        >>> rows = pd.DataFrame({"variant": ["A", "B"] * 50, "paid": [0, 1, 1, 1, 0] * 20})
        >>> experiment(rows, metrics=[Outcome("paid", kind="proportion")], control="A").decision
        'stop'
    """
    fraction(level, "experiment(level=)")
    (assignments, log), design = given(assignments, log), design or Design()
    wanted = _wanted(metrics, covariates, assignments)
    keep = (
        *by,
        *([design.strata] if design.strata and design.strata not in by else []),
    )
    trial = prepare(assignments, log, wanted, name, design, keep)
    found = moments(trial.table, trial.groups, by=trial.keys(keep), nulls=design.nulls)
    treatments = _treatments(found, control, design)
    aged = None
    if (
        ages
        and trial.log is not None
        and isinstance(assignments, Assignments)
        and not design.cluster
    ):
        aged = age_moments(trial.rows, assignments, trial.log, wanted, window=design.window)
    asked = _Question(
        trial, found, found.totals("variant"), control, tuple(wanted), design, level, aged
    )
    asked = replace(asked, moved=_moved(asked))
    read_out = [row for m in wanted for t in treatments for row in _readouts(asked, m, t)]
    unread = [row for row in read_out if isinstance(row, Unread)]
    table = scorecard([row for row in read_out if isinstance(row, Row)], unread, level)
    best = surest(table, treatments)
    checks = _checks(asked, [s for s in by if s in found.searched()], best, unread)
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
        checks=checks, moments=found, by_age=aged, reach=reach, level=level,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """What every part of the read-out needs."""

    trial: Trial
    found: Moments
    totals: Mapping[tuple[str, ...], Mapping[str, float]]
    control: str
    wanted: tuple[Outcome, ...]
    design: Design
    level: float
    aged: AgeMoments | None
    moved: frozenset[str] = frozenset()

    def sample(self, label: str, variant: str) -> Sample:
        return Sample.of_sums(*self.found.sums(label, self.totals[(variant,)]))

    def settings(self, m: Outcome) -> dict[str, Any]:
        d = self.design
        looks, better = Looks(d.boundary, d.looks, d.tuning), 1 if m.better == "up" else -1
        return {
            "looks": looks,
            "level": self.level,
            "better": better,
            "relative": d.relative,
            "prior": d.prior,
        }

    @property
    def variants(self) -> list[str]:
        return [str(v) for v in self.found.values("variant")]


def _wanted(
    metrics: Sequence[Outcome | str], covariates: Sequence[str], who: Assignments | Units
) -> list[Outcome]:
    wanted = [Outcome(m) if isinstance(m, str) else m for m in metrics]
    if not wanted or len({m.name for m in wanted}) < len(wanted):
        where = "experiment, argument 'metrics'"
        raise BadInput(
            "metrics are missing or share a name", where, "give each metric its own name"
        )
    if covariates and not isinstance(who, Units):
        where = "experiment, argument 'covariates'"
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


def _readouts(asked: _Question, m: Outcome, treatment: str) -> list[Row | Unread]:
    """The read-out of a metric, and of the same with capped values."""
    if m.kind == "quantile":
        readout = _quantile(asked, m, treatment)
        return [
            _safe(m, m.name, treatment, readout) if readout else Unread(m.name, m.role, "sparse")
        ]
    labels = [m.name, *([f"{m.name} (capped)"] if m.name in asked.trial.caps else [])]
    return [_row(asked, m, label, treatment) for label in labels]


def _row(asked: _Question, m: Outcome, label: str, treatment: str) -> Row | Unread:
    group, settings = asked.found.group(label), asked.settings(m)
    a, b = (asked.sample(label, v) for v in (asked.control, treatment))
    why = unreadable(a, b, group.metric)
    if why:
        return Unread(label, m.role, why)
    if group.proportion and not all(is_share(arm) for arm in (a, b)):
        raise BadInput(
            "a share holds more than 0 and 1",
            f"metric {m.name!r}",
            "give 0 and 1, or leave out the kind",
        )
    known = () if label in asked.moved else group.known
    if not asked.design.strata:
        readout = read(a, b, group.metric, known, proportion=group.proportion, **settings)
        return _safe(m, label, treatment, readout, group.proportion)
    plain = read(a, b, group.metric, level=asked.level).difference.error
    pairs = _pairs(asked, label, treatment)
    if not pairs:
        return Unread(label, m.role, "apart")
    return _safe(
        m, label, treatment, stratified(pairs, group.metric, known, plain=plain, **settings)
    )


def _safe(m: Outcome, label: str, treatment: str, readout: Readout, plain: bool = False) -> Row:
    better, margin = (
        1 if m.better == "up" else -1,
        m.margin if m.role == "guardrail" else float("nan"),
    )
    return scored(label, m.role, treatment, readout, better=better, margin=margin, proportion=plain)


def _pairs(asked: _Question, label: str, treatment: str) -> list[tuple[Sample, Sample]]:
    """Both arms in each stratum; strata with fewer than two units in an arm cannot be compared."""
    totals = asked.found.totals(marked(str(asked.design.strata)), "variant")
    both = [
        s
        for s in dict.fromkeys(s for s, _v in totals)
        if {(s, asked.control), (s, treatment)} <= set(totals)
    ]
    arms = [
        [Sample.of_sums(*asked.found.sums(label, totals[s, v])) for v in (asked.control, treatment)]
        for s in both
    ]
    return [(a, b) for a, b in arms if min(a.n, b.n) > 1]


def _quantile(asked: _Question, m: Outcome, treatment: str) -> Readout | None:
    """By order statistics, where there are enough; where clusters were drawn,
    further apart by the design effect."""
    arms = (asked.control, treatment)
    middle = quantiles(asked.trial, m.name, dict.fromkeys(arms, (m.quantile,)))
    size, spread = {v: middle[v][0] for v in arms}, dict.fromkeys(arms, 1.0)
    if asked.design.cluster:
        sums = below(asked.trial, m.name, asked.design.cluster, {v: middle[v][1][0] for v in arms})
        spread, size = (
            {v: design_effect(**sums[v]) for v in arms},
            {v: sums[v]["clusters"] for v in arms},
        )
    if not all(enough(middle[v][0], m.quantile, inflation=spread[v]) for v in arms):
        return None
    levels = {v: ranks(middle[v][0], m.quantile, inflation=spread[v]) for v in arms}
    ends = quantiles(asked.trial, m.name, levels)
    a, b = (from_order(size[v], middle[v][1][0], *ends[v][1]) for v in arms)
    return estimates(a, b, **asked.settings(m))


def _checks(
    asked: _Question, segments: Sequence[str], best: str, unread: Sequence[Unread]
) -> pd.DataFrame:
    found, intake, variants = asked.found, asked.trial.intake, asked.variants
    shares = [asked.design.split.get(v, 1 / len(variants)) for v in variants]
    by_day = found.counts("day", variants) if "day" in found.keys else {}
    assigned = [intake.assigned.get(v, 0) for v in variants] if asked.design.exposure else ()
    parts = {
        f"{d} = {value}": n
        for d in segments
        for value, n in found.counts(marked(d), variants).items()
    }
    seen = validity.Seen(
        [asked.totals[(v,)]["units"] for v in variants], shares, intake.crossed, assigned,
        intake.early,
        intake.logged, intake.late, intake.idle, intake.heavy, intake.unnamed, parts,
        list(by_day.values()),
        found.days(),
    )  # fmt: skip
    checks = validity.counted(seen) + _extremes(asked) + _ageing(asked, best)
    checks += [
        validity.unread(label, why)
        for label, why in dict.fromkeys((u.label, u.why) for u in unread)
    ]
    known = [p for part in _balance(asked).values() for p in part]
    if known:
        checks.append(validity.balance(known))
    return pd.DataFrame([asdict(c) for c in checks])


def _extremes(asked: _Question) -> list[validity.Check]:
    """The metric in which one unit weighs most."""
    checks = []
    whole = asked.found.totals()[()]
    for metric, (low, high) in (
        extremes(asked.trial, asked.wanted).items() if not asked.design.cluster else ()
    ):
        arm = Sample.of_sums(*asked.found.sums(metric, whole))
        checks.append(
            validity.outliers(metric, arm.n, float(arm.mean[0]), float(arm.cov[0, 0]), low, high)
        )
    return sorted(checks, key=lambda c: -c.value)[:1]


def _ageing(asked: _Question, best: str) -> list[validity.Check]:
    """The primary metric whose effect changes most with the days since the assignment."""
    checks = []
    for metric in asked.aged.frames if asked.aged else ():
        worn = (
            worn_off(*(asked.aged.arm(metric, v) for v in (asked.control, best)))
            if asked.aged
            else None
        )
        if worn:
            checks.append(validity.ageing(metric, worn.first, worn.lasting, worn.p))
    return validity.worst_ageing(checks)


def _balance(asked: _Question) -> dict[str, list[float]]:
    """p-values of a metric's covariates between the arms: before the test there is no effect."""
    found: dict[str, list[float]] = {}
    for group in asked.found.groups:
        for treatment in (v for v in asked.variants if v != asked.control and group.known):
            a, b = (asked.sample(group.name, v) for v in (asked.control, treatment))
            p = [
                read(a, b, columns).p_fixed
                for columns in group.known
                if not unreadable(a, b, columns)
            ]
            found[group.name] = [*found.get(group.name, []), *(v for v in p if np.isfinite(v))]
    return found


def _moved(asked: _Question) -> frozenset[str]:
    """Metrics whose covariates differ between the arms: the treatment may have moved them, so they
    adjust nothing.

    What a log shows of the time before the assignment cannot have been moved.
    """
    found = _balance(asked) if asked.trial.log is None else {}
    tests = sum(len(p) for p in found.values())
    return frozenset(
        name for name, p in found.items() if p and min(p) * tests < validity.BALANCE_LEVEL
    )


def _finished(found: Moments, design: Design) -> bool:
    """Whether the planned end, or the last planned look, is reached."""
    if design.boundary == "always valid" or design.looks[-1] < 1:
        return False
    return design.planned_days is None or not found.days() or found.days() >= design.planned_days


def _notes(asked: _Question, table: pd.DataFrame, best: str) -> tuple[Message, ...]:
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
    capped = [m for m in asked.trial.caps if f"{m} (capped)" in set(table["metric"])]
    if capped:
        notes.append(Message("experiment.note_capped", {"metrics": capped}))
    if len(asked.wanted) > 1 or table["treatment"].nunique() > 1:
        many = {"metrics": len(asked.wanted), "treatments": int(table["treatment"].nunique())}
        notes.append(Message("experiment.note_many", many))
    notes += [_reached(asked, table, best)] if design.exposure else []
    prior = {"mean": design.prior[0], "sd": float(np.sqrt(design.prior[1]))} if design.prior else {}
    return (*notes, Message("experiment.prior_normal" if prior else "experiment.prior_flat", prior))


def _reached(asked: _Question, table: pd.DataFrame, best: str) -> Message:
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
