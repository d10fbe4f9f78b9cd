"""How often a structural time series "finds" an effect where there is none, naive and calibrated;
power.

Run: python benchmarks/counterfactual.py --reps 300
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.signal import lfilter

from kpilab.stats.external.structural import calibrated, structural

BEFORE, AFTER = 60, 12
FAMILIES = {"iid": 0.0, "AR .5": 0.5, "AR .8": 0.8, "random walk": 1.0}


def course(phi, rng):
    e = rng.standard_normal(BEFORE + AFTER + 100)
    return np.cumsum(e)[100:] if phi == 1 else lfilter([1], [1, -phi], e)[100:]


def trial(phi, rng, shift):
    """An outcome that follows a covariate, plus noise of the family;
    an effect of `shift` noise sd after."""
    x = course(0.8, rng)
    noise = course(phi, rng)
    y = x + noise
    y[BEFORE:] += shift * np.std(noise[:BEFORE])
    seed = int(rng.integers(1 << 30))
    fit = structural(y, x[:, None], BEFORE, draws=500, seed=seed)
    tested = calibrated(y, x[:, None], BEFORE, fit, 0.95, draws=200, seed=seed)
    return not fit.effect_low <= 0 <= fit.effect_high, tested.p < 0.05


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reps", type=int, default=300)
    parser.add_argument("--shifts", type=float, nargs="*", default=(0.0, 2.0))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(
        f"effects called, {BEFORE} periods before, {AFTER} after, {args.reps} repetitions, "
        "level 95 %"
    )
    print(f"{'noise':14}{'effect':>9}{'naive':>9}{'calibrated':>12}")
    for name, phi in FAMILIES.items():
        for shift in args.shifts:
            rng = np.random.default_rng([args.seed, list(FAMILIES).index(name), int(shift)])
            called = np.array([trial(phi, rng, shift) for _ in range(args.reps)]).mean(axis=0)
            print(
                f"{name:14}{shift:7.0f} sd{100 * called[0]:8.1f}%{100 * called[1]:11.1f}%",
                flush=True,
            )
    print(f"Monte-Carlo error at 5 %: {100 * np.sqrt(0.05 * 0.95 / args.reps):.1f} points")


if __name__ == "__main__":
    main()
