"""Experiment: did the treatment work, can the test be trusted, and what should be done?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.trial import Design, Outcome, Units
from kpilab.core.values import Message
from kpilab.engine.moments import Moments, moments
from kpilab.engine.trial import Trial, prepare, quantiles
from kpilab.errors import BadInput, unknown
from kpilab.stats import validity
from kpilab.stats.decision import Judged, Reason, Verdict, decide
from kpilab.stats.dunnett import adjusted_p, norm_z
from kpilab.stats.inference import benjamini_hochberg, holm
from kpilab.stats.mean import Sample, post_stratified
from kpilab.stats.quantile import from_order, ranks
from kpilab.stats.readout import Looks, Readout, estimates, guarded, read

if TYPE_CHECKING:
    from kpilab.core.table import Assignments, EventLog, Facts


SAFE_LEVEL = 0.05


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
        checks: one row per validity check; `check`, `value`, `p`, `trouble`, `spoils` (makes the test invalid).
        moments: what all of it was computed from; store it, merge it, read it again.
    """

    control: str
    best: str
    decision: Verdict
    reason: Reason
    checks: pd.DataFrame
    moments: Moments
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
        doubts = [
            Message(f"experiment.check_{row['check']}", {"value": row["value"], "p": row["p"]}) for row in troubles
        ]
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
        return {
            **{str(k): v for k, v in values.items()},
            "treatment": self.best,
            "guardrail": guards[0] if guards else None,
            "check": Message(f"experiment.name_{bad[0]}") if bad else None,
        }


def experiment(
    who: Assignments | Units,
    log: EventLog | Facts | None = None,
    *,
    metrics: Sequence[Outcome | str],
    control: str,
    name: str | None = None,
    design: Design | None = None,
    segments: Sequence[str] = (),
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
        who: assignments (with `log`), or a table with one row per unit.
        log: events or facts of the units; measured from each unit's assignment on.
        metrics: what is measured; a text is a primary metric that should rise.
        control: the variant compared against. name: the experiment, if the assignments hold several.
        design: split, length, looks, clusters, strata, missing values; see `Design`.
        segments: columns to keep in the moments, for `subgroups`. level: confidence level.

    Raises:
        BadInput: one variant only, an empty arm, an unknown control, column or metric, a metric without variance.

    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"variant": ["A", "B"] * 50, "paid": [0, 1, 1, 1, 0] * 20})
        >>> experiment(Units(rows), metrics=[Outcome("paid", kind="proportion")], control="A").decision
        'stop'
    """
    design = design or Design()
    wanted = [Outcome(m) if isinstance(m, str) else m for m in metrics]
    if not wanted or len({m.name for m in wanted}) < len(wanted):
        raise BadInput(
            "metrics are missing or share a name", "experiment, argument 'metrics'", "give each metric its own name"
        )
    keep = (*segments, *([design.strata] if design.strata and design.strata not in segments else []))
    trial = prepare(who, log, wanted, name, design, keep)
    timed = ["day"] if "day" in trial.table.columns and not design.cluster else []
    found = moments(trial.table, trial.groups, by=["variant", *keep, *timed], nulls=design.nulls)
    treatments = _treatments(found, control, design)
    looks = Looks(design.boundary, design.looks, design.tuning)
    asked = _Question(trial, found, control, looks, design, level)
    table = _table([_readouts(asked, m, t) for m in wanted for t in treatments], asked, treatments)
    best = _best(table, treatments)
    checks = _checks(asked)
    judged = [
        Judged(r["role"], int(r["gain"]), bool(r["p_safe"] <= 0.05))
        for r in table[table["treatment"] == best].to_dict("records")
    ]
    spoilt = (checks["trouble"] & checks["spoils"]).tolist()
    decision, reason = decide(spoilt, judged, _finished(found, design))
    return ExperimentResult(
        table,
        notes=_notes(asked, wanted, table),
        control=control,
        best=best,
        decision=decision,
        reason=reason,
        checks=checks,
        moments=found,
        level=level,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """What every part of the read-out needs."""

    trial: Trial
    found: Moments
    control: str
    looks: Looks
    design: Design
    level: float


@dataclass(frozen=True, slots=True)
class _Row:
    metric: Outcome
    label: str
    treatment: str
    readout: Readout
    p_safe: float


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


def _sample(found: Moments, label: str, **where: object) -> Sample:
    n, sums, products, shift = found.only(**where).sums(label)
    return Sample.of_sums(n, sums, products, shift)


def _readouts(asked: _Question, m: Outcome, treatment: str) -> list[_Row]:
    """The read-out of a metric, and of the same with capped values."""
    if m.kind == "quantile":
        return [_quantile(asked, m, treatment)]
    labels = [m.name, *([f"{m.name} (capped)"] if m.name in asked.trial.caps else [])]
    return [_row(asked, m, label, treatment) for label in labels]


def _row(asked: _Question, m: Outcome, label: str, treatment: str) -> _Row:
    found, design, better = asked.found, asked.design, 1 if m.better == "up" else -1
    group, settings = found.group(label), {"looks": asked.looks, "level": asked.level, "better": better}
    settings |= {"relative": design.relative, "prior": design.prior}
    a, b = (_sample(found, label, variant=v) for v in (asked.control, treatment))
    _check_arms(a, b, label, treatment)
    if design.strata and len(group.columns) == 1:
        arm_a, arm_b, shared = post_stratified(_pairs(asked, label, treatment))
        readout = estimates(arm_a, arm_b, shared=shared, **settings)
    else:
        readout = read(a, b, group.metric, group.known, proportion=group.proportion, **settings)
    if m.role != "guardrail":
        return _Row(m, label, treatment, readout, float("nan"))
    plain = group.proportion and not design.strata
    return _Row(m, label, treatment, readout, guarded(readout, m.margin, better=better, proportion=plain))


def _pairs(asked: _Question, label: str, treatment: str) -> list[tuple[Sample, Sample]]:
    """Both arms in each stratum; strata with fewer than two units in an arm cannot be compared."""
    strata = str(asked.design.strata)
    arms = [
        tuple(_sample(asked.found, label, **{"variant": v, strata: value}) for v in (asked.control, treatment))
        for value in asked.found.values(strata)
    ]
    return [(a, b) for a, b in arms if min(a.n, b.n) > 1]


def _check_arms(a: Sample, b: Sample, label: str, treatment: str) -> None:
    where = f"metric {label!r}, variant {treatment!r}"
    if min(a.n, b.n) < 2:
        raise BadInput("an arm has fewer than two units", where, "wait for more units, or check the missing values")
    if not max(a.cov[0, 0], b.cov[0, 0]) > 0:
        raise BadInput("every unit has the same value, so nothing can be tested", where, "choose a metric that varies")


def _quantile(asked: _Question, m: Outcome, treatment: str) -> _Row:
    sizes = {v: asked.found.only(variant=v).units() for v in (asked.control, treatment)}
    levels = {v: ranks(n, m.quantile) for v, n in sizes.items()}
    found = quantiles(asked.trial.table, asked.trial.columns[m.name], m.quantile, levels)
    a, b = (from_order(*found[v]) for v in (asked.control, treatment))
    better = 1 if m.better == "up" else -1
    readout = estimates(a, b, looks=asked.looks, level=asked.level, relative=asked.design.relative, better=better)
    safe = guarded(readout, m.margin, better=better) if m.role == "guardrail" else float("nan")
    return _Row(m, m.name, treatment, readout, safe)


def _table(rows: Sequence[Sequence[_Row]], asked: _Question, treatments: Sequence[str]) -> pd.DataFrame:
    table = pd.DataFrame([_plain(row) for part in rows for row in part])
    table["q"] = table["p"]
    if len(treatments) > 1:
        for _name, part in table.groupby("metric"):
            # The looks' price stays: a p-value is turned into the |z| that it stands for.
            together = adjusted_p(norm_z(part["p"].fillna(1.0)), part["_share"].tolist())
            table.loc[part.index, "q"] = np.maximum(together, part["p"])
    for role, corrected in (("primary", holm), ("secondary", benjamini_hochberg)):
        for _name, part in table[table["role"] == role].groupby("treatment"):
            table.loc[part.index, "q"] = corrected(table.loc[part.index, "q"].to_numpy())
    table["gain"] = np.where(table["q"] <= 1 - asked.level, np.sign(table["effect"]) * table["_better"], 0).astype(int)
    order = [c for c in table.columns if not c.startswith("_") and c not in ("q", "gain")]
    order.insert(order.index("p") + 1, "q")
    return table[[*order, "gain"]]


def _plain(row: _Row) -> dict[str, object]:
    r, d = row.readout, row.readout.difference
    return {
        "metric": row.label,
        "role": row.metric.role,
        "treatment": row.treatment,
        "units_control": int(r.control.n),
        "units_treatment": int(r.treatment.n),
        "control": r.control.value,
        "value": r.treatment.value,
        "effect": d.effect,
        "low": d.low,
        "high": d.high,
        "lift": r.lift.value,
        "lift_low": r.lift.low,
        "lift_high": r.lift.high,
        "bounds": r.lift.bounds,
        "p": d.p,
        "p_safe": row.p_safe,
        "cut": r.cut,
        "chance": r.chance,
        "loss_ship": r.loss_ship,
        "loss_keep": r.loss_keep,
        "_share": r.control.variance / d.error**2 if d.error > 0 else 0.5,
        "_better": 1 if row.metric.better == "up" else -1,
    }


def _best(table: pd.DataFrame, treatments: Sequence[str]) -> str:
    """The treatment the decision is about: the surest gain of a primary metric, else the surest anything."""
    main = table[table["role"] == "primary"] if (table["role"] == "primary").any() else table
    ranked = main.assign(late=-main["gain"]).sort_values(["late", "q"], kind="stable")
    return str(ranked["treatment"].tolist()[0]) if len(ranked) else treatments[0]


def _checks(asked: _Question) -> pd.DataFrame:
    found, trial = asked.found, asked.trial
    variants = [str(v) for v in found.values("variant")]
    shares = [asked.design.split.get(v, 1 / len(variants)) for v in variants]
    clustered = asked.design.cluster is not None
    counts = [found.only(variant=v).units() for v in variants]
    checks = [validity.sample(counts, shares), validity.crossed(trial.crossed, sum(counts))]
    if "day" in found.keys:
        by_day = found.frame.pivot_table(index="day", columns="variant", values="units", aggfunc="sum", fill_value=0)
        checks += [validity.daily(by_day[variants].to_numpy(), shares), validity.weekdays(_days(found))]
    if trial.idle:
        checks.append(validity.idle(trial.idle, sum(counts)))
    known = [] if clustered else _balance(asked, variants)
    if known:
        checks.append(validity.balance(known))
    return pd.DataFrame([asdict(c) for c in checks])


def _balance(asked: _Question, variants: Sequence[str]) -> list[float]:
    """p-value of each covariate between the control and each other variant: before the test there is no effect."""
    p = []
    for group in asked.found.groups:
        for treatment in (v for v in variants if v != asked.control):
            a, b = (_sample(asked.found, group.name, variant=v) for v in (asked.control, treatment))
            p += [read(a, b, columns).p_fixed for columns in group.known]
    return [value for value in p if np.isfinite(value)]


def _days(found: Moments) -> int:
    days = pd.to_datetime(found.frame["day"])
    return int((days.max() - days.min()).days) + 1


def _finished(found: Moments, design: Design) -> bool:
    """Whether the planned end, or the last planned look, is reached."""
    if design.boundary == "always valid":
        return False
    if design.looks[-1] < 1:
        return False
    if design.planned_days is None or "day" not in found.keys:
        return True
    return _days(found) >= design.planned_days


def _notes(asked: _Question, wanted: Sequence[Outcome], table: pd.DataFrame) -> tuple[Message, ...]:
    """Which choices were made, and which doubts remain."""
    design, found = asked.design, asked.found
    missing = sum(found.units() - int(found.sums(g.name)[0]) for g in found.groups) if not design.cluster else 0
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
    if len(wanted) > 1 or table["treatment"].nunique() > 1:
        notes.append(
            Message("experiment.note_many", {"metrics": len(wanted), "treatments": int(table["treatment"].nunique())})
        )
    return tuple(notes)
