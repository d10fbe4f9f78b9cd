"""Difference of two proportions: tests and intervals that hold for small counts and non-zero
margins."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.distributions import norm
from kpilab.stats.proportion import wilson
from kpilab.stats.tail import critical, upper


def pooled_z(xa: ArrayLike, na: ArrayLike, xb: ArrayLike, nb: ArrayLike) -> NDArray[np.float64]:
    """z of b - a with the common proportion's variance; NaN where it is 0 or an arm is empty."""
    xa, na, xb, nb = (np.asarray(v, dtype=float) for v in (xa, na, xb, nb))
    with np.errstate(divide="ignore", invalid="ignore"):
        common = (xa + xb) / (na + nb)
        spread = np.sqrt(common * (1 - common) * (1 / na + 1 / nb))
        return np.where(spread > 0, (xb / nb - xa / na) / spread, np.nan)


def newcombe(
    xa: float, na: float, xb: float, nb: float, level: float = 0.95
) -> tuple[float, float]:
    """Interval of b - a from the two Wilson intervals.

    References: Newcombe (1998), Interval estimation for the difference between independent
    proportions, method 10.

    Example:
        >>> [round(end, 4) for end in newcombe(48, 80, 56, 70)]
        [0.0524, 0.3339]
    """
    a, b = xa / na, xb / nb
    (low_a, high_a), (low_b, high_b) = wilson(xa, na, level), wilson(xb, nb, level)
    low = b - a - np.hypot(b - low_b, high_a - a)
    high = b - a + np.hypot(high_b - b, a - low_a)
    return float(low), float(high)


def two_sided(z: float) -> float:
    """p-value of a z statistic."""
    return float(2 * norm.sf(abs(z)))


def agresti_caffo(
    xa: float, na: float, xb: float, nb: float, level: float = 0.95
) -> tuple[float, float]:
    """Wald interval of b - a after adding one success and one failure to each arm."""
    return wald(xa + 1, na + 2, xb + 1, nb + 2, level)


def wald(xa: float, na: float, xb: float, nb: float, level: float = 0.95) -> tuple[float, float]:
    """Textbook interval of b - a; for large counts only."""
    a, b = xa / na, xb / nb
    half = norm.ppf(0.5 + level / 2) * np.sqrt(a * (1 - a) / na + b * (1 - b) / nb)
    return float(b - a - half), float(b - a + half)


def score_z(xa: float, na: float, xb: float, nb: float, margin: float = 0.0) -> float:
    """Miettinen-Nurminen z of b - a against `margin`, which need not be zero.

    The variance is that of the likeliest pair of proportions that differ by exactly the margin.

    References: Miettinen & Nurminen (1985), Comparative analysis of two rates.
    """
    a, b = xa / na, xb / nb
    pa, pb = _restricted(xa, na, xb, nb, margin)
    variance = (pa * (1 - pa) / na + pb * (1 - pb) / nb) * (na + nb) / (na + nb - 1)
    gap = b - a - margin
    if variance <= 0:
        return 0.0 if gap == 0 else float(np.copysign(np.inf, gap))
    return float(gap / np.sqrt(variance))


def miettinen_nurminen(
    xa: float, na: float, xb: float, nb: float, level: float = 0.95
) -> tuple[float, float]:
    """Interval of b - a: every margin that the score test does not reject.

    Example:
        >>> [round(end, 5) for end in miettinen_nurminen(48, 80, 56, 70)]
        [0.05283, 0.33817]
    """
    from scipy.optimize import root_scalar  # loads for a while

    limit, effect, edge = critical(level), xb / nb - xa / na, 1 - 1e-12

    def surplus(margin: float, side: int) -> float:
        return float(score_z(xa, na, xb, nb, margin) - side * limit)

    ends = []
    for side, far in ((1, -edge), (-1, edge)):
        near, beyond = surplus(effect, side) * side, surplus(far, side) * side
        inside = near < 0 < beyond
        end = (
            root_scalar(surplus, args=(side,), bracket=sorted((far, effect)), xtol=1e-12).root
            if inside
            else far
        )
        ends.append(float(end))
    return ends[0], ends[1]


def _restricted(xa: float, na: float, xb: float, nb: float, margin: float) -> tuple[float, float]:
    """Likeliest proportions (a, b) with b - a = margin: the middle root of a cubic,
    in closed form."""
    n, x = na + nb, xa + xb
    l2 = (na + 2 * nb) * -margin - n - x
    l1 = (nb * -margin - n - 2 * xb) * -margin + x
    l0 = xb * -margin * (1 + margin)
    q = l2**3 / (3 * n) ** 3 - l1 * l2 / (6 * n**2) + l0 / (2 * n)
    size = np.sqrt(max(l2**2 / (3 * n) ** 2 - l1 / (3 * n), 0.0))
    size = np.copysign(size, q) if q else size
    angle = np.arccos(np.clip(q / size**3, -1, 1)) if size else 0.0
    pb = 2 * size * np.cos((np.pi + angle) / 3) - l2 / (3 * n)
    pb = float(np.clip(pb, 0.0, 1.0))
    return float(np.clip(pb - margin, 0.0, 1.0)), pb


def not_inferior(xa: float, na: float, xb: float, nb: float, margin: float) -> float:
    """One-sided p-value of "b is worse than a by at least `margin`" (margin > 0, higher is
    better)."""
    return upper(score_z(xa, na, xb, nb, -margin))
