"""Rate and mix: how much of a ratio's change is better or worse rates,
how much is other shares (Kitagawa)."""

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
        rate: segments' own rates moved; mix: shares moved; joint: both at once (three-term form,
            else 0);
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
        three: keep the interaction as a term of its own (weights of the baseline), else share it
            equally.
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
    errors = _errors((r0, den0, share0), (r1, den1, share1), both, three=three, spread=spread)
    noise = [_noise(r, d, spread) for r, d in ((r0, den0), (r1, den1))]
    beyond = np.abs(up) > SURE * np.sqrt(spread * (noise[0] + noise[1]))
    moved = np.where(beyond, (share0 + share1) / 2 * up, 0.0)
    simpson = _simpson(
        total1 - total0, float(rate.sum()), float((mix + entry).sum()), moved, errors
    )
    return RateMix(total0, total1, rate, mix, joint, entry, errors, simpson)


def _errors(
    before: tuple[Array, Array, Array],
    after: tuple[Array, Array, Array],
    both: NDArray[np.bool_],
    *,
    three: bool,
    spread: float,
) -> tuple[float, float, float]:
    """Delta method: rates are binomial (or counts), shares multinomial, both times `spread`."""
    part = (
        (1.0, 0.0) if three else (0.5, 0.5)
    )  # weights of the two periods in mean shares and mean rates
    sides = [(*side, p) for side, p in zip((before, after), part, strict=True)]
    share = part[0] * before[2] + part[1] * after[2]
    # A segment that came or went has one rate only.
    own = [np.where(both, p, den > 0) for _, den, _, p in sides]
    middle = own[0] * before[0] + own[1] * after[0]
    up, shift = np.where(both, after[0] - before[0], 0.0), after[2] - before[2]
    rate = mix = whole = 0.0
    for (r, den, s, p), w in zip(sides, own, strict=True):
        n, noise = float(den.sum()), _noise(r, den, spread)
        rate += float(np.sum(np.where(both, share, 0.0) ** 2 * noise)) + p**2 * _spread(s, up) / n
        mix += float(np.sum((shift * w) ** 2 * noise)) + _spread(s, middle) / n
        whole += float(_noise(np.array([s @ r]), np.array([n]), spread)[0])
    return (
        float(np.sqrt(spread * rate)),
        float(np.sqrt(spread * mix)),
        float(np.sqrt(spread * whole)),
    )


def _noise(rate: Array, den: Array, spread: float) -> Array:
    """Variance of rates, but for `spread`: binomial, or that of counts where some rate is above 1.

    Half a success and half a failure are added, or rare rates would look too sure.
    """
    units = den / spread
    if np.any(rate > 1):
        return (rate + 0.5 / np.maximum(units, 1)) / np.maximum(den, 1)
    smooth = (rate * units + 0.5) / (units + 1)
    return smooth * (1 - smooth) / np.maximum(den, 1)


def _spread(share: Array, values: Array) -> float:
    """Variance of `values` over segments drawn with `share`."""
    return max(float(share @ values**2 - (share @ values) ** 2), 0.0)


def _simpson(
    change: float, rate: float, mix: float, moved: Array, errors: tuple[float, float, float]
) -> bool:
    """The total against ≥ 90 % of what segments moved beyond noise; mix larger than rate,
    both beyond two errors."""
    size = float(np.abs(moved).sum())
    if size <= 0 or change == 0:
        return False
    against = float(np.abs(moved[np.sign(moved) == -np.sign(change)]).sum()) / size
    sure = abs(rate) > SURE * errors[0] and abs(mix) > SURE * errors[1]
    return against >= SAME_SIGN and abs(mix) > abs(rate) and sure
