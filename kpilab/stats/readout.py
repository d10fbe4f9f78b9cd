"""The read-out of one metric: control against treatment, in every form a decision needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import chi2

from kpilab.stats import bayes
from kpilab.stats.anytime import sequence
from kpilab.stats.cuped import Columns, adjust
from kpilab.stats.fieller import Lift, Method, lift
from kpilab.stats.mean import Difference, Estimate, Sample, t_test, welch
from kpilab.stats.proportion_difference import miettinen_nurminen, not_inferior, score_z
from kpilab.stats.sequential import Spending, lan_demets, spending_p
from kpilab.stats.tail import critical, normal_upper, two_sided, upper


@dataclass(frozen=True, slots=True)
class Looks:
    """How the looks are paid for: once at the end, by a spending boundary, or always."""

    boundary: Literal["none", "obrien-fleming", "pocock", "always valid"] = "none"
    shares: tuple[float, ...] = (1.0,)
    tuning: float | None = None

    def corrected(self, difference: Difference, n: float, level: float) -> tuple[float, float]:
        """(p-value, confidence level of a fixed interval) that hold under these looks."""
        if self.boundary == "none" or not difference.error > 0:
            return difference.p, level
        if self.boundary == "always valid":
            tuning = self.tuning or n / 2
            _, high, p = sequence(difference.effect, difference.error, n, tuning=tuning, level=level)
            return p, 1 - two_sided((high - difference.effect) / difference.error)
        spending: Spending = self.boundary
        bound = lan_demets(self.shares, level, spending)[-1]
        z = normal_upper(difference.p / 2)
        return spending_p(z, self.shares, spending), 1 - two_sided(float(bound))


@dataclass(frozen=True, slots=True)
class Readout:
    """One metric, one treatment.

    Attributes:
        control, treatment: adjusted estimates. difference: test and interval, looks paid for. lift: relative change.
        p_fixed: p-value as if this were the only look. cut: share of variance removed by covariates.
        chance, loss_ship, loss_keep: chance that the treatment is better, and relative loss expected from shipping it
            or from keeping the control.
    """

    control: Estimate
    treatment: Estimate
    difference: Difference
    lift: Lift
    p_fixed: float
    cut: float
    chance: float
    loss_ship: float
    loss_keep: float


def read(
    a: Sample,
    b: Sample,
    metric: Columns,
    covariates: Sequence[Columns] = (),
    *,
    looks: Looks | None = None,
    level: float = 0.95,
    relative: Method = "fieller",
    prior: tuple[float, float] | None = None,
    better: int = 1,
    proportion: bool = False,
) -> Readout:
    """Mean, ratio or proportion of two arms, adjusted for covariates.

    A plain proportion is tested by the score test, with the interval that inverts it.
    """
    if proportion and not covariates:
        return proportions(a, b, looks=looks, level=level, relative=relative, prior=prior, better=better)
    both = adjust(a, b, metric, covariates)
    fixed = welch(both.a, both.b, level=level)
    return _finished(both.a, both.b, fixed, looks or Looks(), level, relative, prior, better, both.cut)


def estimates(
    a: Estimate, b: Estimate, *, looks: Looks | None = None, level: float = 0.95, relative: Method = "fieller",
    prior: tuple[float, float] | None = None, better: int = 1,
) -> Readout:  # fmt: skip
    """The same from estimates that are already made (quantiles, strata)."""
    return _finished(a, b, welch(a, b, level=level), looks or Looks(), level, relative, prior, better, 0.0)


def proportions(
    a: Sample, b: Sample, *, looks: Looks | None = None, level: float = 0.95, relative: Method = "fieller",
    prior: tuple[float, float] | None = None, better: int = 1,
) -> Readout:  # fmt: skip
    """Two plain proportions by the score test."""
    xa, xb = a.mean[0] * a.n, b.mean[0] * b.n
    z = score_z(xa, a.n, xb, b.n)
    arms = [Estimate(float(s.mean[0]), float(s.mean[0] * (1 - s.mean[0]) / s.n), s.n) for s in (a, b)]
    effect = arms[1].value - arms[0].value
    error = float(np.sqrt(arms[0].variance + arms[1].variance))
    # One test, inverted: the relative interval takes the variance that the score test saw.
    if effect and np.isfinite(z) and error > 0:
        scale = (effect / z) ** 2 / error**2
        arms = [Estimate(e.value, e.variance * scale, e.n) for e in arms]
        error *= float(np.sqrt(scale))
    fixed = t_test(effect, error, np.inf, level=level) if error > 0 else welch(arms[0], arms[1], level=level)
    looks = looks or Looks()
    result = _finished(arms[0], arms[1], fixed, looks, level, relative, prior, better, 0.0)
    p, level_now = looks.corrected(fixed, a.n + b.n, level)
    low, high = miettinen_nurminen(xa, a.n, xb, b.n, level_now)
    test = Difference(effect, error, np.inf, float(z), p, low, high)
    return Readout(
        result.control, result.treatment, test, result.lift, result.p_fixed, 0.0,
        result.chance, result.loss_ship, result.loss_keep,
    )  # fmt: skip


def _finished(
    a: Estimate, b: Estimate, fixed: Difference, looks: Looks, level: float, relative: Method,
    prior: tuple[float, float] | None, better: int, cut: float,
) -> Readout:  # fmt: skip
    p, level_now = looks.corrected(fixed, a.n + b.n, level)
    half = critical(level_now, fixed.df) * fixed.error if fixed.error > 0 else 0.0
    test = Difference(
        fixed.effect, fixed.error, fixed.df, fixed.statistic, p, float(fixed.effect - half), float(fixed.effect + half)
    )
    change = lift(a, b, fixed, level=level_now, method=relative)
    belief = _belief(a, b, change, prior, better)
    return Readout(a, b, test, change, fixed.p, cut, *belief)


def _belief(
    a: Estimate, b: Estimate, change: Lift, prior: tuple[float, float] | None, better: int
) -> tuple[float, float, float]:
    if change.bounds == "undefined" or not a.variance + b.variance > 0:
        return float("nan"), float("nan"), float("nan")
    error = float(np.sqrt(b.variance + (b.value / a.value) ** 2 * a.variance) / abs(a.value))
    turned = None if prior is None else (better * prior[0], prior[1])
    posterior = bayes.normal(better * change.value, error, prior=turned)
    return posterior.chance, posterior.loss_ship, posterior.loss_keep


def guarded(readout: Readout, margin: float, *, better: int = 1, proportion: bool = False) -> float:
    """One-sided p-value of "worse by at least `margin` of the control's value"; small = safe."""
    a, b = readout.control, readout.treatment
    if proportion:
        counts = (round(a.value * a.n), a.n, round(b.value * b.n), b.n)
        if better < 0:
            counts = (a.n - counts[0], a.n, b.n - counts[2], b.n)
        return not_inferior(*counts, margin * abs(a.value))
    # The control's own error is part of the margin's.
    slope = 1 - better * margin * np.sign(a.value)
    error = float(np.sqrt(b.variance + slope**2 * a.variance))
    if not error > 0:
        return float("nan")
    return upper(float(better * (b.value - slope * a.value) / error), readout.difference.df)


def interaction(effects: Sequence[float], errors: Sequence[float]) -> float:
    """p-value of "the effect is the same in every segment" (Cochran's Q)."""
    y, se = np.asarray(effects, dtype=float), np.asarray(errors, dtype=float)
    known = np.isfinite(y) & (se > 0)
    if known.sum() < 2:
        return float("nan")
    weight = 1 / se[known] ** 2
    spread = float((weight * (y[known] - np.average(y[known], weights=weight)) ** 2).sum())
    return float(chi2.sf(spread, int(known.sum()) - 1))
