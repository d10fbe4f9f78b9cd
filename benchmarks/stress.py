"""Stress table: does every inferential function keep its error rate on inputs it was not made for?

One trait of the input is varied at a time (size, ties, scale, dependence, growth, calendar, missing
…); "size" is the share of draws in which something is called though nothing happened (of an
interval: in which it misses), "power" that with a planted effect. A cell is above its promise where
the lower end of its 95 % Monte Carlo interval (Clopper-Pearson) lies above it. A cell stops after
`--seconds`, or after `--reps` draws, whichever comes first; draws are seeded one by one.

Run: python benchmarks/stress.py [--quick] [--only relate market] [--reps 200] [--write]
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from cells import alarms, buyers, courses, decisions, logs, places, plant, relations, trials, work
from cells.draws import Cell

from kpilab.errors import BadInput
from kpilab.stats.execution.audit import clopper_pearson

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "stress.md"
QUICK, WHOLE = 40, 400
LEAST = 10  # draws of a cell, however long they take

PARTS: dict[str, Callable[[], list[Cell]]] = {
    "relate": relations.relate_cells, "screen": relations.many_cells,
    "goodhart": relations.goodhart_cells, "searched": relations.searched_cells,
    "panel": relations.panel_cells, "hollow_growth": relations.hollow_cells,
    "changepoint": courses.changepoint_cells, "control": courses.control_cells,
    "targets": courses.target_cells, "pace": courses.pace_cells,
    "counterfactual": courses.counterfactual_cells, "market": courses.market_cells,
    "localise": places.localise_cells, "next_split": places.split_cells,
    "decompose": places.decompose_cells, "user_intervals": places.user_cells,
    "split": places.case_cells,
    "work": work.work_cells, "evidence": work.evidence_cells, "audit": work.audit_cells,
    "change": logs.change_cells, "share": logs.interval_cells,
    "log": alarms.log_cells, "unit": alarms.unit_cells, "reports": alarms.report_cells,
    "late": alarms.late_cells, "plant": plant.plant_cells,
    "experiment": trials.mean_cells, "kinds": trials.kind_cells, "design": trials.design_cells,
    "inside": trials.inside_cells, "decided": decisions.decision_cells,
    "customers": buyers.buyer_cells,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """What was seen of a cell; `powered` draws had an effect planted, 0 where none can be."""

    function: str
    trait: str
    promise: float
    calls: int
    reps: int
    found: int
    powered: int

    @property
    def size(self) -> float:
        return self.calls / self.reps

    @property
    def above(self) -> bool:
        return clopper_pearson(self.calls, self.reps)[0] > self.promise

    def written(self) -> str:
        calls = min(max(self.calls, 1), self.reps - 1)
        error = np.sqrt(calls * (self.reps - calls) / self.reps**3)
        power = f"{self.found} of {self.powered}" if self.powered else "–"
        mark = "**above**" if self.above else ""
        return (
            f"| {self.function} | {self.trait} | {100 * self.size:.1f} % ± {100 * error:.1f} "
            f"| {self.calls} of {self.reps} | {self.promise:.1%} | {power} | {mark} |"
        )

    @classmethod
    def read(cls, line: str) -> Row:
        """From a line of the page."""
        function, trait, _, calls, promise, power, _ = (c.strip() for c in line.split("|")[1:-1])
        seen = [int(x) for x in calls.split(" of ")]
        found = [int(x) for x in power.split(" of ")] if power != "–" else [0, 0]
        return cls(function, trait, float(promise[:-1]) / 100, *seen, *found)


def drawn(cell: Cell, hit: int, reps: int, seconds: float) -> tuple[int, int]:
    """Calls, of how many draws; the generator of a draw depends on its number alone."""
    start, calls, done = time.monotonic(), 0, 0
    while done < reps and (done < LEAST or time.monotonic() - start < seconds):
        with suppress(BadInput):  # what is refused in words is not called
            calls += cell.called(np.random.default_rng([done, 23, hit]), hit)
        done += 1
    return calls, done


def job(of: tuple[str, int, int, float]) -> Row:
    """One cell in a process of its own."""
    warnings.simplefilter("ignore")
    part, k, reps, seconds = of
    cell = PARTS[part]()[k]
    calls, done = drawn(cell, 0, reps, seconds)
    found, powered = drawn(cell, 1, done // 4, seconds / 4) if cell.planted else (0, 0)
    return Row(cell.function, cell.trait, cell.promise, calls, done, found, powered)


def asked(only: list[str], fewer: int | None = None) -> Iterator[tuple[str, int]]:
    """The cells of these parts or functions; of all, if none is named; with `fewer` those of which
    the page holds fewer draws."""
    held = {(r.function, r.trait): r.reps for r in written()}
    for part, cells in PARTS.items():
        for k, cell in enumerate(cells()):
            named = part in only or any(cell.function.startswith(name) for name in only)
            known = held.get((cell.function, cell.trait), 0)
            if (named or not only) and (fewer is None or known < fewer):
                yield part, k


def page(rows: list[Row]) -> str:
    above = [r for r in rows if r.above]
    kept = sum(r.size <= r.promise for r in rows)
    lines = [
        "# Stress table: error rates on inputs the functions were not made for", "",
        "One trait of the input is varied at a time. *Size* is the share of draws in which "
        "something is called though nothing happened (of an interval: in which it misses what is "
        "true), ± one Monte Carlo standard error; *power* how often an effect that was planted is "
        "seen. A cell is **above** its promise where the lower end of its 95 % Monte Carlo "
        "interval lies above it. A draw that is refused in words counts as not called. "
        "Draws are seeded one by one; a cell stops after 8 seconds or "
        f"{WHOLE} draws, so that the whole table takes an hour on two cores.", "",
        f"`python benchmarks/stress.py`: {len(rows) - len(above)} of {len(rows)} cells of "
        f"{len({r.function.split(',')[0].split(' ')[0] for r in rows})} functions keep their "
        f"promise; {kept} lie at or below it as measured. `--only NAME` runs the cells of one "
        "function, `--reps` asks for more or fewer draws, `--write` writes this page and keeps "
        "the rows that were not run.", "",
    ]  # fmt: skip
    left = sum(len(of()) for of in PARTS.values()) - len(rows)
    if left:
        lines += [f"{left} cells of the runner have not been measured since they were added.", ""]
    if above:
        named = "; ".join(f"{r.function}: {r.trait} ({100 * r.size:.0f} %)" for r in above)
        lines += [f"Above: {named}.", ""]
    lines += [
        "| function | input | size | draws | promise | power | |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(r.written() for r in rows)]) + "\n"


def written() -> list[Row]:
    """The rows of the page."""
    lines = PAGE.read_text("utf-8").partition("\n## ")[0].splitlines()
    return [Row.read(line) for line in lines if line.startswith("| ") and " of " in line]


def merged(rows: list[Row]) -> list[Row]:
    """The rows of the page, those that were run anew; in the order of the cells."""
    known = {(r.function, r.trait): r for r in [*written(), *rows]}
    cells = [c for of in PARTS.values() for c in of()]
    return [known[c.function, c.trait] for c in cells if (c.function, c.trait) in known]


def write(rows: list[Row]) -> None:
    """The page with these rows; what somebody wrote below the table stays."""
    _, _, below = PAGE.read_text("utf-8").partition("\n## ")
    PAGE.write_text(page(merged(rows)) + (f"\n## {below}" if below else ""), "utf-8")


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} draws, 3 seconds a cell")
    parser.add_argument("--reps", type=int, help="draws, however long they take")
    parser.add_argument("--seconds", type=float, help="of a cell, on its processor")
    parser.add_argument("--only", nargs="*", default=[], help="parts or functions")
    parser.add_argument("--fewer", type=int, help="those with fewer draws on the page")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    args = parser.parse_args()
    reps = args.reps or (QUICK if args.quick else WHOLE)
    seconds = args.seconds or (1e9 if args.reps else 3.0 if args.quick else 8.0)
    start, rows = time.monotonic(), []
    jobs = [(part, k, reps, seconds) for part, k in asked(args.only, args.fewer)]
    # Fresh processes: a forked one would hold half of the engine's threads.
    with ProcessPoolExecutor(args.processes, get_context("spawn")) as pool:
        for row in pool.map(job, jobs):
            rows.append(row)
            print(row.written(), flush=True)
            if args.write:
                write(rows)  # a run that is stopped keeps what it has measured
    print(f"{len(rows)} cells, {(time.monotonic() - start) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
