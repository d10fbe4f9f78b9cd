"""Rate and mix: how much of a ratio's change is better or worse rates, how much is other shares (Kitagawa)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SAME_SIGN, SURE = 0.9, 2.0


@dataclass(frozen=True, slots=True, eq=False)
class RateMix:
    """Contributions per segment; `rate` + `mix` + `entry` (+ `joint`) sum to the change.

    Attributes:
        before, after: the total ratio.
        rate: segments' own rates moved; mix: shares moved; joint: both at once (three-term form, else 0);
        entry: segments that came or went (they have one rate only).
        errors: standard errors of the totals of rate, mix and the whole change, in that order.
        simpson: the total moved against nearly all of its segments, beyond noise.
    """

    before: float
    after: float
    rate: Array
    mix: Array
    joint: Array
    entry: Array
    errors: tuple[float, float, float]
    simpson: bool

    @property
    def change(self) -> float:
        return self.after - self.before


def rate_mix(
    num0: Array, den0: Array, num1: Array, den1: Array, *, three: bool = False, spread: float = 1.0
) -> RateMix:
    """Split the change of Σnum/Σden by segment.

    Args:
        num0, den0, num1, den1: per segment, baseline and current.
        three: keep the interaction as a term of its own (weights of the baseline), else share it equally.
        spread: variance of a numerator over the binomial one (over-dispersion between days).

    References: Kitagawa (1955), Components of a difference between two rates.
    """
    share0, share1 = den0 / den0.sum(), den1 / den1.sum()
    both = (den0 > 0) & (den1 > 0)
    r0 = np.divide(num0, den0, out=np.zeros_like(num0), where=den0 > 0)
    r1 = np.divide(num1, den1, out=np.zeros_like(num1), where=den1 > 0)
    total0, total1 = float(share0 @ r0), float(share1 @ r1)
    up, shift = np.where(both, r1 - r0, 0.0), share1 - share0
    if three:
        centre = total0
        rate, mix, joint = share0 * up, np.where(both, shift * (r0 - centre), 0.0), shift * up
    else:
        centre = (total0 + total1) / 2
        rate, joint = (share0 + share1) / 2 * up, np.zeros_like(up)
        mix = np.where(both, shift * ((r0 + r1) / 2 - centre), 0.0)
    entry = np.where(both, 0.0, shift * (np.where(den1 > 0, r1, r0) - centre))
    errors = _errors((r0, den0, share0), (r1, den1, share1), both, spread)
    noise = [r * (1 - np.minimum(r, 1)) / np.maximum(d, 1) for r, d in ((r0, den0), (r1, den1))]
    beyond = np.abs(up) > SURE * np.sqrt(spread * (noise[0] + noise[1]))
    moved = np.where(beyond, (share0 + share1) / 2 * up, 0.0)
    simpson = _simpson(total1 - total0, float(rate.sum()), float((mix + entry).sum()), moved, errors)
    return RateMix(total0, total1, rate, mix, joint, entry, errors, simpson)


def _errors(
    before: tuple[Array, Array, Array], after: tuple[Array, Array, Array], both: NDArray[np.bool_], spread: float
) -> tuple[float, float, float]:
    """Delta method: rates are binomial, shares multinomial, both times `spread`."""
    (r0, den0, share0), (r1, den1, share1) = before, after
    mean_share, mean_rate, up = (
        (share0 + share1) / 2,
        np.where(both, (r0 + r1) / 2, r0 + r1),
        np.where(both, r1 - r0, 0),
    )
    variance = [r * (1 - np.minimum(r, 1)) / np.maximum(d, 1) for r, d in ((r0, den0), (r1, den1))]
    own = sum(float(np.sum(np.where(both, mean_share, 0) ** 2 * v)) for v in variance)
    shares = [float(s @ up**2 - (s @ up) ** 2) / d.sum() / 4 for s, d in ((share0, den0), (share1, den1))]
    mixed = [float(s @ mean_rate**2 - (s @ mean_rate) ** 2) / d.sum() for s, d in ((share0, den0), (share1, den1))]
    drift = sum(float(np.sum((share1 - share0) ** 2 * v)) / 4 for v in variance)
    totals = [r * (1 - min(r, 1)) / d.sum() for r, d in ((float(share0 @ r0), den0), (float(share1 @ r1), den1))]
    rate, mix, whole = own + sum(shares), sum(mixed) + drift, sum(totals)
    return float(np.sqrt(spread * rate)), float(np.sqrt(spread * mix)), float(np.sqrt(spread * whole))


def _simpson(change: float, rate: float, mix: float, moved: Array, errors: tuple[float, float, float]) -> bool:
    """The total against ≥ 90 % of what segments moved beyond noise; mix larger than rate, both beyond two errors."""
    size = float(np.abs(moved).sum())
    if size <= 0 or change == 0:
        return False
    against = float(np.abs(moved[np.sign(moved) == -np.sign(change)]).sum()) / size
    sure = abs(rate) > SURE * errors[0] and abs(mix) > SURE * errors[1]
    return against >= SAME_SIGN and abs(mix) > abs(rate) and sure
