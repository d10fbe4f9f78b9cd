"""Does the change between two periods keep its level, and does its interval cover?
Beside two plainer ways."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.core.change import Change, change
from kpilab.stats.core.level import Window
from kpilab.stats.distributions import student

Array = NDArray[np.float64]
WEEKDAYS = np.array([1.0, 1.05, 1.0, 1.0, 1.2, 0.8, 0.7])
FALL = -0.1
TREND = "trend +5 %"


def wander(rng: np.random.Generator, days: int, follows: float) -> Array:
    """An autoregression of order one with mean 0 and variance 1."""
    noise = rng.normal(size=days + 50) * np.sqrt(1 - follows**2)
    for k in range(1, days + 50):
        noise[k] += follows * noise[k - 1]
    return noise[50:]


def worlds(rng: np.random.Generator, days: int) -> dict[str, Callable[[], Array]]:
    """Daily series of level 1 (times a count) in which nothing happens."""
    week = WEEKDAYS[np.arange(days) % 7] / WEEKDAYS.mean()
    return {
        "normal": lambda: 1 + 0.1 * rng.normal(size=days),
        "Poisson 300": lambda: rng.poisson(300, days) / 300,
        "Poisson 3": lambda: rng.poisson(3, days).astype(float),
        "Poisson 0.5": lambda: rng.poisson(0.5, days).astype(float),
        "lognormal": lambda: np.exp(rng.normal(size=days) - 0.5),
        "AR(.3)": lambda: 1 + 0.1 * wander(rng, days, 0.3),
        "AR(.6)": lambda: 1 + 0.1 * wander(rng, days, 0.6),
        "week": lambda: week * (1 + 0.1 * rng.normal(size=days)),
        "week, AR(.3), counts": lambda: (
            rng.poisson(300 * week * np.exp(0.06 * wander(rng, days, 0.3))) / 300
        ),
        "week, AR(.6), counts": lambda: (
            rng.poisson(300 * week * np.exp(0.06 * wander(rng, days, 0.6))) / 300
        ),
    }


def classic(before: Window, after: Window) -> Change:
    """Welch's t with days as independent units: what rates were judged by."""
    variances = [float(np.var(w.num, ddof=1)) / w.days for w in (before, after)]
    df = sum(variances) ** 2 / sum(
        v**2 / (w.days - 1) for v, w in zip(variances, (before, after), strict=True)
    )
    return Change(before.rate, after.rate, (variances[0], variances[1]), df)


def first_order(before: Window, after: Window) -> Change:
    """The pattern of the week out, then (1 + r) / (1 - r) per period:
    what totals were judged by."""
    relative = np.concatenate([w.num / w.rate for w in (before, after)])
    code = np.concatenate([before.code, after.code])
    factor = np.array([relative[code == w].mean() for w in range(7)])
    variances = []
    for w in (before, after):
        off = w.num / factor[w.code] - np.mean(w.num / factor[w.code])
        r = float(np.clip(off[1:] @ off[:-1] / (off @ off) + 1 / w.days, 0, 0.8))
        variances.append(float(np.var(off, ddof=1)) / w.days * (1 + r) / (1 - r))
    df = sum(variances) ** 2 / sum(
        v**2 / (w.days - 1) for v, w in zip(variances, (before, after), strict=True)
    )
    return Change(before.rate, after.rate, (variances[0], variances[1]), df)


WAYS: dict[str, Callable[[Window, Window], Change]] = {
    "core": change,
    "AR(1)": first_order,
    "Welch": classic,
}


def judged(
    way: Callable[[Window, Window], Change], y: Array, days: int, effect: float, drift: float
) -> tuple[bool, bool, float]:
    """Found something; covered the truth (effect times drift);
    half-width relative to the level before."""
    code = np.arange(len(y)) % 7
    y = np.where(np.arange(len(y)) < days, y, y * (1 + effect))
    with np.errstate(all="ignore"):
        found = way(Window.of(y[:days], None, code[:days]), Window.of(y[days:], None, code[days:]))
        low, high = found.relative_ends()
        half = (
            float(student.ppf(0.975, found.df)) * found.error / found.before
            if found.before
            else np.nan
        )
    truth = (1 + effect) * drift - 1
    return found.p < 0.05, bool(low <= truth <= high or np.isnan(low)), half


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=2000, help="series per row")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(f"Monte-Carlo error (2 se) at 5 %: {200 * np.sqrt(0.0475 / asked.repeat):.1f} points")
    heads = " ".join(f"| {w:>6}: called  covers   half" for w in WAYS)
    print(f"{'days':>8} {'series':22} {heads}")
    for first, second in ((28, 28), (91, 91), (91, 28), (28, 7)):
        for number, name in enumerate([*worlds(np.random.default_rng(0), 7), TREND]):
            cells = []
            for way in WAYS.values():
                rng = np.random.default_rng([asked.seed, first, second, number])
                drawn = worlds(rng, first + second).get(name) or (
                    lambda r=rng, n=first + second: _trend(r, n)
                )
                drift = _drift(first, second) if name == TREND else 1.0
                nothing = [judged(way, drawn(), first, 0.0, drift) for _ in range(asked.repeat)]
                fallen = [
                    judged(way, drawn(), first, FALL, drift) for _ in range(asked.repeat // 2)
                ]
                called, half = (
                    np.mean([n[0] for n in nothing]),
                    np.nanmedian([n[2] for n in nothing]),
                )
                covers = np.mean([f[1] for f in fallen])
                cells.append(
                    f"| {'':6}  {100 * called:4.1f} %  {100 * covers:4.1f} %  {100 * half:4.1f}"
                )
            print(f"{first:>4}/{second:<3} {name:22} " + " ".join(cells), flush=True)


def _trend(rng: np.random.Generator, days: int) -> Array:
    """Grows by a twentieth over all days: a change indeed, though not a step."""
    return (1 + 0.05 * (np.arange(days) + 0.5) / days) * (1 + 0.1 * rng.normal(size=days))


def _drift(first: int, second: int) -> float:
    """What the trend makes of the second period's level."""
    level = 1 + 0.05 * (np.arange(first + second) + 0.5) / (first + second)
    return float(level[first:].mean() / level[:first].mean())


if __name__ == "__main__":
    main()
