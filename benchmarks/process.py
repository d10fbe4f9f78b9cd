"""Control charts: false alarms per point of a series that is in control, and how often a shift is
seen.

Run: python benchmarks/process.py --repeat 2000
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.signal import lfilter

from kpilab.stats.operations.control import individuals, rates

LIMIT = 0.006


def wander(rng, points, alike):
    """AR(1) series with standard deviation 1."""
    return lfilter([np.sqrt(1 - alike**2)], [1, -alike], rng.standard_normal(points + 60))[60:]


def plain(x):
    """Share of points outside the classic individuals chart (2.66 mean moving ranges)."""
    return np.mean(np.abs(x - x.mean()) > 2.66 * np.abs(np.diff(x)).mean())


def plain_p(num, den):
    """Share of points outside the classic p chart."""
    p = num.sum() / den.sum()
    return np.mean(np.abs(num / den - p) > 3 * np.sqrt(p * (1 - p) / den))


def of_values(rng, repeat, points, alike):
    """Share outside: same points, new points, classic chart;
    shift of 3 standard deviations seen at once."""
    found = []
    for _ in range(repeat):
        x = wander(rng, 2 * points, alike)
        moved = np.append(x[:points], x[points] + 3)
        new = individuals(x, known=points).outside[points:].mean()
        same = individuals(x[:points]).outside.mean()
        found.append((same, new, plain(x[:points]), individuals(moved, known=points).outside[-1]))
    return np.array(found)


def of_rates(rng, repeat, points, alike):
    """As `of_values`, of rates of 5,000 to 20,000 counts whose true rate varies by 5 %."""
    found = []
    for _ in range(repeat):
        den = rng.integers(5_000, 20_000, 2 * points).astype(float)
        rate = 0.1 * np.exp(0.05 * wander(rng, 2 * points, alike))
        num = rng.binomial(den.astype(int), rate).astype(float)
        moved = num[: points + 1].copy()
        moved[-1] = rng.binomial(int(den[points]), 0.8 * rate[points])
        new = rates(num, den, known=points).outside[points:].mean()
        same = rates(num[:points], den[:points]).outside.mean()
        seen = rates(moved, den[: points + 1], known=points).outside[-1]
        found.append((same, new, plain_p(num[:points], den[:points]), seen))
    return np.array(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=2000, help="series per row")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(f"share of points that alarm, {asked.repeat} series per row; goal {LIMIT:.1%}")
    print(
        f"{'chart':12}{'points':>7}{'AR(1)':>7}{'same':>9}{'new':>9}{'± 2 se':>9}"
        f"{'classic':>9}{'shift seen':>12}"
    )
    worst = 0.0
    for name, draw in (("individuals", of_values), ("Laney p'", of_rates)):
        for points in (30, 60, 120):
            for alike in (0.0, 0.3, 0.5, 0.7):
                rng = np.random.default_rng([asked.seed, points, int(10 * alike)])
                found = draw(rng, asked.repeat, points, alike)
                same, new, classic, seen = found.mean(axis=0)
                error = 2 * found[:, 1].std() / np.sqrt(asked.repeat)
                worst = max(worst, same, new)
                print(
                    f"{name:12}{points:7d}{alike:7.1f}{same:9.2%}{new:9.2%}{error:9.2%}{classic:9.2%}{seen:12.0%}",
                    flush=True,
                )
    print(f"worst {worst:.2%}")


if __name__ == "__main__":
    main()
