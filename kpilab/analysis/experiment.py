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
from kpilab.engine.ages import AgeMoments, age_moments
from kpilab.engine.door.keys import given
from kpilab.engine.door.tables import Tabular
from kpilab.engine.moments import Moments, moments
from kpilab.engine.trial import Trial, below, extremes, prepare, quantiles
from kpilab.errors import BadInput, unknown
from kpilab.stats import validity
from kpilab.stats.decision import Judged, Reason, Verdict, decide
from kpilab.stats.family import corrected
from kpilab.stats.mean import Sample
from kpilab.stats.novelty import worn_off
from kpilab.stats.quantile import design_effect, from_order, ranks
from kpilab.stats.readout import Looks, Readout, estimates, guarded, read, stratified

SAFE_LEVEL = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class ExperimentResult(Result):
    """Answer of `experiment`.

    Attributes:
        table: one row per metric and treatment; columns `metric`, `role`, `treatment`, `units_control`,
            `units_treatment` (that count for the metric), `control`, `value`, `effect`, `low`, `high` (treatment −
            control; looks paid for), `lift`, `lift_low`, `lift_high` (relative to |control|), `bounds` (interval,
            unbounded, undefined), `p` (looks paid for), `q` (also corrected for treatments and metrics), `p_safe`
            (guardrails: "worse by its margin or more"), `cut` (share of variance removed by covariates), `chance`
            (that the treatment is better), `loss_ship`, `loss_keep` (expected relative loss), `gain` (1 better,
            −1 worse, 0 neither).
        control, best: the control, and the treatment the decision is about.
        decision: ship, stop, continue or invalid; `reason` says why.
        checks: one row per validity check; `check`, `value`, `p`, `trouble`, `spoils` (makes the test invalid),
            `where` (the segment or metric it is about).
        moments: what all of it was computed from; store it, merge it, read it by `course`, `subgroups`, `arrivals`.
        by_age: primary metrics by days since the assignment (`ages`); None without a log.
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
        return Message(f"experiment.{self.decision}_{self.reason}", self._values())

    @property
    def card(self) -> tuple[Message, ...]:
        """The decision on one screen: what to do, why, each metric, whether the test can be trusted, doubts."""
        rows = self.table[self.table["treatment"] == self.best].to_dict("records")
        lines = [Message(f"experiment.line_{row['role']}", {str(k): v for k, v in row.items()}) for row in rows]
        troubles = self.checks[self.checks["trouble"]].to_dict("records")
        told = ("value", "p", "where")
        doubts = [Message(f"experiment.check_{row['check']}", {k: row[k] for k in told}) for row in troubles]
        trusted = [] if doubts else [Message("experiment.trusted", {"checks": len(self.checks)})]
        return (self.headline, *lines, self._ratio(), *doubts, *trusted, *self.notes)

    def _ratio(self) -> Message:
        """Units per variant and the sample-ratio p-value: said always, also when it passes."""
        row = self.checks[self.checks["check"] == "sample_ratio"].to_dict("records")[0]
        units = [f"{v}: {self.moments.only(variant=v).units():,}" for v in self.moments.values("variant")]
        return Message("experiment.units", {"units": units, "p": row["p"]})

    def _values(self) -> dict[str, object]:
        rows = self.table[self.table["treatment"] == self.best]
        main = rows[rows["role"] == "primary"] if (rows["role"] == "primary").any() else rows
        ordered = main.sort_values("q").to_dict("records")
        wanted = "guardrail" if self.reason.startswith("guardrail") else ""
        guards = [r["metric"] for r in rows.to_dict("records") if r["role"] == wanted and not r["gain"] > 0]
        row = ordered[0]
        values = {k: row[k] for k in ("metric", "lift", "lift_low", "lift_high", "effect", "low", "high", "q")}
        bad = self.checks[self.checks["trouble"] & self.checks["spoils"]]["check"].tolist()
        check = Message(f"experiment.name_{bad[0]}") if bad else None
        return {**values, "treatment": self.best, "guardrail": guards[0] if guards else None, "check": check}


def experiment(
    who: Assignments | Units | Tabular,
    log: EventLog | Facts | Tabular | None = None,
    *,
    metrics: Sequence[Outcome | str],
    control: str,
    name: str | None = None,
    design: Design | None = None,
    covariates: Sequence[str] = (),
    segments: Sequence[str] = (),
    ages: bool = True,
    level: float = 0.95,
) -> ExperimentResult:
    """Evaluate an A/B test from its assignments to a decision.

    Units are compared as assigned. One scan collects the moments of every metric by variant, stratum, segment and
    day of assignment; everything else is arithmetic on that table (quantiles and caps read order statistics, too). A
    mean or ratio is tested by Welch's t on (adjusted) delta-method variances, a plain proportion by the score test; the
    relative change has Fieller's interval, which never contradicts the p-value. Several treatments are corrected by
    Dunnett, primary metrics by Holm, secondary ones by Benjamini-Hochberg; a guardrail must be shown not to be worse
    than its margin.

    Args:
        who: assignments (with `log`), or one row per unit. log: what units do, measured from their assignment on.
        metrics: what is measured; a text is a primary metric that should rise.
        control: the variant compared against. name: the experiment, if the assignments hold several.
        design: split, dates, looks, clusters, strata, exposure, missing values; see `Design`.
        covariates: columns of `Units` known before the test, for every metric that names none itself.
        segments: columns to keep in the moments, for `subgroups` and `arrivals`. level: confidence level.
        ages: whether a log is also read by days since the assignment (novelty).

    Raises:
        BadInput: one variant only, an empty arm, an unknown control, column or metric, a metric without variance,
            dates reversed or without units, clusters in several variants.

    Example:
        >>> rows = pd.DataFrame({"variant": ["A", "B"] * 50, "paid": [0, 1, 1, 1, 0] * 20})
        >>> experiment(rows, metrics=[Outcome("paid", kind="proportion")], control="A").decision
        'stop'
    """
    fraction(level, "experiment(level=)")
    (who, log), design = given(who, log), design or Design()
    wanted = _wanted(metrics, covariates, who)
    keep = (*segments, *([design.strata] if design.strata and design.strata not in segments else []))
    trial = prepare(who, log, wanted, name, design, keep)
    found = moments(trial.table, trial.groups, by=trial.keys(keep), nulls=design.nulls)
    treatments = _treatments(found, control, design)
    aged = None
    if ages and trial.log is not None and isinstance(who, Assignments) and not design.cluster:
        aged = age_moments(trial.rows, who, trial.log, wanted, window=design.window)
    asked = _Question(trial, found, found.totals("variant"), control, tuple(wanted), design, level, aged)
    table = _table([_readouts(asked, m, t) for m in wanted for t in treatments], asked)
    best = _best(table, treatments)
    checks = _checks(asked, tuple(segments), best)
    judged = [
        Judged(r["role"], int(r["gain"]), bool(r["p_safe"] <= 1 - SAFE_LEVEL))
        for r in table[table["treatment"] == best].to_dict("records")
    ]
    spoilt = (checks["trouble"] & checks["spoils"]).tolist()
    decision, reason = decide(spoilt, judged, _finished(found, design))
    reach = trial.intake.reach if design.exposure else 1.0
    return ExperimentResult(
        table, notes=_notes(asked, table, best), control=control, best=best, decision=decision, reason=reason,
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

    def sample(self, label: str, variant: str) -> Sample:
        return Sample.of_sums(*self.found.sums(label, self.totals[(variant,)]))

    def settings(self, m: Outcome) -> dict[str, Any]:
        d = self.design
        looks, better = Looks(d.boundary, d.looks, d.tuning), 1 if m.better == "up" else -1
        return {"looks": looks, "level": self.level, "better": better, "relative": d.relative, "prior": d.prior}

    @property
    def variants(self) -> list[str]:
        return [str(v) for v in self.found.values("variant")]


@dataclass(frozen=True, slots=True)
class _Row:
    metric: Outcome
    label: str
    treatment: str
    readout: Readout
    p_safe: float


def _wanted(metrics: Sequence[Outcome | str], covariates: Sequence[str], who: Assignments | Units) -> list[Outcome]:
    wanted = [Outcome(m) if isinstance(m, str) else m for m in metrics]
    if not wanted or len({m.name for m in wanted}) < len(wanted):
        where = "experiment, argument 'metrics'"
        raise BadInput("metrics are missing or share a name", where, "give each metric its own name")
    if covariates and not isinstance(who, Units):
        where = "experiment, argument 'covariates'"
        raise BadInput("units of a log have no columns", where, "choose Design(before=days): the time before the test")
    given = tuple(covariates)
    return [replace(m, covariates=given) if given and not m.covariates else m for m in wanted]


def _treatments(found: Moments, control: str, design: Design) -> list[str]:
    known = [str(v) for v in found.values("variant")]
    where = "experiment, column of the variant"
    if control not in known:
        raise unknown("variant", control, known, "experiment, argument 'control'")
    missing = [v for v in design.split if v not in known]
    if missing:
        raise BadInput(f"variant {missing[0]!r} has no units", where, "check the split, or wait for its units")
    if len(known) < 2:
        raise BadInput(f"there is only one variant, {control!r}", where, "a comparison needs a control and a treatment")
    return [v for v in known if v != control]


def _readouts(asked: _Question, m: Outcome, treatment: str) -> list[_Row]:
    """The read-out of a metric, and of the same with capped values."""
    if m.kind == "quantile":
        return [_safe(m, m.name, treatment, _quantile(asked, m, treatment))]
    labels = [m.name, *([f"{m.name} (capped)"] if m.name in asked.trial.caps else [])]
    return [_row(asked, m, label, treatment) for label in labels]


def _row(asked: _Question, m: Outcome, label: str, treatment: str) -> _Row:
    group, settings = asked.found.group(label), asked.settings(m)
    a, b = (asked.sample(label, v) for v in (asked.control, treatment))
    _check_arms(a, b, label, treatment)
    if not asked.design.strata:
        readout = read(a, b, group.metric, group.known, proportion=group.proportion, **settings)
        return _safe(m, label, treatment, readout, group.proportion)
    plain = read(a, b, group.metric, level=asked.level).difference.error
    pairs = _pairs(asked, label, treatment)
    return _safe(m, label, treatment, stratified(pairs, group.metric, group.known, plain=plain, **settings))


def _safe(m: Outcome, label: str, treatment: str, readout: Readout, plain: bool = False) -> _Row:
    p_safe = float("nan")
    if m.role == "guardrail":
        p_safe = guarded(readout, m.margin, better=1 if m.better == "up" else -1, proportion=plain)
    return _Row(m, label, treatment, readout, p_safe)


def _pairs(asked: _Question, label: str, treatment: str) -> list[tuple[Sample, Sample]]:
    """Both arms in each stratum; strata with fewer than two units in an arm cannot be compared."""
    totals = asked.found.totals(str(asked.design.strata), "variant")
    both = [s for s in dict.fromkeys(s for s, _v in totals) if {(s, asked.control), (s, treatment)} <= set(totals)]
    arms = [[Sample.of_sums(*asked.found.sums(label, totals[s, v])) for v in (asked.control, treatment)] for s in both]
    return [(a, b) for a, b in arms if min(a.n, b.n) > 1]


def _check_arms(a: Sample, b: Sample, label: str, treatment: str) -> None:
    where = f"metric {label!r}, variant {treatment!r}"
    if min(a.n, b.n) < 2:
        raise BadInput("an arm has fewer than two units", where, "wait for more units, or check the missing values")
    if not max(a.cov[0, 0], b.cov[0, 0]) > 0:
        raise BadInput("every unit has the same value, so nothing can be tested", where, "choose a metric that varies")


def _quantile(asked: _Question, m: Outcome, treatment: str) -> Readout:
    """By order statistics; where clusters were drawn, further apart by the design effect."""
    arms = (asked.control, treatment)
    middle = quantiles(asked.trial, m.name, dict.fromkeys(arms, (m.quantile,)))
    size, spread = {v: middle[v][0] for v in arms}, dict.fromkeys(arms, 1.0)
    if asked.design.cluster:
        sums = below(asked.trial, m.name, asked.design.cluster, {v: middle[v][1][0] for v in arms})
        spread, size = {v: design_effect(**sums[v]) for v in arms}, {v: sums[v]["clusters"] for v in arms}
    levels = {v: ranks(middle[v][0], m.quantile, inflation=spread[v]) for v in arms}
    ends = quantiles(asked.trial, m.name, levels)
    a, b = (from_order(size[v], middle[v][1][0], *ends[v][1]) for v in arms)
    return estimates(a, b, **asked.settings(m))


def _table(rows: Sequence[Sequence[_Row]], asked: _Question) -> pd.DataFrame:
    listed = [row for part in rows for row in part]
    table = pd.DataFrame([_plain(row) for row in listed])
    told = (table[c].tolist() for c in ("metric", "role", "treatment"))
    q = corrected(table["p"].tolist(), [row.readout.share for row in listed], *told)
    table.insert(table.columns.tolist().index("p") + 1, "q", q)
    better = [1 if r.metric.better == "up" else -1 for r in listed]
    table["gain"] = np.where(q <= 1 - asked.level, np.sign(table["effect"]) * better, 0).astype(int)
    return table


def _plain(row: _Row) -> dict[str, object]:
    r = row.readout
    told = {"metric": row.label, "role": row.metric.role, "treatment": row.treatment}
    belief = {"chance": r.chance, "loss_ship": r.loss_ship, "loss_keep": r.loss_keep}
    return told | r.row() | {"p_safe": row.p_safe, "cut": r.cut} | belief


def _best(table: pd.DataFrame, treatments: Sequence[str]) -> str:
    """The treatment the decision is about: the surest gain of a primary metric, else the surest anything."""
    main = table[table["role"] == "primary"] if (table["role"] == "primary").any() else table
    ranked = main.assign(late=-main["gain"]).sort_values(["late", "q"], kind="stable")["treatment"].tolist()
    return str([*ranked, *treatments][0])


def _checks(asked: _Question, segments: Sequence[str], best: str) -> pd.DataFrame:
    found, intake, variants = asked.found, asked.trial.intake, asked.variants
    shares = [asked.design.split.get(v, 1 / len(variants)) for v in variants]
    by_day = found.counts("day", variants) if "day" in found.keys else {}
    assigned = [intake.assigned.get(v, 0) for v in variants] if asked.design.exposure else ()
    parts = {f"{d} = {value}": n for d in segments for value, n in found.counts(d, variants).items()}
    seen = validity.Seen(
        [asked.totals[(v,)]["units"] for v in variants], shares, intake.crossed, assigned, intake.early,
        intake.logged, intake.late, intake.idle, intake.heavy, parts, list(by_day.values()), _days(found),
    )  # fmt: skip
    checks = validity.counted(seen) + _extremes(asked) + _ageing(asked, best)
    known = _balance(asked)
    if known:
        checks.append(validity.balance(known))
    return pd.DataFrame([asdict(c) for c in checks])


def _extremes(asked: _Question) -> list[validity.Check]:
    """The metric in which one unit weighs most."""
    checks = []
    whole = asked.found.totals()[()]
    for metric, (low, high) in extremes(asked.trial, asked.wanted).items() if not asked.design.cluster else ():
        arm = Sample.of_sums(*asked.found.sums(metric, whole))
        checks.append(validity.outliers(metric, arm.n, float(arm.mean[0]), float(arm.cov[0, 0]), low, high))
    return sorted(checks, key=lambda c: -c.value)[:1]


def _ageing(asked: _Question, best: str) -> list[validity.Check]:
    """The primary metric whose effect changes most with the days since the assignment."""
    checks = []
    for metric in asked.aged.frames if asked.aged else ():
        worn = worn_off(*(asked.aged.arm(metric, v) for v in (asked.control, best))) if asked.aged else None
        if worn:
            checks.append(validity.ageing(metric, worn.first, worn.lasting, worn.p))
    return validity.worst_ageing(checks)


def _balance(asked: _Question) -> list[float]:
    """p-value of each covariate between the control and each other variant: before the test there is no effect."""
    p = []
    for group in asked.found.groups:
        for treatment in (v for v in asked.variants if v != asked.control and group.known):
            a, b = (asked.sample(group.name, v) for v in (asked.control, treatment))
            p += [read(a, b, columns).p_fixed for columns in group.known]
    return [value for value in p if np.isfinite(value)]


def _days(found: Moments) -> int:
    """Calendar days of assignment; 0 where unknown."""
    if "day" not in found.keys:
        return 0
    days = pd.to_datetime(found.frame["day"])
    return int((days.max() - days.min()).days) + 1


def _finished(found: Moments, design: Design) -> bool:
    """Whether the planned end, or the last planned look, is reached."""
    if design.boundary == "always valid" or design.looks[-1] < 1:
        return False
    return design.planned_days is None or not _days(found) or _days(found) >= design.planned_days


def _notes(asked: _Question, table: pd.DataFrame, best: str) -> tuple[Message, ...]:
    """Which choices were made, and which doubts remain."""
    design, whole = asked.design, {} if asked.design.cluster else asked.found.totals()[()]
    missing = int(sum(whole["units"] - whole[f"{g.name}:n"] for g in asked.found.groups)) if whole else 0
    notes = [Message(f"experiment.nulls_{design.nulls}", {"missing": missing})]
    if (table["cut"] > 0).any():
        notes.append(Message("experiment.note_cut", {"cut": float(table["cut"].max())}))
    if (table["bounds"] == "unbounded").any():
        names = table.loc[table["bounds"] == "unbounded", "metric"].tolist()
        notes.append(Message("experiment.note_unbounded", {"metrics": names}))
    if design.boundary == "always valid" or (design.boundary != "none" and design.looks != (1.0,)):
        key = design.boundary.replace(" ", "_").replace("-", "_")
        notes.append(Message("experiment.note_looks", {"boundary": Message(f"experiment.{key}")}))
    if asked.trial.caps:
        notes.append(Message("experiment.note_capped", {"metrics": list(asked.trial.caps)}))
    if len(asked.wanted) > 1 or table["treatment"].nunique() > 1:
        many = {"metrics": len(asked.wanted), "treatments": int(table["treatment"].nunique())}
        notes.append(Message("experiment.note_many", many))
    notes += [_reached(asked, table, best)] if design.exposure else []
    prior = {"mean": design.prior[0], "sd": float(np.sqrt(design.prior[1]))} if design.prior else {}
    return (*notes, Message("experiment.prior_normal" if prior else "experiment.prior_flat", prior))


def _reached(asked: _Question, table: pd.DataFrame, best: str) -> Message:
    """The effect on those that met the change, spread over all that were assigned."""
    sums = [m.name for m in asked.wanted if m.kind != "quantile" and not m.per]
    row = table[(table["treatment"] == best) & table["metric"].isin(sums)].head(1).to_dict("records")
    share = asked.trial.intake.reach
    ends = {k: share * row[0][k] for k in ("effect", "low", "high")} if row else {}
    return Message("experiment.note_reach", {"reach": share, "metric": row[0]["metric"] if row else None, **ends})
