"""What a leaf would be if nothing had changed: at its own old rate,
or at that of the values it replaced."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# A value is new if its old share is below this part of its present share, and worth the name above
# LEAST.
NEW, LEAST = 0.15, 0.01
# A value was replaced if it kept less than this part of its share.
KEPT = 0.7


@dataclass(frozen=True, slots=True)
class Succession:
    """Within one dimension: codes of values that are new,
    and of the values they replaced (may be none)."""

    new: tuple[int, ...]
    replaced: tuple[int, ...]


def succession(code: NDArray[np.intp], before: Array, after: Array) -> Succession:
    """Which values of a dimension are new, and which lost the volume that they took.

    Args:
        code: value of each leaf; before, after: volume of each leaf in both periods.
    """
    n = int(code.max(initial=0)) + 1
    old, now = np.bincount(code, before, n), np.bincount(code, after, n)
    old, now = old / max(old.sum(), 1e-300), now / max(now.sum(), 1e-300)
    new = (old < NEW * now) & (now >= LEAST)
    lost = np.where(~new & (now < KEPT * old), old - now, 0.0)
    gained = float((now - old)[new].sum())
    replaced = lost > 0 if lost.sum() >= 0.5 * gained else np.zeros(n, dtype=bool)
    return Succession(
        tuple(map(int, np.flatnonzero(new))), tuple(map(int, np.flatnonzero(replaced)))
    )


def at_old_rates(
    codes: NDArray[np.intp], num0: Array, den0: Array, num1: Array, den1: Array
) -> tuple[Array, Array, list[tuple[int, Succession]]]:
    """What each leaf would have now at its old rate, new values at the old rate of those they
    replaced.

    Args:
        codes: one row per dimension, one column per leaf.

    Returns:
        Expected numerators (the present ones where there is nothing to compare with), how much more
        count noise they bring than a period of equal size would (see `noise.levels`), and the
        dimensions with new values.
    """
    expected, basis, changed = at_old_rate(num0, den0, den1), den0.copy(), []
    for d, code in enumerate(codes):
        change = succession(code, den0, den1)
        if change.new:
            new = np.isin(code, change.new)
            other, rests_on = at_replaced_rate(codes, d, change, num0, den0, den1)
            expected[new], basis[new] = other[new], rests_on[new]
            changed.append((d, change))
    spread = (1 + np.divide(den1, basis, out=np.ones_like(den1), where=basis > 0)) / 2
    return np.where(np.isnan(expected), num1, expected), spread, changed


def at_old_rate(num0: Array, den0: Array, den1: Array) -> Array:
    """Numerator each leaf would have now at its old rate; NaN where there was no old rate."""
    rate = np.divide(num0, den0, out=np.full_like(num0, np.nan), where=den0 > 0)
    return np.where(den1 > 0, rate * den1, 0.0)


def at_replaced_rate(
    codes: NDArray[np.intp], dim: int, change: Succession, num0: Array, den0: Array, den1: Array
) -> tuple[Array, Array]:
    """The same for leaves of new values: at the old rate of the replaced values in the same
    context.

    The context are the other dimensions; without rows there, the replaced values as a whole. NaN
    elsewhere, and where nothing was replaced (a value without a predecessor has nothing to be
    compared with).

    Returns:
        Expected numerators, and the old denominators they rest on.
    """
    expected, basis = np.full(len(num0), np.nan), np.full(len(num0), np.nan)
    is_new, was = np.isin(codes[dim], change.new), np.isin(codes[dim], change.replaced)
    if not was.any() or den0[was].sum() <= 0:
        return expected, basis
    others = np.delete(codes, dim, axis=0)
    context = (
        np.unique(others, axis=1, return_inverse=True)[1].ravel()
        if len(others)
        else np.zeros(len(num0), int)
    )
    num = np.bincount(context[was], num0[was], context.max() + 1)
    den = np.bincount(context[was], den0[was], context.max() + 1)
    overall = num0[was].sum() / den0[was].sum()
    rate = np.divide(num, den, out=np.full_like(num, overall), where=den > 0)
    expected[is_new] = rate[context[is_new]] * den1[is_new]
    basis[is_new] = np.where(den > 0, den, den0[was].sum())[context[is_new]]
    return expected, basis
