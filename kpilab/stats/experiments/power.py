"""Power: how many units, how small an effect, how likely to see it."""

from __future__ import annotations

import numpy as np
from scipy.optimize import root_scalar
from statsmodels.stats.power import tt_ind_solve_power

from kpilab.stats.distributions import norm


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


def proportion_units(
    a: float, b: float, *, level: float = 0.95, power: float = 0.8, inflation: float = 1.0
) -> float:
    """Units per arm that tell two proportions apart by the score test: pooled variance under no
    difference.

    References: Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, chapter
    4.

    Example:
        >>> round(proportion_units(0.01, 0.015))
        7750
    """
    common = (a + b) / 2
    null = norm.isf((1 - level) / 2) * inflation * np.sqrt(2 * common * (1 - common))
    found = norm.ppf(power) * np.sqrt(a * (1 - a) + b * (1 - b))
    return float(((null + found) / (b - a)) ** 2)


def smallest_rise(
    share: float, units: float, *, level: float = 0.95, power: float = 0.8, inflation: float = 1.0
) -> float:
    """Relative rise of a proportion that `units` per arm find;
    NaN where even a rise to 100 % is not found."""
    most = (1 - share) / share

    def short(rise: float) -> float:
        return (
            proportion_units(
                share, share * (1 + rise), level=level, power=power, inflation=inflation
            )
            - units
        )

    return (
        float(root_scalar(short, bracket=(1e-9 * most, most)).root)
        if short(most) < 0
        else float("nan")
    )
