"""Coverage of the interval (nominal 95 %) of what a period should be by its history, on simulated
days.

Run: python benchmarks/history.py --reps 300
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.signal import lfilter

from kpilab.stats.history import outlook
from kpilab.stats.levels import Days

FAMILIES = ("iid", "counts", "AR .5", "AR .8", "walk", "season", "trend", "season, trend, AR .3",
            "campaigns", "step")  # fmt: skip
# Days in all, days of a period: three, five and twelve months by month; one, two and three years by
# quarter and month.
GRID = ((84, 28), (140, 28), (365, 28), (730, 28), (364, 91), (730, 91), (1095, 91))
# Less than a year before the period: the season cannot be known.
YEAR = 365


def series(name: str, rng: np.random.Generator, n: int) -> np.ndarray:
    t, noise = np.arange(n), rng.normal(size=n + 50)
    phase = rng.uniform()

    def auto(phi: float) -> np.ndarray:
        return np.sqrt(1 - phi**2) * lfilter([1], [1, -phi], noise)[50:]

    def wave(size: float) -> np.ndarray:
        return 1 + size * np.sin(2 * np.pi * (t / 365.25 + phase))

    if name == "campaigns":
        y = 1 + 0.08 * noise[50:]
        for start in np.flatnonzero(rng.uniform(size=n) < 1 / 30):
            y[start : start + 3] += 0.6
        return 100 * y
    if name == "step":
        # Anywhere in the history, of either sign, and it stays.
        size = rng.choice([-0.25, 0.25]) * (t >= rng.uniform(0.1, 0.9) * n)
        return 100 * (1 + size) * (1 + 0.1 * noise[50:])
    plain = {
        "iid": 1 + 0.1 * noise[50:],
        "counts": rng.poisson(20, n) / 20,
        "AR .5": 1 + 0.1 * auto(0.5),
        "AR .8": 1 + 0.1 * auto(0.8),
        "walk": np.exp(np.cumsum(0.005 * rng.normal(size=n))) * (1 + 0.08 * noise[50:]),
        "season": wave(0.25) * (1 + 0.1 * noise[50:]),
        "trend": np.exp(0.0006 * t) * (1 + 0.1 * noise[50:]),
        "season, trend, AR .3": np.exp(0.0004 * t) * wave(0.2) * (1 + 0.1 * auto(0.3)),
    }
    return 100 * np.maximum(plain[name], 0)


def trial(name: str, length: int, n: int, reps: int, seed: int) -> tuple[float, float, float]:
    """Coverage, median half width and root mean square error, both relative."""
    rng = np.random.default_rng([seed, length, n, FAMILIES.index(name)])
    hits, halves, errors = [], [], []
    at = np.arange(length) - YEAR
    ago = np.where(at >= 0, at, -1)
    for _ in range(reps):
        y = series(name, rng, length)
        found = outlook(
            Days(y, np.ones(length), ago), (length - 2 * n, length - n), (length - n, length)
        )
        assert found is not None or length == 2 * n
        if found is None:
            continue
        low, high = found.ends()
        actual = y[length - n :].sum()
        hits.append(low <= actual <= high)
        halves.append((high - low) / 2 / found.value)
        errors.append(actual / found.value - 1)
    return (
        float(np.mean(hits)),
        float(np.median(halves)),
        float(np.sqrt(np.mean(np.square(errors)))),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(f"coverage of the nominal 95 % interval / half width / error, {args.reps} repetitions")
    print(f"{'family':22}" + "".join(f"{f'{days}d of {n}':>20}" for days, n in GRID))
    for name in FAMILIES:
        cells = [trial(name, days, n, args.reps, args.seed) for days, n in GRID]
        said = (f"{100 * c:.1f} ±{100 * h:.1f} {100 * e:.1f}" for c, h, e in cells)
        print(f"{name:22}" + "".join(f"{cell:>20}" for cell in said), flush=True)
    print(f"Monte-Carlo error {100 * np.sqrt(0.0475 / args.reps):.1f} points")


if __name__ == "__main__":
    main()
