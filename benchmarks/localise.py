"""Localisation: exact sets on reference cubes, counts, exceptions and a million rows; one entry
point, no mode.

    python benchmarks/localise.py --reference FOLDER --draws 40
    python benchmarks/localise.py --million 5 --peer PYTHON
    python benchmarks/localise.py --large

FOLDER holds S, L, B0, P: parquet cubes (string dimensions, `real`, `predict`), a truth.json. Micro
F1 over exact sets: an ancestor or descendant of a planted element counts as wrong. PYTHON:
interpreter of an environment with wise-pizza.
"""

from __future__ import annotations

import argparse
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import cubes
import numpy as np
import pandas as pd
from cubes import Case, Told

from kpilab.analysis.rootcause.localise import localise
from kpilab.core.table import Facts
from kpilab.core.values import Period, Where
from kpilab.engine.door.tables import table as as_table

CELLS = (
    (2, 1),
    (3, 1),
    (4, 1),
    (8, 1),
    (2, 2),
    (3, 2),
    (4, 2),
    (3, 3),
    (5, 2),
    (4, 3),
    (5, 3),
    (4, 4),
    (5, 5),
)
LEVELS = {"platform": 3, "channel": 8, "city": 20, "version": 6, "product": 12}
LARGE = ((24, 20, 25, 20, 10), (60, 40, 25, 20, 20))
CAUSES = (
    ({"platform": "platform1", "channel": "channel2"}, 0.3),
    ({"city": "city5", "version": "version3"}, 0.4),
)
PERIODS = Period(date(2025, 3, 3), date(2025, 3, 30)), Period(date(2025, 3, 31), date(2025, 4, 27))


@dataclass(slots=True)
class Tally:
    """Counts over the cases of one set."""

    n: int = 0
    right: int = 0
    extra: int = 0
    missed: int = 0
    first: int = 0
    top3: int = 0
    silent: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, case: Case, *, exceptions: bool, data: Path | None = None) -> None:
        """Search a case; `data`: where its leaves are, if not in its frame."""
        start = time.process_time()
        table = case.frame if data is None else as_table(data)
        result = localise(table, dimensions=case.dimensions, **case.question)
        self.seconds.append(time.process_time() - start)
        told = [
            _told(place) if exceptions else (_told(place)[0], frozenset())
            for place in result.places
        ]
        found = set(told)
        self.n += 1
        self.right += len(found & case.planted)
        self.extra += len(found - case.planted)
        self.missed += len(case.planted - found)
        self.first += told[:1] != [] and told[0] in case.planted
        self.top3 += bool(set(told[:3]) & case.planted)
        self.silent += not told

    def line(self, name: str) -> str:
        f1 = 2 * self.right / max(1, 2 * self.right + self.extra + self.missed)
        shares = [v / max(self.n, 1) for v in (self.first, self.top3, self.silent)]
        mean, most = float(np.mean(self.seconds)), float(np.max(self.seconds))
        return (
            f"{name:40} {self.n:4} {f1:6.3f} {shares[0]:6.3f} {shares[1]:6.3f} {self.extra:6} "
            f"{self.missed:7} "
            f"{shares[2]:7.3f} {mean:7.3f} {most:7.3f}"
        )


HEAD = f"{'cubes':40}    n     F1  first  top 3  extra  missed  silent  mean s   max s"


def sets(arguments: argparse.Namespace) -> Iterator[tuple[str, Iterable[Case]]]:
    """Name and cases of every set that is asked for."""
    draws, seed = arguments.draws, arguments.seed
    if arguments.incidents:
        tuned, reported = cubes.halves(list(cubes.incidents(arguments.incidents)))
        yield from (("incidents, tuned on", tuned), ("incidents, reported", reported))
    for name in ("S", "L", "B0", "P") if arguments.reference else ():
        yield name, cubes.reference(arguments.reference / name)
    for extra in (0.0, 0.2):
        for mean in (3, 30, 300):
            yield f"Poisson {mean}, noise {extra:.0%}", cubes.poisson(mean, draws, extra, seed=seed)
            yield (
                f"null, {mean}, noise {extra:.0%}",
                cubes.poisson(mean, draws, extra, null=True, seed=seed),
            )
    for counts in (True, False):
        yield (
            f"exceptions, {'counts' if counts else 'ratios'}",
            cubes.exceptions(draws, counts=counts, seed=seed + 1),
        )
    for name, world in (cubes.shapes() | cubes.nulls()).items():
        yield name, cubes.amounts(world, draws, seed=seed)
    yield "profit, of either sign", cubes.profits(draws, seed=seed)
    yield "null, profit, of either sign", cubes.profits(draws, null=True, seed=seed)
    for nd, nc in CELLS:
        for fall in (0.3, 0.0):
            name = f"rate, {nd} x {nc} cells" + (", null" if fall == 0 else "")
            yield name, cubes.cells(nd, nc, draws, fall=fall, seed=seed)


def _told(place: Where) -> Told:
    values, left = (
        {(d, str(v)) for d, vs in part.items() for v in vs}
        for part in (place.values, place.without)
    )
    return frozenset(values), frozenset(left)


def million(rows: int = 1_000_000) -> pd.DataFrame:
    """Order counts of two periods by five dimensions, two causes planted in the second."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            d: rng.choice([f"{d}{k}" for k in range(m)], rows, p=rng.dirichlet(np.full(m, 3.0)))
            for d, m in LEVELS.items()
        }
    )
    frame["date"] = pd.Timestamp("2025-03-03") + pd.to_timedelta(
        rng.integers(0, 56, rows), unit="D"
    )
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
        df1=frame[~now], df2=frame[now], dims=dims, total_name="orders",
        size_name="rows", max_segments=5)
    print("wise-pizza", time.process_time() - start, time.perf_counter() - wall)
print([s["segment"] for s in found.segments])
"""


def compare(repeats: int, peer: str | None) -> None:
    """Processor and wall seconds for a million rows, the aggregation included;
    a peer in its own environment."""
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
                result = localise(
                    table(), dimensions=list(LEVELS), measure="orders", periods=PERIODS
                )
                seconds = time.process_time() - start, time.perf_counter() - wall
                exact = {_told(p) for p in result.places} == planted
                print(
                    (
                        f"kpilab, {name:14} cpu {seconds[0]:6.2f}  wall {seconds[1]:6.2f}  exact: "
                        f"{exact}"
                    ),
                    flush=True,
                )
        if peer:
            subprocess.run([peer, "-c", PEER, str(path), ",".join(LEVELS), "2"], check=True)


def large() -> None:
    """Processor seconds and memory for complete cubes of millions of leaves: in a data frame, and
    in a Parquet file that another process searches by its engine."""
    with tempfile.TemporaryDirectory() as folder:
        for shape in LARGE:
            case, path = cubes.complete(shape), Path(folder) / "leaves.parquet"
            case.frame.to_parquet(path)
            with path.with_suffix(".pickle").open("wb") as file:
                pickle.dump(replace(case, frame=case.frame[:0]), file)
            _one_large(f"{np.prod(shape):,} leaves, frame", case)
            del case
            subprocess.run([sys.executable, __file__, "--file", str(path)], check=True)


def in_file(path: Path) -> None:
    """One complete cube that is in a file."""
    case = pickle.loads(path.with_suffix(".pickle").read_bytes())
    _one_large("the same, Parquet file", case, path)


def _one_large(name: str, case: Case, data: Path | None = None) -> None:
    tally, start = Tally(), time.perf_counter()
    tally.add(case, exceptions=False, data=data)
    wall, most = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{tally.line(name)}  wall {wall:.0f} s, {most / 2**20:.1f} GiB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, help="folder with S, L, B0, P")
    parser.add_argument("--incidents", type=Path, help="folder with the real incidents")
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only", default="", help="sets whose name holds this text, or one of several split by |"
    )
    parser.add_argument(
        "--million",
        type=int,
        default=0,
        help="repetitions of the million rows; nothing else is run",
    )
    parser.add_argument("--large", action="store_true", help="24 million leaves; nothing else")
    parser.add_argument("--file", type=Path, help="one of them in a file; see `large`")
    parser.add_argument("--peer", help="interpreter with wise-pizza, for the million rows")
    arguments = parser.parse_args()
    if arguments.million:
        compare(arguments.million, arguments.peer)
        return
    if arguments.file:
        in_file(arguments.file)
        return
    print(HEAD)
    if arguments.large:
        large()
        return
    for name, cases in sets(arguments):
        if any(part in name for part in arguments.only.split("|")):
            tally = Tally()
            for case in cases:
                tally.add(case, exceptions=name.startswith("exceptions"))
            print(tally.line(name), flush=True)


if __name__ == "__main__":
    main()
