"""Are actions that do nothing believed, and those that work seen?
Daily totals of a segment and of the rest."""

from __future__ import annotations

import argparse

import numpy as np

from kpilab.stats.core.contrast import beside
from kpilab.stats.core.level import Window

WEEKDAYS = np.array([1.0, 1.05, 1.0, 1.0, 1.2, 0.8, 0.7])
EXPECTED = 0.1


def wander(rng: np.random.Generator, days: int, alike: float, sd: float) -> np.ndarray:
    """An AR(1) series of mean zero."""
    noise = rng.normal(size=days + 50) * np.sqrt(1 - alike**2)
    x = np.zeros(days + 50)
    for k in range(1, days + 50):
        x[k] = alike * x[k - 1] + noise[k]
    return sd * x[50:]


def answer(rng: np.random.Generator, days: int, alike: float, effect: float, compared: bool) -> str:
    """What is said of one action that changes the segment by `effect`."""
    weekday = np.arange(2 * days) % 7
    shared = np.exp(wander(rng, 2 * days, alike, 0.1)) if compared else np.ones(2 * days)
    usual = WEEKDAYS[weekday] * shared
    lift = np.where(np.arange(2 * days) < days, 1.0, 1 + effect)
    own, rest = (
        rng.poisson(size * usual * factor * np.exp(wander(rng, 2 * days, alike, 0.06))).astype(
            float
        )
        for size, factor in ((300, lift), (900, 1.0))
    )
    before, after = (
        tuple(Window.of(y[part], np.ones(days), weekday[part]) for y in (own, rest))
        for part in (slice(0, days), slice(days, 2 * days))
    )
    found = beside(before[0], after[0], (before[1], after[1]) if compared else None)
    if found.low > 0:
        return "worked"
    return "worse" if found.high < 0 else "none" if found.high < EXPECTED else "unclear"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=1000, help="actions per row")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    answers = ("worked", "none", "unclear", "worse")
    error = 200 * np.sqrt(0.0475 / asked.repeat)
    print(f"expected effect {EXPECTED:+.0%}; Monte-Carlo error (2 se) at 5 %: {error:.1f} points")
    print(
        f"{'compared with':14} {'days':>4} {'AR(1)':>6} {'true':>6} "
        + " ".join(f"{a:>9}" for a in answers)
    )
    for compared in (True, False):
        for days in (28, 56):
            for alike in (0.0, 0.3, 0.6):
                for effect in (0.0, 0.1):
                    rng = np.random.default_rng([asked.seed, days, int(10 * alike), compared])
                    said = [answer(rng, days, alike, effect, compared) for _ in range(asked.repeat)]
                    shares = " ".join(
                        f"{100 * said.count(a) / asked.repeat:7.1f} %" for a in answers
                    )
                    name = "the rest" if compared else "its own past"
                    print(f"{name:14} {days:4d} {alike:6.1f} {effect:+6.0%} {shares}")


if __name__ == "__main__":
    main()
