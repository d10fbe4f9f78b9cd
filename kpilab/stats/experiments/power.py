"""Power: how many units, how small an effect, how likely to see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import root_scalar
from statsmodels.stats.power import tt_ind_solve_power

from kpilab.stats.distributions import norm
from kpilab.stats.experiments.permutation import MOST, NEEDED, imbalance


def chance(
    effect: float, sd: float, units: float, *, level: float = 0.95, ratio: float = 1.0
) -> float:
    """Power of a two-sample t test with `units` in the control arm."""
    return float(
        tt_ind_solve_power(abs(effect) / sd, nobs1=units, alpha=1 - level, power=None, ratio=ratio)
    )


def smallest_effect(
    error: float,
    *,
    level: float = 0.95,
    power: float = 0.8,
    inflation: float = 1.0,
    one_sided: bool = False,
) -> float:
    """Effect that is found with chance `power` when its standard error is `error`.

    Args:
        inflation: the most a sequential boundary asks on top of a fixed test (critical value
            ratio), >= 1.
    """
    alpha = (1 - level) if one_sided else (1 - level) / 2
    return float((norm.isf(alpha) * inflation + norm.ppf(power)) * error)


def total_units(
    effect: float,
    variance: float,
    *,
    level: float = 0.95,
    power: float = 0.8,
    shares: tuple[float, float] = (0.5, 0.5),
    treated_variance: float | None = None,
    inflation: float = 1.0,
    one_sided: bool = False,
) -> float:
    """Units of both arms together that find `effect` in a metric with this variance per unit
    (normal test).

    Args:
        shares: how the units split between the control and the treatment arm, in any scale.
        treated_variance: of the treatment arm, where the effect changes it (a proportion); the
            control's if None.
    """
    alpha = (1 - level) if one_sided else (1 - level) / 2
    needed = norm.isf(alpha) * inflation + norm.ppf(power)
    control, treatment = (share / sum(shares) for share in shares)
    spread = (
        variance / control
        + (variance if treated_variance is None else treated_variance) / treatment
    )
    return float(spread * (needed / effect) ** 2)


@dataclass(frozen=True, slots=True)
class Sizing:
    """A metric to be planned for, in one control and one treatment arm.

    Attributes:
        mean, variance: of the control, per unit. kind: share (score test), count (the variance
            grows with the mean) or mean. shares: how the units of the two arms split, in any scale.
        level, power: confidence, and the chance wanted. inflation: the most that looks ask on top
            of a fixed test (critical value ratio), >= 1. one_sided: whether only gains are tested.
        few: whether what is drawn is few (clusters): the t test then asks for a little more.
        skewness: of the metric; it matters where the arms are uneven. quantile: which one the
            metric is, 0-1; 0 for a mean. Its error is read off the few order statistics around it,
            and what is unsure of the error costs power.
    """

    mean: float
    variance: float
    kind: Literal["share", "count", "mean"] = "mean"
    shares: tuple[float, float] = (0.5, 0.5)
    level: float = 0.95
    power: float = 0.8
    inflation: float = 1.0
    one_sided: bool = False
    few: bool = False
    skewness: float = 0.0
    quantile: float = 0.0

    def units(self, effect: float) -> float:
        """Units of both arms that find a relative effect; NaN where a share would leave 0-100 %.

        References: Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions,
        chapter 4.

        Example:
            >>> round(Sizing(0.01, 0.0099, "share").units(0.5) / 2)
            7750
        """
        if not self.possible(effect):
            return float("nan")
        null, found = self._spreads(effect)
        needed = self._limit * null + norm.ppf(self.power) * found
        units = float((needed / (effect * self.mean)) ** 2) + self._more
        if not self._lean(effect, units) and not self.quantile:
            return units
        # With the skewness of the difference, or the noise of its error: both depend on the units.
        wanted = root_scalar(
            lambda n: self.chance(effect, n) - self.power, bracket=(units / 4, units * 4)
        )
        return float(wanted.root)

    def chance(self, effect: float, units: float) -> float:
        """Chance that `units` of both arms find a relative effect."""
        if not self.possible(effect):
            return float("nan")
        null, found = self._spreads(effect)
        z = abs(effect * self.mean) * np.sqrt(max(units - self._more, 1e-9))
        lean = self._lean(effect, units)
        if not lean:
            wide = np.sqrt(1 + self._limit**2 * self._noise(units))
            return float(norm.cdf((z - self._limit * null) / (found * wide)))
        # The read-out's own limit leans against the skewness (`permutation`), and an arm that
        # shows a large effect by chance also shows a large error.
        limit = self._limit
        limit -= lean * (2 * limit**2 + 1) / 6 if abs(lean) >= NEEDED else 0.0
        x = (limit - z / found) / (1 - limit * lean / 2)
        return float(norm.cdf(-x) + lean * (x**2 - 1) / 6 * norm.pdf(x))

    def smallest(self, units: float) -> float:
        """Relative rise that `units` of both arms find; NaN where even the largest is not found."""
        rough = self._limit + norm.ppf(self.power)
        far = 8 * rough * self._spreads(0.0)[1] / np.sqrt(units) / abs(self.mean)
        if self.kind == "share":
            far = (1 - self.mean) / self.mean * (1 - 1e-9)
        elif self.kind == "count":
            far *= 1 + far  # its own spread grows
        if self.chance(far, units) < self.power:
            return float("nan")
        found = root_scalar(
            lambda effect: self.chance(effect, units) - self.power, bracket=(1e-9 * far, far)
        )
        return float(found.root)

    def safe_units(self, margin: float, level: float) -> float:
        """Units of both arms that show a metric which did not move to be no worse than `margin` of
        its mean."""
        needed = norm.ppf(level) + norm.ppf(self.power)
        return float((needed * self._spreads(0.0)[1] / (margin * self.mean)) ** 2)

    def possible(self, effect: float) -> bool:
        """Whether the mean can change so far."""
        return self.kind != "share" or 0 < self.mean * (1 + effect) < 1

    def _noise(self, units: float) -> float:
        """Relative variance of the error of a quantile's difference: that of the distance between
        two order statistics with so many others between them."""
        if not self.quantile:
            return 0.0
        arms = np.array(self.shares) / sum(self.shares) * max(units, 1e-9)
        between = 2 * norm.isf(0.025) * np.sqrt(arms * self.quantile * (1 - self.quantile))
        part = (1 / arms) / (1 / arms).sum()
        return float((part**2 / between).sum())

    def _lean(self, effect: float, units: float) -> float:
        """Skewness of the difference, in the direction of the effect."""
        if self.kind == "share" or not self.skewness:
            return 0.0
        control, treatment = (share / sum(self.shares) * units for share in self.shares)
        lean = self.skewness * imbalance(control, treatment) * np.sign(effect * self.mean)
        return float(np.clip(lean, -MOST, MOST)) if abs(lean) > 1e-6 else 0.0

    @property
    def _limit(self) -> float:
        alpha = (1 - self.level) if self.one_sided else (1 - self.level) / 2
        return float(norm.isf(alpha)) * self.inflation

    @property
    def _more(self) -> float:
        """What the t test asks on top of the normal one (Guenther 1981)."""
        return self._limit**2 / 2 if self.few else 0.0

    def _spreads(self, effect: float) -> tuple[float, float]:
        """Standard error of the difference, one unit in all: under no difference, and under the
        effect."""
        control, treatment = (share / sum(self.shares) for share in self.shares)
        if self.kind == "share":
            a, b = self.mean, self.mean * (1 + effect)
            common = control * a + treatment * b
            null = common * (1 - common) * (1 / control + 1 / treatment)
            return float(np.sqrt(null)), float(
                np.sqrt(a * (1 - a) / control + b * (1 - b) / treatment)
            )
        grown = self.variance * (1 + effect if self.kind == "count" else 1)
        both = float(np.sqrt(self.variance / control + grown / treatment))
        return both, both
