"""How a ratio of two sums changed between two periods, and what that did to an amount."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.tail import critical, two_sided

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """`before` and `now`; `change` between them, its interval, two-sided `p`; NaN: not known."""

    before: float
    now: float
    change: float
    low: float
    high: float
    p: float


def ratio(sums: Array, squares: Array, customers: float, level: float) -> Change:
    """Change of a ratio of two sums over customers.

    Customers are taken as drawn, those of both periods with both of what they did (delta method).

    Args:
        customers: as how many of equal weight they are: degrees of freedom, and one.
        sums: bottom and top before, bottom and top now. squares: sums of their products, 4 × 4.
    """
    b0, t0, b1, t1 = sums
    if not (b0 > 0 and b1 > 0):
        before, now = (t / b if b > 0 else np.nan for t, b in ((t0, b0), (t1, b1)))
        return Change(before, now, np.nan, np.nan, np.nan, np.nan)
    slope = np.array([t0 / b0**2, -1 / b0, -t1 / b1**2, 1 / b1])
    return _told(t0 / b0, t1 / b1, t1 / b1 - t0 / b0, slope, squares, customers, level)


def parts(sums: Array, squares: Array, customers: float, level: float) -> dict[str, Change]:
    """What more orders, more items per order and more amount per item did to an amount; they sum to
    its change.

    Args:
        sums: orders, items and amount before, the same now. squares: sums of products, 6 × 6.
    """
    n0, m0, a0, n1, m1, a1 = sums
    if not (n0 > 0 and m0 != 0):
        none = Change(a0, a1, np.nan, np.nan, np.nan, np.nan)
        return {"orders": none, "items": none, "price": none}
    values = {
        "orders": (n1 / n0 - 1) * a0,
        "items": m1 * a0 / m0 - n1 * a0 / n0,
        "price": a1 - m1 * a0 / m0,
    }
    more = np.array([-n1 * a0 / n0**2, 0, n1 / n0, a0 / n0, 0, 0])
    larger = np.array([0, -m1 * a0 / m0**2, m1 / m0, 0, a0 / m0, 0])
    minus, plus = np.array([0, 0, 1.0, 0, 0, 0]), np.array([0, 0, 0, 0, 0, 1.0])
    slopes = {"orders": more - minus, "items": larger - more, "price": plus - larger}
    return {
        k: _told(a0, a1, v, slopes[k], squares, customers, level) for k, v in values.items()
    }  # fmt: skip


def _told(
    before: float, now: float, change: float, slope: Array, squares: Array, customers: float,
    level: float,
) -> Change:  # fmt: skip
    error = float(np.sqrt(max(slope @ squares @ slope, 0.0)))
    if customers < 2 or not error > 0:
        return Change(before, now, change, np.nan, np.nan, np.nan)
    half = critical(level, customers - 1) * error
    p = two_sided(change / error, customers - 1)
    return Change(before, now, change, change - half, change + half, p)
