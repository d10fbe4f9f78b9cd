"""The read-out of one metric: control against treatment, in every form a decision needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kpilab.stats.distributions import chi2
from kpilab.stats.experiments import anytime, bayes
from kpilab.stats.experiments.cuped import Columns, adjust, linear
from kpilab.stats.experiments.fieller import Lift, Method, lift, relative_error
from kpilab.stats.experiments.permutation import Law
from kpilab.stats.experiments.proportion_difference import miettinen_nurminen, not_inferior, score_z
from kpilab.stats.experiments.sequential import Spending, lan_demets, spending_p
from kpilab.stats.mean import Difference, Estimate, Sample, post_stratified, t_test, welch
from kpilab.stats.tail import critical, matching, normal_upper, two_sided, upper

# Units at which an always-valid interval is tightest: chosen before the data, so never a function
# of them.
TUNING = 5000.0


@dataclass(frozen=True, slots=True)
class Looks:
    """How the looks are paid for: once at the end, by a spending boundary, or always."""

    boundary: Literal["none", "always valid"] | Spending = "none"
    shares: tuple[float, ...] = (1.0,)
    tuning: float = TUNING

    def corrected(self, difference: Difference, n: float, level: float) -> tuple[float, float]:
        """(p-value, critical |z|) that hold under these looks after `n` units."""
        single = self.boundary != "always valid" and self.shares == (1.0,)
        if self.boundary == "none" or single or not difference.error > 0:
            return difference.p, critical(level)
        # What a boundary asks of z is asked of t by its tail: small samples stay honest at early
        # looks.
        z = normal_upper(difference.p / 2)
        if self.boundary == "always valid":
            bound = float(anytime.bound(n, self.tuning, level))
            return anytime.worth(z, n, self.tuning, level), bound
        spending: Spending = self.boundary
        bound = float(lan_demets(self.shares, level, spending)[-1])
        return spending_p(z, self.shares, spending), bound


@dataclass(frozen=True, slots=True)
class Readout:
    """One metric, one treatment.

    Attributes:
        control, treatment: adjusted estimates. difference: test and interval, looks paid for. lift:
            relative change.
        p_fixed: p-value as if this were the only look. cut: share of variance removed by
            covariates.
        chance, loss_ship, loss_keep: chance that the treatment is better, and relative loss
            expected from shipping it or from keeping the control. shared: covariance of the two
            estimates. law: of the difference's t where it is not Student's.
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
    shared: float = 0.0
    law: Law | None = None

    @property
    def share(self) -> float:
        """Part of the difference's variance that is the control's, 0-1."""
        error = self.difference.error
        return min(self.control.variance / error**2, 1.0) if error > 0 else 0.5

    def row(self) -> dict[str, object]:
        """The figures by the names that results use."""
        d, change = self.difference, self.lift
        return {
            "units_control": int(self.control.n),
            "units_treatment": int(self.treatment.n),
            "control": self.control.value,
            "value": self.treatment.value,
            "effect": d.effect,
            "low": d.low,
            "high": d.high,
            "lift": change.value,
            "lift_low": change.low,
            "lift_high": change.high,
            "bounds": change.bounds,
            "p": d.p,
        }


@dataclass(frozen=True, slots=True)
class Reading:
    """How a metric is read: looks, level, interval of the relative change, prior, direction."""

    looks: Looks = Looks()
    level: float = 0.95
    relative: Method = "fieller"
    prior: tuple[float, float] | None = None
    better: int = 1


USUAL = Reading()


def read(
    a: Sample,
    b: Sample,
    metric: Columns,
    covariates: Sequence[Columns] = (),
    how: Reading = USUAL,
    *,
    proportion: bool = False,
    law: Law | None = None,
) -> Readout:
    """Mean, ratio or proportion of two arms, adjusted for covariates.

    A plain proportion is tested by the score test, with the interval that inverts it.
    """
    if proportion and not covariates:
        return proportions(a, b, how)
    both = adjust(a, b, metric, covariates)
    return estimates(both.a, both.b, how, cut=both.cut, law=law)


def unreadable(a: Sample, b: Sample, metric: Columns) -> str:
    """Why two arms cannot be compared: few (units), constant, or undefined (a denominator of 0);
    "" if they can."""
    if min(a.n, b.n) < 2:
        return "few"
    if len(metric) == 2 and not (a.mean[metric[1]] and b.mean[metric[1]]):
        return "undefined"
    return "" if max(a.cov[metric[0], metric[0]], b.cov[metric[0], metric[0]]) > 0 else "constant"


def is_share(arm: Sample) -> bool:
    """Whether all values are 0 or 1: only then is the variance that of a share."""
    mean, spread = float(arm.mean[0]), float(arm.cov[0, 0]) * (arm.n - 1) / arm.n
    return -1e-9 <= mean <= 1 + 1e-9 and bool(
        np.isclose(spread, mean * (1 - mean), rtol=1e-6, atol=1e-9)
    )


def estimates(
    a: Estimate, b: Estimate, how: Reading = USUAL, *, shared: float = 0.0, cut: float = 0.0,
    law: Law | None = None,
) -> Readout:  # fmt: skip
    """The same from estimates that are already made (quantiles, strata),
    with their covariance `shared`."""
    fixed = welch(a, b, level=how.level, shared=shared)
    if law is None or not fixed.error > 0:
        return _finished(a, b, fixed, how, _belief(a, b, fixed, how, shared), cut, shared)
    # The same chain with the z that stands for this t: looks, corrections and beliefs ask for z.
    z = law.z_of(fixed.statistic)
    fixed = replace(fixed, statistic=z, p=two_sided(z), df=np.inf)
    belief = _belief(a, b, fixed, how, shared, law)
    return replace(_finished(a, b, fixed, how, belief, cut, shared, law), law=law)


def stratified(
    pairs: Sequence[tuple[Sample, Sample]],
    metric: Columns,
    covariates: Sequence[Columns] = (),
    how: Reading = USUAL,
    *,
    plain: float = 0.0,
    law: Law | None = None,
) -> Readout:
    """The same at the common mix of strata, after adjustment; `plain` is the error without either,
    for the cut."""
    flat = linear([arm for pair in pairs for arm in pair], metric, covariates)
    a, b, shared = post_stratified(list(zip(flat[::2], flat[1::2], strict=True)))
    readout = estimates(a, b, how, shared=shared, law=law)
    return replace(readout, cut=1 - (readout.difference.error / plain) ** 2 if plain else 0.0)


def proportions(a: Sample, b: Sample, how: Reading = USUAL) -> Readout:
    """Two plain proportions by the score test."""
    xa, xb = a.mean[0] * a.n, b.mean[0] * b.n
    z = score_z(xa, a.n, xb, b.n)
    arms = [
        Estimate(float(s.mean[0]), float(s.mean[0] * (1 - s.mean[0]) / s.n), s.n) for s in (a, b)
    ]
    effect = arms[1].value - arms[0].value
    error = float(np.sqrt(arms[0].variance + arms[1].variance))
    # One test, inverted: the relative interval takes the variance that the score test saw.
    if effect and np.isfinite(z) and error > 0:
        scale = (effect / z) ** 2 / error**2
        arms = [Estimate(e.value, e.variance * scale, e.n) for e in arms]
        error *= float(np.sqrt(scale))
    fixed = (
        t_test(effect, error, np.inf, level=how.level)
        if error > 0
        else welch(arms[0], arms[1], level=how.level)
    )
    belief = _belief(arms[0], arms[1], fixed, how)
    result = _finished(arms[0], arms[1], fixed, how, belief, 0.0)
    p, bound = how.looks.corrected(fixed, a.n + b.n, how.level)
    low, high = miettinen_nurminen(xa, a.n, xb, b.n, 1 - two_sided(bound))
    return replace(result, difference=Difference(effect, error, np.inf, float(z), p, low, high))


def _finished(
    a: Estimate, b: Estimate, fixed: Difference, how: Reading,
    belief: tuple[float, float, float], cut: float, shared: float = 0.0, law: Law | None = None,
) -> Readout:  # fmt: skip
    p, bound = how.looks.corrected(fixed, a.n + b.n, how.level)
    known = fixed.error > 0
    limits = _limits(bound, fixed.df, law) if known else (0.0, 0.0)
    low, high = (limit * fixed.error if known else 0.0 for limit in limits)
    test = replace(fixed, p=p, low=float(fixed.effect - low), high=float(fixed.effect + high))
    level = 1 - two_sided(bound)
    ends = [
        lift(a, b, fixed, level=level, method=how.relative, shared=shared, limit=limit)
        for limit in dict.fromkeys(limits)
    ]
    change = ends[0] if "interval" not in {e.bounds for e in ends} else _joined(ends[0], ends[-1])
    return Readout(a, b, test, change, fixed.p, cut, *belief, shared)


def _limits(bound: float, df: float, law: Law | None) -> tuple[float, float]:
    """How many errors the interval reaches down and up."""
    if law is None:
        both = matching(bound, df)
        return both, both
    return max(law.t_of(bound), 0.0), max(-law.t_of(-bound), 0.0)


def interval_at(readout: Readout, bound: float) -> tuple[float, float]:
    """The interval of a single look at another critical |z|; NaN where there is no test."""
    d = readout.difference
    if not np.isfinite(d.p):
        return float("nan"), float("nan")
    down, up = _limits(bound, np.inf, readout.law)
    return d.effect - down * d.error, d.effect + up * d.error


def _joined(down: Lift, up: Lift) -> Lift:
    """The lower end of one interval and the upper of the other; of neither where one has none."""
    whole = down if down.bounds != "interval" else up
    return replace(down, high=up.high) if whole.bounds == "interval" else whole


def _belief(
    a: Estimate,
    b: Estimate,
    fixed: Difference,
    how: Reading,
    shared: float = 0.0,
    law: Law | None = None,
) -> tuple[float, float, float]:
    if not fixed.error > 0 or a.value == 0 or not np.isfinite(a.value):
        return float("nan"), float("nan"), float("nan")
    better, prior = how.better, how.prior
    turned = None if prior is None else (better * prior[0], prior[1])
    change, error = (b.value - a.value) / abs(a.value), relative_error(a, b, shared)
    if not error > 0:
        return float("nan"), float("nan"), float("nan")
    if prior is None:
        # One test, one belief: a chance below .05 is a one-sided p below it.
        error = fixed.error / abs(a.value)
        if law is not None:
            return bayes.of_law(better * change, error, Law(better * law.t[::better]))
    posterior = bayes.normal(better * change, error, prior=turned, df=fixed.df)
    return posterior.chance, posterior.loss_ship, posterior.loss_keep


def one_sided(readout: Readout, better: int) -> Readout:
    """A read-out at level 1 - 2 alpha as the test of a gain at level alpha: its p-value, and the
    one end of each interval that is asked for. It holds for looks, too: a path that is symmetric
    under no effect crosses the upper boundary half as often as either.
    """
    d, change, far = readout.difference, readout.lift, better * np.inf
    gains = d.statistic * better > 0

    def turned(p: float) -> float:
        return float(p / 2 if gains else 1 - p / 2)

    ends = (d.low, far) if better > 0 else (far, d.high)
    lifts = (change.low, far) if better > 0 else (far, change.high)
    if change.bounds != "interval":
        lifts = (change.low, change.high)
    return replace(
        readout,
        difference=replace(d, p=turned(d.p), low=ends[0], high=ends[1]),
        lift=replace(change, low=lifts[0], high=lifts[1]),
        p_fixed=turned(readout.p_fixed),
    )


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
    error = float(np.sqrt(b.variance + slope**2 * a.variance - 2 * slope * readout.shared))
    if not error > 0:
        return float("nan")
    t = float((b.value - slope * a.value) / error)
    if readout.law is not None:
        return upper(better * readout.law.z_of(t))
    return upper(better * t, readout.difference.df)


def unsure(readout: Readout) -> Readout:
    """The estimates alone: no test, interval or belief."""
    nan, d = float("nan"), readout.difference
    return replace(
        readout,
        difference=replace(d, statistic=nan, p=nan, low=nan, high=nan),
        lift=Lift(readout.lift.value, nan, nan, "undefined"),
        p_fixed=nan, chance=nan, loss_ship=nan, loss_keep=nan, law=None,
    )  # fmt: skip


def interaction(effects: Sequence[float], errors: Sequence[float]) -> float:
    """p-value of "the effect is the same in every segment" (Cochran's Q)."""
    y, se = np.asarray(effects, dtype=float), np.asarray(errors, dtype=float)
    known = np.isfinite(y) & (se > 0)
    if known.sum() < 2:
        return float("nan")
    weight = 1 / se[known] ** 2
    spread = float((weight * (y[known] - np.average(y[known], weights=weight)) ** 2).sum())
    return float(chi2.sf(spread, int(known.sum()) - 1))
