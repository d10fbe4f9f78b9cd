"""Coverage of the forecast interval of the coming mean (nominal 80 %) on simulated series.

Run: python benchmarks/forecast.py --reps 1000
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.signal import lfilter

from kpilab.stats.forecast import forecast

FAMILIES = (
    "iid",
    "AR .5",
    "AR .8",
    "random walk",
    "walk + drift",
    "trend + AR .5",
    "season + AR .5",
    "season + walk",
)


def series(name, rng, n):
    e = rng.standard_normal(n + 100)
    t = np.arange(n)
    wave = 3 * np.sin(2 * np.pi * t / 52 + rng.uniform(0, 6))
    ar = lambda phi: lfilter([1], [1, -phi], e)[100:]  # noqa: E731
    walk = np.cumsum(e[100:])
    return {
        "iid": e[100:], "AR .5": ar(0.5), "AR .8": ar(0.8), "random walk": walk,
        "walk + drift": walk + 0.3 * t,
        "trend + AR .5": ar(0.5) + 0.05 * t, "season + AR .5": ar(0.5) + wave,
        "season + walk": walk + wave,
    }[name]  # fmt: skip


def coverage(name, n, horizon, reps, seed):
    rng = np.random.default_rng([seed, n, horizon, FAMILIES.index(name)])
    hits = []
    for _ in range(reps):
        y = series(name, rng, n + horizon)
        f = forecast(y[:n], horizon, season=52)
        hits.append(f.mean_low <= y[n:].mean() <= f.mean_high)
    return np.mean(hits)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reps", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    grid = [(n, h) for n in (26, 52, 104, 156) for h in (4, 13)]
    print(f"coverage of the nominal 80 % interval of the coming mean, {args.reps} repetitions")
    print(f"{'family':18}" + "".join(f"{f'{n}->{h}':>9}" for n, h in grid))
    for name in FAMILIES:
        row = [coverage(name, n, h, args.reps, args.seed) for n, h in grid]
        print(f"{name:18}" + "".join(f"{100 * c:8.1f}%" for c in row), flush=True)
    print(f"Monte-Carlo error {100 * np.sqrt(0.16 / args.reps):.1f} points")


if __name__ == "__main__":
    main()
