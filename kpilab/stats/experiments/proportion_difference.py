"""Difference of two proportions: tests and intervals that hold for small counts and non-zero
margins."""

from __future__ import annotations

import numpy as np

from kpilab.stats.distributions import norm
from kpilab.stats.experiments.permutation import NEEDED, imbalance
from kpilab.stats.tail import critical, upper


def two_sided(z: float) -> float:
    """p-value of a z statistic."""
    return float(2 * norm.sf(abs(z)))


def score_z(xa: float, na: float, xb: float, nb: float, margin: float = 0.0) -> float:
    """Miettinen-Nurminen z of b - a against `margin`, which need not be zero.

    The variance is that of the likeliest pair of proportions that differ by exactly the margin.
    Where the arms are so uneven and the proportions so near 0 or 1 that z leans to a side, its
    skewness is taken out.

    References: Miettinen & Nurminen (1985), Comparative analysis of two rates; Gart & Nam (1990),
    Approximate interval estimation of the difference in binomial parameters: correction for
    skewness.
    """
    a, b = xa / na, xb / nb
    pa, pb = _restricted(xa, na, xb, nb, margin)
    variance = (pa * (1 - pa) / na + pb * (1 - pb) / nb) * (na + nb) / (na + nb - 1)
    gap = b - a - margin
    if variance <= 0:
        return 0.0 if gap == 0 else float(np.copysign(np.inf, gap))
    z = float(gap / np.sqrt(variance))
    if not leans(xa, na, xb, nb):
        return z
    third = pb * (1 - pb) * (1 - 2 * pb) / nb**2 - pa * (1 - pa) * (1 - 2 * pa) / na**2
    return _straightened(z, float(third / (6 * variance**1.5)))


def leans(xa: float, na: float, xb: float, nb: float) -> bool:
    """Whether the skewness of the difference of two proportions matters, as it does for means."""
    p = (xa + xb) / (na + nb)
    if not 0 < p < 1:
        return False
    skew = (1 - 2 * p) / np.sqrt(p * (1 - p))
    return bool(abs(imbalance(na, nb) * skew) >= NEEDED)


def _straightened(z: float, sixth: float) -> float:
    """The normal deviate as rare as z, which has six times this skewness.

    Beyond the reach of the correction z goes on as it is, as soon as it says more.
    """
    if not sixth:
        return z
    inside = 1 + 4 * sixth * (sixth + z)
    if inside > 0:
        return float((np.sqrt(inside) - 1) / (2 * sixth))
    least = -1 / (2 * sixth)
    return min(least, z) if sixth > 0 else max(least, z)


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
