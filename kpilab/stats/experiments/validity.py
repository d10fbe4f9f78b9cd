"""Can the test be trusted? Checks that come before any effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from kpilab.stats.distributions import chi2
from kpilab.stats.experiments.decision import MOST_LATE
from kpilab.stats.experiments.sample_ratio import sample_ratio, sequential_ratio
from kpilab.stats.multiplicity import holm

SRM_LEVEL, MOST_CROSSED, MOST_IDLE, BALANCE_LEVEL = 0.001, 0.01, 0.5, 0.01
MOST_HEAVY, MOST_OF_VARIANCE, AGE_LEVEL = 0.01, 0.25, 0.01


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        check: its name. value: what was seen. p: p-value, NaN where there is no test.
        trouble: whether it failed. spoils: whether a failure makes the test invalid. where: segment
            or metric.
    """

    check: str
    value: float
    p: float
    trouble: bool
    spoils: bool
    where: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Counts that the checks need.

    Attributes:
        compared: units of each variant. shares: declared shares. crossed: units in several
            variants.
        assigned: the same as `compared` before exposure; empty where none is declared. early:
            exposed before assigned.
        logged: whether the next three are known: late, idle (units) and heavy (share of rows).
            unnamed: no variant.
        segments: name -> units of each variant. daily: one row per day, units of each variant.
            days: calendar days. phases: name, units of each variant and shares of each segment that
            has a split of its own; the shares of all are then not asked for.
    """

    compared: Sequence[float]
    shares: Sequence[float]
    crossed: int = 0
    assigned: Sequence[float] = ()
    early: int = 0
    logged: bool = False
    late: int = 0
    idle: int = 0
    heavy: float = 0.0
    unnamed: int = 0
    segments: Mapping[str, Sequence[float]] = field(default_factory=dict)
    daily: Sequence[Sequence[float]] = ()
    days: int = 0
    phases: Sequence[tuple[str, Sequence[float], Sequence[float]]] = ()


def counted(seen: Seen) -> list[Check]:
    """Every check that reads counts of units."""
    everyone = sum(seen.assigned) or sum(seen.compared)
    checks = [] if seen.phases else [sample(seen.compared, seen.shares)]
    checks += phased(*zip(*seen.phases, strict=True)) if seen.phases else []
    checks.append(crossed(seen.crossed, round(everyone)))
    checks += [unnamed(seen.unnamed, round(everyone))] if seen.unnamed else []
    if seen.assigned:
        if not seen.phases:
            checks.append(sample(seen.assigned, seen.shares, "assigned_ratio"))
        checks.append(early(seen.early, round(everyone)))
    if seen.segments and not seen.phases:
        checks.append(segments(list(seen.segments), list(seen.segments.values()), seen.shares))
    if len(seen.daily):
        checks += [] if seen.phases else [daily(seen.daily, seen.shares)]
        checks.append(weekdays(seen.days))
    if seen.logged:
        checks += [
            late(seen.late, round(everyone) + seen.late),
            idle(seen.idle, round(sum(seen.compared))),
        ]
        checks.append(bots(seen.heavy))
    return checks


def sample(counts: Sequence[float], shares: Sequence[float], name: str = "sample_ratio") -> Check:
    """Units per variant against the declared split, at .001;
    `value` is the worst ratio of seen to expected."""
    n, share = np.asarray(counts, float), np.asarray(shares, float)
    ratio = n / (n.sum() * share / share.sum())
    p = sample_ratio(n, share).p
    return Check(name, float(ratio[np.argmax(np.abs(ratio - 1))]), p, p < SRM_LEVEL, True)


def segments(names: Sequence[str], counts: ArrayLike, shares: Sequence[float]) -> Check:
    """The same in every segment, Holm over all of them:
    `where` is the one furthest from the split."""
    n = np.asarray(counts, float)
    corrected = holm([sample_ratio(row, shares).p for row in n])
    worst = int(np.nanargmin(corrected))
    found = sample(n[worst].tolist(), shares, "segment_ratio")
    q = float(corrected[worst])
    return Check("segment_ratio", found.value, q, q < SRM_LEVEL, True, names[worst])


def phased(
    names: Sequence[str], counts: ArrayLike, shares: Sequence[Sequence[float]]
) -> list[Check]:
    """The same where every segment has a split of its own: all of them together, and the one
    furthest from it (Holm)."""
    n = np.asarray(counts, float)
    tests = [sample_ratio(row, share) for row, share in zip(n, shares, strict=True)]
    p = float(chi2.sf(sum(t.statistic for t in tests), len(tests) * (n.shape[1] - 1)))
    corrected = holm([t.p for t in tests])
    worst = int(np.nanargmin(corrected))
    found = sample(n[worst].tolist(), shares[worst], "segment_ratio")
    q = float(corrected[worst])
    return [
        Check("sample_ratio", found.value, p, p < SRM_LEVEL, True),
        Check("segment_ratio", found.value, q, q < SRM_LEVEL, True, names[worst]),
    ]


def daily(counts: ArrayLike, shares: Sequence[float]) -> Check:
    """The same, watched every day: an always-valid p-value; `value` is the number of days."""
    p = float(sequential_ratio(counts, shares)[-1])
    return Check("daily_ratio", float(len(np.asarray(counts))), p, p < SRM_LEVEL, True)


def crossed(count: int, units: int) -> Check:
    """Share of units that met more than one variant."""
    share = count / (count + units)
    return Check("crossed", share, float("nan"), share > MOST_CROSSED, True)


def idle(count: int, units: int) -> Check:
    """Share of units that did nothing after their assignment: they dilute the effect."""
    share = count / units
    return Check("diluted", share, float("nan"), share > MOST_IDLE, False)


def early(count: int, units: int) -> Check:
    """Share of units that met the change before they were assigned:
    the log of assignments cannot be right."""
    share = count / units if units else float("nan")
    return Check("early", share, float("nan"), share > MOST_CROSSED, True)


def late(count: int, units: int) -> Check:
    """Share of units whose data are not all in yet."""
    share = count / units if units else float("nan")
    return Check("late", share, float("nan"), share > MOST_LATE, False)


def bots(share: float) -> Check:
    """Share of all rows made by units with far more of them than anybody else."""
    return Check("bots", share, float("nan"), share > MOST_HEAVY, False)


def outliers(metric: str, n: float, mean: float, variance: float, low: float, high: float) -> Check:
    """Share of a metric's variance that its most extreme unit makes alone."""
    furthest = max(high - mean, mean - low)
    share = furthest**2 / ((n - 1) * variance) if n > 100 and variance > 0 else 0.0
    return Check("outliers", float(share), float("nan"), share > MOST_OF_VARIANCE, False, metric)


def ageing(metric: str, first: float, lasting: float, p: float) -> Check:
    """Whether the effect wears off (novelty) or grows (primacy) with the days since the
    assignment."""
    return Check(
        "novelty" if abs(lasting) < abs(first) else "primacy",
        lasting,
        p,
        p <= AGE_LEVEL,
        False,
        metric,
    )


def worst_ageing(checks: Sequence[Check]) -> list[Check]:
    """The check of the metric that changes most, Bonferroni over the metrics looked at."""
    worst = sorted(checks, key=lambda c: c.p)[:1]
    p = [min(c.p * len(checks), 1.0) for c in worst]
    return [replace(c, p=q, trouble=q <= AGE_LEVEL) for c, q in zip(worst, p, strict=True)]


def balance(p: Sequence[float]) -> Check:
    """Pre-period A/A check: the covariates of both arms, Bonferroni over the covariates."""
    worst = min(1.0, float(np.nanmin(p)) * len(p))
    return Check("balance", float(len(p)), worst, worst < BALANCE_LEVEL, False)


def unread(metric: str, why: str, wanted: float = float("nan")) -> Check:
    """A metric that cannot be tested; `why` and `wanted` as in the scorecard."""
    return Check(f"unread_{why}", wanted, float("nan"), True, False, metric)


def unnamed(count: int, units: int) -> Check:
    """Share of units without a variant: they are left out."""
    return Check("unnamed", count / (count + units), float("nan"), count > 0, False)


def weekdays(days: int) -> Check:
    """Whole weeks: otherwise one weekday counts more often than another."""
    return Check("weekdays", float(days), float("nan"), days % 7 != 0, False)
