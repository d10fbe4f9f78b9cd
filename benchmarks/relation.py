"""Error rates and power of `relate`, of the panel and of the Goodhart test, on simulated business
series.

Run: python benchmarks/relation.py --reps 3000 [--part pairs|panel|goodhart]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.signal import lfilter

from kpilab.stats.relation.panel import panel_slopes
from kpilab.stats.relation.related import Question, relation_tests
from kpilab.stats.relation.slope_break import slope_break

LENGTHS = (26, 36, 52, 104, 156)
BURN = 100


def ar(e, *phi):
    return lfilter([1.0], [1.0, *(-f for f in phi)], e, axis=1)


def season(rng, reps, n, share):
    """A yearly wave with two harmonics, the same phase for both series of a pair."""
    t = 2 * np.pi * np.arange(n) / 52
    a, b, _ = share
    return 3 * (np.sin(t + a) + 0.5 * np.sin(2 * t + b)) * rng.uniform(0.7, 1.3, (reps, 1))


def family(name, rng, e, share):
    """Turn innovations e (reps × (BURN + n)) into a series of the family."""
    reps, total = e.shape
    n = total - BURN
    t = np.arange(n)
    cut = lambda x: x[:, BURN:]  # noqa: E731
    walk = np.cumsum(cut(e), axis=1)
    match name:
        case "iid":
            return cut(e)
        case "AR .5":
            return cut(ar(e, 0.5))
        case "AR .8":
            return cut(ar(e, 0.8))
        case "AR +.7/-.5":
            sign = np.where(np.arange(reps) % 2 == share[2], 0.7, -0.5)[:, None]
            x = np.zeros_like(e)
            for k in range(1, total):
                x[:, k : k + 1] = sign * x[:, k - 1 : k] + e[:, k : k + 1]
            return cut(x)
        case "t3":
            return cut(ar(e, 0.3))
        case "random walk":
            return walk
        case "walk + drift":
            return walk + 0.3 * t
        case "walk vs AR":
            return walk if share[2] else cut(ar(e, 0.8))
        case "trend + AR":
            return cut(ar(e, 0.5)) + rng.uniform(0.02, 0.1, (reps, 1)) * t
        case "S-curve":
            middle, width = rng.uniform(0.3, 0.7, (reps, 1)) * n, n / 10
            return cut(ar(e, 0.5)) + 8 / (1 + np.exp(-(t - middle) / width))
        case "level shift":
            at = rng.integers(n // 4, 3 * n // 4, (reps, 1))
            return cut(ar(e, 0.5)) + 5 * (t >= at)
        case "local linear trend":
            slope = np.cumsum(0.1 * rng.standard_normal((reps, n)), axis=1)
            return np.cumsum(slope, axis=1) + walk
        case "season + AR":
            return cut(ar(e, 0.5)) + season(rng, reps, n, share)
        case "season + walk":
            return walk + season(rng, reps, n, share)
    raise ValueError(name)


FAMILIES = (
    "iid", "AR .5", "AR .8", "AR +.7/-.5", "t3", "random walk", "walk + drift", "walk vs AR",
    "trend + AR",
    "S-curve", "level shift", "local linear trend", "season + AR", "season + walk",
)  # fmt: skip


def pair(name, rng, reps, n, rho=0.0, lag=2):
    """KPI and goal whose innovations correlate with `rho` at `lag`."""
    shape = (2, reps, BURN + n + lag)
    e, w = rng.standard_t(3, shape) if name == "t3" else rng.standard_normal(shape)
    u = rho * np.roll(e, lag, axis=1) + np.sqrt(1 - rho**2) * w
    phase = rng.uniform(0, 2 * np.pi, 2)
    kpi = family(name, rng, e[:, lag:], (*phase, 0))
    goal = family(name, rng, u[:, lag:], (*phase, 1))
    return kpi, goal


def rates(name, n, reps, rho, seed):
    rng = np.random.default_rng([seed, n, FAMILIES.index(name)])
    verdicts, lags = [], []
    for start in range(0, reps, 500):
        kpi, goal = pair(name, rng, min(500, reps - start), n, rho)
        tests = relation_tests(kpi, goal, Question(season=52.0))
        verdicts.append(tests.verdict)
        lags.append(tests.lag)
    verdict, lag = np.concatenate(verdicts), np.concatenate(lags)
    related = verdict == "related"
    return (
        related.mean(),
        (verdict == "unrelated").mean(),
        (lag[related] == 2).mean() if related.any() else np.nan,
    )


def pairs(reps, lengths, seed):
    print(f"share of independent pairs called related, nominal 5 %, {reps} repetitions")
    print(f"{'family':20}" + "".join(f"{f'T={n}':>9}" for n in lengths))
    for name in FAMILIES:
        row = [rates(name, n, reps, 0.0, seed)[0] for n in lengths]
        print(f"{name:20}" + "".join(f"{100 * r:8.1f}%" for r in row), flush=True)
    print(f"Monte-Carlo error at 5 %: {100 * np.sqrt(0.05 * 0.95 / reps):.2f} points")
    for rho in (0.3, 0.5, 0.7):
        print(f"\nrho = {rho}, lag 2: related (lag right among them) | unrelated")
        print(f"{'family':20}" + "".join(f"{f'T={n}':>20}" for n in lengths))
        for name in FAMILIES:
            row = [rates(name, n, reps, rho, seed + 1) for n in lengths]
            cells = [f"{100 * a:6.1f} ({100 * c:3.0f}) | {100 * b:4.1f}" for a, b, c in row]
            print(f"{name:20}" + "".join(f"{c:>20}" for c in cells), flush=True)


def panel_rate(units, n, reps, slope, shared, seed):
    """Share of panels called related within: each unit a walk of its own around one shared by all,
    both ways."""
    rng, found = np.random.default_rng([seed, units, n, int(10 * slope), int(10 * shared)]), 0
    for _ in range(reps):
        e, w = rng.standard_normal((2, units, n)) * rng.uniform(0.5, 2, (2, units, 1))
        trend = np.cumsum(rng.standard_normal((2, 1, n)) + 0.2, axis=2) * shared
        level = 10 * rng.standard_normal((2, units, 1))
        kpi = np.cumsum(e, axis=1) + level[0] + trend[0]
        goal = np.cumsum(w + slope * e, axis=1) + level[1] + trend[1]
        found += panel_slopes(kpi, goal).p < 0.05
    return found / reps


def panels(reps, lengths, seed):
    print(
        f"panel, within units: share called related, {reps} repetitions (walks with a common trend)"
    )
    print(f"{'units':>6}{'':12}" + "".join(f"{f'T={n}':>9}" for n in lengths))
    for units in (8, 12, 30):
        for label, slope in (("unrelated", 0.0), ("slope .3", 0.3)):
            row = [panel_rate(units, n, reps, slope, 1.0, seed) for n in lengths]
            print(f"{units:6}  {label:10}" + "".join(f"{100 * r:8.1f}%" for r in row), flush=True)


def break_rate(name, n, reps, after, seed):
    """Share of pairs of which a change of the slope at the middle is said: 1 before,
    `after` from then on."""
    rng, found = np.random.default_rng([seed, n, int(10 * after), FAMILIES.index(name)]), 0
    kpis = family(name, rng, rng.standard_normal((reps, BURN + n)), (1.0, 2.0, 1))
    noise = family(name, rng, rng.standard_normal((reps, BURN + n)), (1.0, 2.0, 0))
    slope = np.where(np.arange(1, n) < n // 2, 1.0, after)
    for kpi, other in zip(kpis, noise, strict=True):
        goal = np.concatenate([[0.0], np.cumsum(slope * np.diff(kpi))]) + other
        found += slope_break(kpi, goal, n // 2, draws=199).p < 0.05
    return found / reps


def goodharts(reps, lengths, seed):
    print(
        f"Goodhart: share of pairs whose slope is said to have changed, {reps} repetitions; "
        "noise as large as the KPI"
    )
    print(f"{'family':16}{'':12}" + "".join(f"{f'T={n}':>9}" for n in lengths))
    for name in ("iid", "AR .5", "AR .8", "random walk", "walk + drift", "trend + AR"):
        for label, after in (("1 -> 1", 1.0), ("1 -> 0", 0.0)):
            row = [break_rate(name, n, reps, after, seed) for n in lengths]
            print(f"{name:16}  {label:10}" + "".join(f"{100 * r:8.1f}%" for r in row), flush=True)


PARTS = {"pairs": pairs, "panel": panels, "goodhart": goodharts}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, nargs="*", default=tuple(PARTS))
    parser.add_argument("--reps", type=int, default=3000)
    parser.add_argument("--lengths", type=int, nargs="*", default=LENGTHS)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    begin = time.perf_counter()
    for part in args.part:
        PARTS[part](args.reps, args.lengths, args.seed)
        print()
    print(f"{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
