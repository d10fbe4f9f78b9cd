"""Localisation: exact sets on the reference cubes and on Poisson cubes, one entry point, no mode argument.

    python benchmarks/localise.py --reference FOLDER --draws 40

FOLDER holds S, L, B0, P: parquet cubes (string dimensions, `real`, `predict`), a truth.json. Micro F1 over exact sets:
an ancestor or descendant of a planted element counts as wrong.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from kpilab.stats.localise import locate

SHAPE = (10, 8, 6, 5)
Element = frozenset[tuple[int, int]]
Case = tuple[np.ndarray, np.ndarray, np.ndarray, set[Element]]


def reference(folder: Path) -> Iterator[Case]:
    for key, told in json.loads((folder / "truth.json").read_text()).items():
        frame = pd.read_parquet(folder / f"{key}.parquet")
        names = list(frame.columns[:-2])
        coded = [pd.factorize(frame[n]) for n in names]
        place = [{str(v): k for k, v in enumerate(values)} for _, values in coded]
        planted = {
            frozenset((names.index(d), place[names.index(d)][str(v)]) for d, v in cause.items())
            for cause in told["root_causes"]
        }
        yield np.array([c for c, _ in coded]), frame["predict"].to_numpy(float), frame["real"].to_numpy(float), planted


def poisson(mean: float, draws: int, extra: float = 0.0, *, null: bool = False) -> Iterator[Case]:
    """Counts in both periods; 1-3 causes of ±15…60 % whose expected log likelihood ratio is 15 or more."""
    rng = np.random.default_rng(0)
    codes = np.indices(SHAPE).reshape(len(SHAPE), -1)
    for _ in range(draws):
        size = np.prod([rng.lognormal(0, 0.5, s)[codes[j]] for j, s in enumerate(SHAPE)], axis=0)
        size *= mean / size.mean()
        now, planted = size.copy(), set()
        wanted = 0 if null else int(rng.integers(1, 4))
        while len(planted) < wanted:
            dims = rng.choice(len(SHAPE), int(rng.integers(1, 4)), replace=False)
            element = frozenset((int(d), int(rng.integers(SHAPE[d]))) for d in dims)
            hit = np.all([codes[d] == v for d, v in element], axis=0)
            shift = float(rng.choice([-1, 1]) * rng.uniform(0.15, 0.6))
            if any(element <= e or e <= element for e in planted) or size[hit].sum() * shift**2 / 4 < 15:
                continue
            now[hit] *= 1 + shift
            planted.add(element)
        noise = [rng.lognormal(-(extra**2) / 2, extra, len(size)) if extra else 1.0 for _ in range(2)]
        yield codes, rng.poisson(size * noise[0]).astype(float), rng.poisson(now * noise[1]).astype(float), planted


def row(name: str, cases: Iterator[Case]) -> tuple[str, int, float, int, int, float, float]:
    right = wrong = missed = n = 0
    seconds = []
    for codes, expected, actual, planted in cases:
        start = time.process_time()
        found = {frozenset(zip(e.dims, e.values, strict=True)) for e in locate(codes, expected, actual).elements}
        seconds.append(time.process_time() - start)
        n, right = n + 1, right + len(found & planted)
        wrong, missed = wrong + len(found - planted), missed + len(planted - found)
    f1 = 2 * right / max(1, 2 * right + wrong + missed)
    return name, n, f1, wrong, missed, float(np.mean(seconds)), float(np.max(seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, help="folder with S, L, B0, P")
    parser.add_argument("--draws", type=int, default=40)
    arguments = parser.parse_args()
    rows = []
    if arguments.reference:
        rows += [row(name, reference(arguments.reference / name)) for name in ("S", "L", "B0", "P")]
    for extra in (0.0, 0.2):
        for mean in (3, 30, 300):
            rows.append(row(f"Poisson {mean}, noise {extra:.0%}", poisson(mean, arguments.draws, extra)))
            rows.append(row(f"null {mean}, noise {extra:.0%}", poisson(mean, arguments.draws, extra, null=True)))
    print(f"{'cubes':24} {'n':>4} {'F1':>6} {'extra':>6} {'missed':>7} {'mean s':>7} {'max s':>7}")
    for name, n, f1, wrong, missed, mean, most in rows:
        score = "     –" if name.startswith("null") else f"{f1:6.3f}"
        print(f"{name:24} {n:4} {score} {wrong:6} {missed:7} {mean:7.3f} {most:7.3f}")


if __name__ == "__main__":
    main()
