"""Localisation: exact sets on reference cubes, counts, exceptions and a million rows; one entry point, no mode.

    python benchmarks/localise.py --reference FOLDER --draws 40
    python benchmarks/localise.py --million 5 --peer PYTHON

FOLDER holds S, L, B0, P: parquet cubes (string dimensions, `real`, `predict`), a truth.json. Micro F1 over exact sets:
an ancestor or descendant of a planted element counts as wrong. PYTHON: interpreter of an environment with wise-pizza.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from kpilab.analysis.localise import localise
from kpilab.core.table import Facts
from kpilab.core.values import Period, Where
from kpilab.engine.door.tables import table as as_table

SHAPE = (10, 8, 6, 5)
NAMES = ("a", "b", "c", "d")
Place = frozenset[tuple[str, str]]
Told = tuple[Place, Place]  # an element, and what is taken out of it
Case = tuple[pd.DataFrame, set[Told]]
LEVELS = {"platform": 3, "channel": 8, "city": 20, "version": 6, "product": 12}
CAUSES = (({"platform": "platform1", "channel": "channel2"}, 0.3), ({"city": "city5", "version": "version3"}, 0.4))
PERIODS = Period(date(2025, 3, 3), date(2025, 3, 30)), Period(date(2025, 3, 31), date(2025, 4, 27))


def reference(folder: Path) -> Iterator[Case]:
    for key, told in json.loads((folder / "truth.json").read_text()).items():
        frame = pd.read_parquet(folder / f"{key}.parquet").rename(columns={"predict": "was", "real": "now"})
        planted = {(frozenset((d, str(v)) for d, v in cause.items()), frozenset()) for cause in told["root_causes"]}
        yield frame, planted


def poisson(mean: float, draws: int, extra: float = 0.0, *, null: bool = False) -> Iterator[Case]:
    """Counts in both periods; 1-3 causes of ±15…60 % whose expected log likelihood ratio is 15 or more."""
    rng = np.random.default_rng(0)
    codes = np.indices(SHAPE).reshape(len(SHAPE), -1)
    for _ in range(draws):
        size = _sizes(rng, codes, mean)
        now, planted = size.copy(), []
        wanted = 0 if null else int(rng.integers(1, 4))
        while len(planted) < wanted:
            dims = rng.choice(len(SHAPE), int(rng.integers(1, 4)), replace=False)
            element = {int(d): int(rng.integers(SHAPE[d])) for d in dims}
            hit = np.all([codes[d] == v for d, v in element.items()], axis=0)
            shift = float(rng.choice([-1, 1]) * rng.uniform(0.15, 0.6))
            nested = any(element.items() <= e.items() or e.items() <= element.items() for e in planted)
            if nested or size[hit].sum() * shift**2 / 4 < 15:
                continue
            now[hit] *= 1 + shift
            planted.append(element)
        noise = [rng.lognormal(-(extra**2) / 2, extra, len(size)) if extra else 1.0 for _ in range(2)]
        frame = _frame(codes, rng.poisson(size * noise[0]), rng.poisson(now * noise[1]))
        yield frame, {(_place(e), frozenset()) for e in planted}


def exceptions(draws: int, *, counts: bool) -> Iterator[Case]:
    """One element moves by ±30…60 % but for a part of it (at most 40 %)."""
    rng = np.random.default_rng(1)
    codes, made = np.indices(SHAPE).reshape(len(SHAPE), -1), 0
    while made < draws:
        size, dims = _sizes(rng, codes, 60.0), rng.permutation(4)
        depth = int(rng.integers(1, 3))
        element = {int(d): int(rng.integers(SHAPE[d])) for d in dims[:depth]}
        left = {int(d): int(rng.integers(SHAPE[d])) for d in dims[depth : depth + 1 + (rng.random() < 0.3)]}
        inside, out = (np.all([codes[d] == v for d, v in e.items()], axis=0) for e in (element, element | left))
        shift = rng.choice([-1, 1]) * rng.uniform(0.3, 0.6)
        if size[out].sum() * shift**2 / 4 < 25 or size[out].sum() > 0.4 * size[inside].sum():
            continue
        made += 1
        now = np.where(inside & ~out, size * (1 + shift), size)
        noise = rng.lognormal(0, 0.1, len(size))
        frame = _frame(codes, rng.poisson(size), rng.poisson(now)) if counts else _frame(codes, size, now * noise)
        yield frame, {(_place(element), _place(left))}


def _sizes(rng: np.random.Generator, codes: np.ndarray, mean: float) -> np.ndarray:
    size = np.prod([rng.lognormal(0, 0.5, s)[codes[j]] for j, s in enumerate(SHAPE)], axis=0)
    return size * mean / size.mean()


def _frame(codes: np.ndarray, was: np.ndarray, now: np.ndarray) -> pd.DataFrame:
    columns = {d: pd.Series([f"{d}{v}" for v in code], dtype="str") for d, code in zip(NAMES, codes, strict=True)}
    return pd.DataFrame(columns | {"was": was.astype(float), "now": now.astype(float)})


def _place(element: dict[int, int]) -> Place:
    return frozenset((NAMES[d], f"{NAMES[d]}{v}") for d, v in element.items())


def _told(place: Where) -> Told:
    values, left = ({(d, str(v)) for d, vs in part.items() for v in vs} for part in (place.values, place.without))
    return frozenset(values), frozenset(left)


def row(name: str, cases: Iterator[Case]) -> tuple[str, int, float, int, int, float, float]:
    right = wrong = missed = n = 0
    seconds = []
    for frame, planted in cases:
        dimensions = [c for c in frame.columns if c not in ("was", "now")]
        start = time.process_time()
        result = localise(frame, dimensions=dimensions, measure="now", expected="was")
        seconds.append(time.process_time() - start)
        found = {_told(place) for place in result.places}
        n, right = n + 1, right + len(found & planted)
        wrong, missed = wrong + len(found - planted), missed + len(planted - found)
    f1 = 2 * right / max(1, 2 * right + wrong + missed)
    return name, n, f1, wrong, missed, float(np.mean(seconds)), float(np.max(seconds))


def million(rows: int = 1_000_000) -> pd.DataFrame:
    """Order counts of two periods by five dimensions, two causes planted in the second."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            d: rng.choice([f"{d}{k}" for k in range(m)], rows, p=rng.dirichlet(np.full(m, 3.0)))
            for d, m in LEVELS.items()
        }
    )
    frame["date"] = pd.Timestamp("2025-03-03") + pd.to_timedelta(rng.integers(0, 56, rows), unit="D")
    frame["orders"] = rng.poisson(4.0, rows)
    for where, fall in CAUSES:
        hit = (frame["date"] >= pd.Timestamp("2025-03-31")).to_numpy()
        for d, v in where.items():
            hit = hit & (frame[d] == v).to_numpy()
        frame.loc[hit, "orders"] = rng.binomial(frame.loc[hit, "orders"], 1 - fall)
    return frame


PEER = """
import sys, time, warnings, pandas as pd
warnings.simplefilter("ignore")
from wise_pizza import explain_changes_in_totals
frame = pd.read_parquet(sys.argv[1]); now = frame["date"] >= "2025-03-31"
dims = sys.argv[2].split(",")
frame[dims], frame["rows"] = frame[dims].astype("object"), 1
for _ in range(int(sys.argv[3])):
    start, wall = time.process_time(), time.perf_counter()
    found = explain_changes_in_totals(
        df1=frame[~now], df2=frame[now], dims=dims, total_name="orders", size_name="rows", max_segments=5)
    print("wise-pizza", time.process_time() - start, time.perf_counter() - wall)
print([s["segment"] for s in found.segments])
"""


def compare(repeats: int, peer: str | None) -> None:
    """Processor and wall seconds for a million rows, the aggregation included; a peer in its own environment."""
    frame = million()
    planted = {(frozenset(where.items()), frozenset()) for where, _ in CAUSES}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "million.parquet"
        frame.to_parquet(path)
        data = {
            "parquet file": lambda: Facts(as_table(path), time="date"),
            "frame": lambda: frame,
            "frame as facts": lambda: Facts(as_table(frame), time="date"),
        }
        for name, table in data.items():
            for _ in range(repeats):
                start, wall = time.process_time(), time.perf_counter()
                result = localise(table(), dimensions=list(LEVELS), measure="orders", periods=PERIODS)
                seconds = time.process_time() - start, time.perf_counter() - wall
                exact = {_told(p) for p in result.places} == planted
                print(f"kpilab, {name:14} cpu {seconds[0]:6.2f}  wall {seconds[1]:6.2f}  exact: {exact}", flush=True)
        if peer:
            subprocess.run([peer, "-c", PEER, str(path), ",".join(LEVELS), "2"], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, help="folder with S, L, B0, P")
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--million", type=int, default=0, help="repetitions of the million rows; nothing else is run")
    parser.add_argument("--peer", help="interpreter with wise-pizza, for the million rows")
    arguments = parser.parse_args()
    if arguments.million:
        compare(arguments.million, arguments.peer)
        return
    names = ("S", "L", "B0", "P") if arguments.reference else ()
    runs = [(name, reference(arguments.reference / name)) for name in names]
    for extra in (0.0, 0.2):
        for mean in (3, 30, 300):
            runs.append((f"Poisson {mean}, noise {extra:.0%}", poisson(mean, arguments.draws, extra)))
            runs.append((f"null {mean}, noise {extra:.0%}", poisson(mean, arguments.draws, extra, null=True)))
    runs += [
        (f"exceptions, {'counts' if c else 'ratios'}", exceptions(arguments.draws, counts=c)) for c in (True, False)
    ]
    print(f"{'cubes':24} {'n':>4} {'F1':>6} {'extra':>6} {'missed':>7} {'mean s':>7} {'max s':>7}")
    for name, cases in runs:
        name, n, f1, wrong, missed, mean, most = row(name, cases)
        score = "     –" if name.startswith("null") else f"{f1:6.3f}"
        print(f"{name:24} {n:4} {score} {wrong:6} {missed:7} {mean:7.3f} {most:7.3f}", flush=True)


if __name__ == "__main__":
    main()
