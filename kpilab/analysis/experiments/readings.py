"""What a test says of each metric and treatment, and whether it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

from kpilab.analysis.experiments.tails import Known, Tailed, lean, tailed, tails_of, values_in
from kpilab.core.trial import Design, Outcome
from kpilab.engine.column import marked
from kpilab.engine.experiments.ages import AgeMoments
from kpilab.engine.experiments.moments import Moments
from kpilab.engine.experiments.trial import Trial, below, extremes, quantiles
from kpilab.errors import BadInput
from kpilab.stats.experiments import validity
from kpilab.stats.experiments.novelty import worn_off
from kpilab.stats.experiments.permutation import MOST, NEEDED
from kpilab.stats.experiments.quantile import design_effect, enough, from_order, ranks
from kpilab.stats.experiments.readout import (
    Looks,
    Reading,
    Readout,
    estimates,
    is_share,
    one_sided,
    read,
    stratified,
    unreadable,
    unsure,
)
from kpilab.stats.experiments.scorecard import Row, Unread, scored
from kpilab.stats.mean import Sample
from kpilab.stats.multiplicity import holm

SAFE_LEVEL = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Question:
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
    ends: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    values: Known = field(default_factory=dict)

    def sample(self, label: str, variant: str) -> Sample:
        return Sample.of_sums(*self.found.sums(label, self.totals[(variant,)]))

    def reading(self, m: Outcome) -> Reading:
        d = self.design
        looks, better = Looks(d.boundary, d.looks, d.tuning), 1 if m.better == "up" else -1
        level = 2 * self.level - 1 if self.one_sided(m) else self.level
        return Reading(looks, level, d.relative, d.prior, better)

    def one_sided(self, m: Outcome) -> bool:
        """Whether only a gain is asked for; what must not get worse is always read on both
        sides."""
        return self.design.sides == 1 and m.role != "guardrail"

    @property
    def variants(self) -> list[str]:
        return [str(v) for v in self.found.values("variant")]


def informed(asked: Question, keys: Mapping[str, str]) -> Question:
    """With what the data say of how its metrics are to be read, in all units and in every value of
    the `keys` of the moments."""
    trial, design, moved = asked.trial, asked.design, moved_by(asked)
    found = replace(asked.found, unadjusted=moved)
    if not trial.columns:  # counts hold no units
        return replace(asked, found=found, moved=moved)
    ends = {} if design.cluster else extremes(trial, asked.wanted, stored=found.stored)
    found = replace(found, tails=tails_of(trial, found, design, ends, moved, keys))
    return replace(asked, found=found, moved=moved, ends=ends, values=values_in(found))


def leaning(asked: Question, label: str) -> bool:
    """Whether the test of a metric follows a law of its own."""
    rest = (v for v in asked.variants if v != asked.control)
    return any(NEEDED <= lean(asked.values, label, asked.control, v) <= MOST for v in rest)


def readouts(asked: Question, m: Outcome, treatment: str) -> list[Row | Unread]:
    """The read-out of a metric, and of the same with capped values."""
    if m.kind == "quantile":
        readout = quantile_of(asked, m, treatment)
        return [
            safe_row(asked, m, m.name, treatment, readout)
            if readout
            else Unread(m.name, m.role, "sparse")
        ]
    labels = [m.name, *([f"{m.name} (capped)"] if m.name in asked.trial.caps else [])]
    return [told for label in labels for told in rows_of(asked, m, label, treatment)]


def rows_of(asked: Question, m: Outcome, label: str, treatment: str) -> list[Row | Unread]:
    """The row of a metric; where too few units carry it, without a test, and that it has none."""
    tail = tailed(asked.values, label, asked.control, treatment)
    row = row_of(asked, m, label, treatment, tail)
    if not tail.wanted or isinstance(row, Unread):
        return [row]
    bare = replace(row, readout=unsure(row.readout), p_safe=float("nan"))
    return [bare, Unread(label, m.role, "skewed", tail.wanted)]


def row_of(asked: Question, m: Outcome, label: str, treatment: str, tail: Tailed) -> Row | Unread:
    group, how = asked.found.group(label), asked.reading(m)
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
        readout = read(a, b, group.metric, known, how, proportion=group.proportion, law=tail.law)
        return safe_row(asked, m, label, treatment, readout, group.proportion)
    plain = read(a, b, group.metric, how=Reading(level=asked.level)).difference.error
    pairs = pairs_of(asked, label, treatment)
    if not pairs:
        return Unread(label, m.role, "apart")
    readout = stratified(pairs, group.metric, known, how, plain=plain, law=tail.law)
    return safe_row(asked, m, label, treatment, readout)


def safe_row(
    asked: Question, m: Outcome, label: str, treatment: str, readout: Readout, plain: bool = False
) -> Row:
    better, margin = (
        1 if m.better == "up" else -1,
        m.margin if m.role == "guardrail" else float("nan"),
    )
    if asked.one_sided(m):
        readout = one_sided(readout, better)
    return scored(
        label, m.role, treatment, readout, better=better, margin=margin, proportion=plain,
        share=m.kind == "proportion",
    )  # fmt: skip


def pairs_of(asked: Question, label: str, treatment: str) -> list[tuple[Sample, Sample]]:
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


def quantile_of(asked: Question, m: Outcome, treatment: str) -> Readout | None:
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
    return estimates(a, b, asked.reading(m))


def between(asked: Question, control: str) -> pd.DataFrame:
    """Every treatment against every other; Holm over the pairs of a metric, as each is asked for
    its own sake."""
    rest = [v for v in asked.variants if v != control]
    rows = []
    for m in (m for m in asked.wanted if m.kind != "quantile"):
        for k, first in enumerate(rest):
            for second in rest[k + 1 :]:
                row = rows_of(replace(asked, control=first), m, m.name, second)[0]
                if isinstance(row, Row):
                    rows.append((m.name, first, second, *_told(row.readout)))
    names = ["metric", "first", "second", "effect", "low", "high", "lift", "p"]
    table = pd.DataFrame(rows, columns=pd.Index(names))
    table["q"] = table.groupby("metric")["p"].transform(lambda p: holm(p.to_numpy(dtype=float)))
    return table


def _told(readout: Readout) -> tuple[float, ...]:
    d = readout.difference
    return d.effect, d.low, d.high, readout.lift.value, d.p


def checks_of(
    asked: Question, segments: Sequence[str], best: str, unread: Sequence[Unread]
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
        found.days(), phases_of(asked),
    )  # fmt: skip
    checks = validity.counted(seen) + extremes_of(asked) + ageing_of(asked, best)
    checks += [
        validity.unread(label, why, wanted)
        for label, why, wanted in dict.fromkeys((u.label, u.why, u.wanted) for u in unread)
    ]
    known = [p for part in balance_of(asked).values() for p in part]
    if known:
        checks.append(validity.balance(known))
    return pd.DataFrame([asdict(c) for c in checks])


def phases_of(asked: Question) -> list[tuple[str, list[float], list[float]]]:
    """Units and declared shares of every stratum that has a split of its own.

    Raises:
        BadInput: a stratum without a split, or a split without a variant.
    """
    design, found = asked.design, []
    if not design.phases:
        return []
    units = asked.found.counts(marked(str(design.strata)), asked.variants)
    for value, counts in units.items():
        split = design.phases.get(value, {})
        missing = [v for v in asked.variants if v not in split]
        if missing:
            raise BadInput(
                f"the split of {value!r} leaves out variant {missing[0]!r}",
                f"Design, phases (column {design.strata!r})",
                "give every value of the column a split with a share for each variant",
            )
        found.append((f"{design.strata} = {value}", counts, [split[v] for v in asked.variants]))
    return found


def extremes_of(asked: Question) -> list[validity.Check]:
    """The metric in which one unit weighs most."""
    checks = []
    whole = asked.found.totals()[()]
    for metric, (low, high) in asked.ends.items():
        arm = Sample.of_sums(*asked.found.sums(metric, whole))
        checks.append(
            validity.outliers(metric, arm.n, float(arm.mean[0]), float(arm.cov[0, 0]), low, high)
        )
    return sorted(checks, key=lambda c: -c.value)[:1]


def ageing_of(asked: Question, best: str) -> list[validity.Check]:
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


def balance_of(asked: Question) -> dict[str, list[float]]:
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


def moved_by(asked: Question) -> frozenset[str]:
    """Metrics whose covariates differ between the arms: the treatment may have moved them, so they
    adjust nothing.

    What a log shows of the time before the assignment cannot have been moved.
    """
    found = balance_of(asked) if asked.trial.log is None else {}
    tests = sum(len(p) for p in found.values())
    return frozenset(
        name for name, p in found.items() if p and min(p) * tests < validity.BALANCE_LEVEL
    )
