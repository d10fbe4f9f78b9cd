"""Decomposition and drill-down: do intervals of rate and mix cover, and does noise stay without a
cause?

    python benchmarks/decomposition.py --draws 4000 --worlds 1000
    python benchmarks/decomposition.py --splits 2000

Coverage: share of draws whose 95 % interval holds the true rate or mix effect. Null worlds: share
of draws in which the next split, or the localisation, proposes anything though nothing happened
(asked: at most 5 %). Splits: the next split alone, where nothing happened and where one platform ×
channel fell (a sixth of the cells).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd

from kpilab.analysis.rootcause.localise import localise
from kpilab.analysis.rootcause.next_split import next_split
from kpilab.stats.rootcause.ratemix import rate_mix

Z95 = 1.959964
NAMES = ("platform", "channel", "version", "city")
# Whether rates, mean size, and relative noise of cubes.
NOISY = (
    (False, 3, 0.0),
    (False, 60, 0.0),
    (False, 60, 0.2),
    (False, 300, 0.2),
    (True, 60, 0.0),
    (True, 60, 0.1),
)
RIGHT = ({"platform": "a"}, {"channel": "q"})
# Shares and rates in both periods, and units per period.
WORLDS = {
    "3 segments, both move": ([0.5, 0.3, 0.2], [0.4, 0.3, 0.3], [0.1, 0.2, 0.4], [0.09, 0.22, 0.38],
        (4000, 5000)),
    ("3 segments, only shares "
    "move"): ([0.5, 0.3, 0.2], [0.3, 0.3, 0.4], [0.1, 0.2, 0.4], [0.1, 0.2, 0.4], (4000, 4000)),
    "2 segments, reversal": ([0.83, 0.17], [0.09, 0.91], [0.9, 0.1], [0.93, 0.14], (3000, 3000)),
    "8 segments, rare rates": (
        list(np.arange(8, 0, -1) / 36), list(np.arange(1, 9) / 36), [0.02] * 4 + [0.05] * 4,
        [0.03] * 4 + [0.04] * 4,
        (20000, 30000),
    ),
}  # fmt: skip


def coverage(world: tuple, draws: int, *, three: bool, days: float) -> tuple[float, float]:
    """Share of draws whose interval holds the true effect of rate and of mix; `days`:
    over-dispersion (1: none)."""
    share0, share1, r0, r1 = (np.array(v) for v in world[:4])
    up, shift, centre = r1 - r0, share1 - share0, (share0 @ r0 + share1 @ r1) / 2
    rate = share0 @ up if three else (share0 + share1) / 2 @ up
    mix = shift @ (r0 - share0 @ r0) if three else shift @ ((r0 + r1) / 2 - centre)
    rng, hits = np.random.default_rng(0), np.zeros(2)
    for _ in range(draws):
        counts = [
            _period(rng, n, s, r, days)
            for n, s, r in zip(world[4], (share0, share1), (r0, r1), strict=True)
        ]
        (den0, num0), (den1, num1) = ([v.astype(float) for v in pair] for pair in counts)
        found = rate_mix(num0, den0, num1, den1, three=three, spread=days)
        estimates = (found.rate.sum(), rate), (found.mix.sum(), mix)
        hits += [
            abs(e - truth) <= Z95 * error
            for (e, truth), error in zip(estimates, found.errors, strict=False)
        ]
    return float(hits[0] / draws), float(hits[1] / draws)


def _period(
    rng: np.random.Generator, n: int, share: np.ndarray, rate: np.ndarray, days: float
) -> tuple:
    """Denominators and numerators; clumped in groups of `days` when over-dispersed."""
    size = int(days)
    den = rng.multinomial(n // size, share)
    return den * size, rng.binomial(den, rate) * size


def cubes(
    worlds: int, mean: float, *, rate: bool, extra: float = 0.0, fall: float = 0.0, first: int = 0
) -> Iterator[pd.DataFrame]:
    """Cubes in which nothing happened, or one platform × channel fell.

    Args:
        extra: lognormal noise of each cell and period. fall: share lost there. first: seed of the
            first cube.
    """
    grid = pd.DataFrame(list(product("ai", "pqr", "123", "uvwxyz")), columns=list(NAMES))
    hit = ((grid["platform"] == "a") & (grid["channel"] == "q")).to_numpy()
    for seed in range(first, first + worlds):
        rng = np.random.default_rng(seed)
        size = rng.lognormal(np.log(mean), 0.6, len(grid))
        noise = rng.lognormal(0, extra, (2, len(grid))) if extra else np.ones((2, len(grid)))
        noise[1] *= np.where(hit, 1 - fall, 1.0)
        if not rate:
            yield grid.assign(num0=rng.poisson(size * noise[0]), num1=rng.poisson(size * noise[1]))
            continue
        den = rng.poisson(5 * size, (2, len(grid))) + 1
        share = np.clip(rng.normal(0.2, 0.05, len(grid)), 0.02, 0.6)
        num = rng.binomial(den, np.clip(share * noise, 0, 1))
        yield grid.assign(den0=den[0], num0=num[0], den1=den[1], num1=num[1])


def silence(frames: Iterator[pd.DataFrame], *, rate: bool) -> tuple[float, float, int]:
    """Share of cubes with a proposed split, with a located place; all places."""
    split = place = places = n = 0
    for frame in frames:
        n += 1
        split += next_split(frame, dimensions=NAMES).best is not None
        if rate:
            found = localise(
                frame,
                dimensions=NAMES,
                measure=("num1", "den1"),
                expected=("num0", "den0"),
            )
        else:
            found = localise(frame, dimensions=NAMES, measure="num1", expected="num0")
        place, places = place + bool(len(found.table)), places + len(found.table)
    return split / n, place / n, places


def splits(worlds: int) -> None:
    """Share of cubes with a proposed split; where a place fell, along one of its two dimensions."""
    print(f"{'cube':34} {'fell':>5} {'proposed':>9} {'error':>7} {'right':>7}")
    quiet = [(rate, mean, extra, 0.0) for rate, mean, extra in NOISY]
    fell = [
        (False, 60, 0.0, 0.3),
        (False, 60, 0.2, 0.3),
        (False, 60, 0.2, 0.5),
        (True, 60, 0.1, 0.3),
    ]
    for rate, mean, extra, fall in (*quiet, *fell):
        n = worlds if fall == 0 else max(worlds // 4, 1)
        frames = cubes(n, mean, rate=rate, extra=extra, fall=fall, first=1_000_000)
        best = [next_split(frame, dimensions=NAMES).best for frame in frames]
        share = float(np.mean([place is not None for place in best]))
        right = float(np.mean([place is not None and place.plain() in RIGHT for place in best]))
        name = f"{'rates' if rate else 'counts'}, mean {mean}, noise {extra:.0%}"
        error = (share * (1 - share) / n) ** 0.5
        print(
            (
                f"{name:34} {fall:5.0%} {share:9.4f} {error:7.4f} "
                f"{right if fall else float('nan'):7.3f}"
            ),
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument(
        "--splits", type=int, default=0, help="cubes for the next split alone; nothing else is run"
    )
    arguments = parser.parse_args()
    if arguments.splits:
        splits(arguments.splits)
        return
    error = (0.95 * 0.05 / arguments.draws) ** 0.5
    print(f"95 % intervals, {arguments.draws} draws (Monte-Carlo error {error:.4f})")
    print(f"{'world':34} {'terms':>6} {'clumps':>6} {'rate':>7} {'mix':>7}")
    for name, world in WORLDS.items():
        for three, days in ((False, 1.0), (True, 1.0), (False, 4.0)):
            rate, mix = coverage(world, arguments.draws, three=three, days=days)
            print(f"{name:34} {3 if three else 2:6} {days:6.0f} {rate:7.4f} {mix:7.4f}", flush=True)
    error = (0.05 * 0.95 / arguments.worlds) ** 0.5
    print(f"\nnull worlds, {arguments.worlds} draws (Monte-Carlo error {error:.4f} at 5 %)")
    print(f"{'cube':34} {'next split':>10} {'localise':>9} {'places':>7} {'per 20':>7}")
    for rate, mean, extra in NOISY:
        split, place, places = silence(
            cubes(arguments.worlds, mean, rate=rate, extra=extra), rate=rate
        )
        name = f"{'rates' if rate else 'counts'}, mean {mean}, noise {extra:.0%}"
        print(
            (
                f"{name:34} {split:10.3f} {place:9.3f} {places:7} "
                f"{20 * places / arguments.worlds:7.2f}"
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
