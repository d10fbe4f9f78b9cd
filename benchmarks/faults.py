"""Does a kill or a busy neighbour lose anything? Kills programs at random moments and looks what is
left.

python benchmarks/faults.py --repeat 200
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from datetime import date, timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path

from kpilab.cli import app
from kpilab.core.files import put
from kpilab.core.finding import BridgeRow, Cause, Finding, GoalChange, Review, StepReport
from kpilab.core.values import Message, Period
from kpilab.track.store import Store

FORK = multiprocessing.get_context(
    "fork"
)  # a child has everything imported, so that it is killed at its work
FINDINGS, CAUSES = 40, 5
LONGEST = 0.06  # seconds to the kill: a save takes a few hundredths, and so does a report
FILES = {
    "review.html": 1_000_000,
    "review.md": 20_000,
    "review.xlsx": 60_000,
    "review.json": 300_000,
}  # bytes
SPEC = """\
kpilab: 1
title: Small
periods:
  baseline: [2026-03-02, 2026-03-29]
  current: [2026-03-30, 2026-04-26]
tables:
  daily: {kind: facts, source: daily.csv, time: date, dimensions: [platform]}
metrics:
  orders: {table: daily, measure: sum(orders)}
  visits: {table: daily, measure: sum(visits)}
  rate: {table: daily, numerator: sum(orders), denominator: sum(visits)}
goal: {metric: orders, formula: visits * rate}
kpis:
  - {metric: visits, target: 112000}
"""
Outcome = tuple[str | None, bool]  # what is wrong, and whether the kill came before the end


def made() -> Review:
    """A review of the usual size."""
    said = Message("report.fact", {"name": "n", "value": "v" * 200})
    findings = tuple(Finding(f"goal.{k}", "goal", "fine", said) for k in range(FINDINGS))
    causes = tuple(Cause("driver_decline", f"metric {k}", "goal", said, 0.9) for k in range(CAUSES))
    periods = {
        "baseline": Period(date(2026, 1, 1), date(2026, 3, 31)),
        "current": Period(date(2026, 4, 1), date(2026, 6, 30)),
    }
    goal = GoalChange("goal", 100.0, 100.0, 90.0, 90.0)
    steps = (StepReport("goal", findings),)
    return Review("case", "Case", "en", periods, goal, (BridgeRow(said, -10.0),), causes, steps)


def saver(place: str, kept: Connection) -> None:
    """Save one review after the other; says which ones it was told are kept."""
    review = made()
    with Store.open(place) as store:
        kept.send(0)
        while True:
            kept.send(store.save(review))


def killed(process: ForkProcess, after: float) -> bool:
    """Kill a program in a while; whether it was still running."""
    process.join(after)
    with suppress(ProcessLookupError):
        os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    return process.exitcode == -signal.SIGKILL


def kill_in_a_save(place: Path, rng: random.Random) -> Outcome:
    """A program that saves reviews is killed: what is wrong with the store afterwards?"""
    kept, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=saver, args=(str(place), sender), daemon=True)
    process.start()
    kept.recv()
    early = killed(process, LONGEST * rng.random())
    told = []
    while kept.poll():
        told.append(kept.recv())
    kept.close()
    sender.close()
    return broken(place, told), early


def broken(place: Path, told: list[int]) -> str | None:
    """Looks at the whole store: every review whole, every review that was confirmed there."""
    with Store.open(place) as store:
        run = store.database.rows
        if run("PRAGMA integrity_check")[0]["integrity_check"] != "ok":
            return "the file is damaged"
        whole = run(
            "SELECT id, (SELECT count(*) FROM findings WHERE review = reviews.id) AS f,"
            " (SELECT count(*) FROM causes WHERE review = reviews.id) AS c FROM reviews"
        )
        if any((row["f"], row["c"]) != (FINDINGS, CAUSES) for row in whole):
            return "half a review"
        if run("SELECT id FROM findings WHERE review NOT IN (SELECT id FROM reviews)"):
            return "findings without a review"
        if set(told) - {row["id"] for row in whole}:
            return "a confirmed review is lost"
    return None


def letters(sign: str) -> dict[str, bytes]:
    """A report of the usual size, of one letter."""
    return {name: sign.encode() * size for name, size in FILES.items()}


def reporter(place: str, ready: Connection) -> None:
    """Write one report over the other, a and b in turn."""
    ready.send(0)
    while True:
        for sign in "ab":
            put(Path(place), letters(sign))


def kill_in_a_report(place: Path, rng: random.Random) -> Outcome:
    """A program that writes reports is killed: is there a mixture that looks whole,
    or something that stays?"""
    put(place, letters("b"))
    ready, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=reporter, args=(str(place), sender), daemon=True)
    process.start()
    ready.recv()
    early = killed(process, LONGEST * rng.random())
    ready.close()
    sender.close()
    found = {p.name: p.read_bytes() for p in place.iterdir() if p.is_file()}
    whole = (letters("a"), letters("b"))
    if any(content not in (w[name] for w in whole) for name, content in found.items()):
        return "half a file", early
    if "review.json" in found and found not in whole:
        return "a mixture of two reports", early
    put(place, letters("c"))
    if {p.name: p.read_bytes() for p in place.iterdir() if p.is_file()} != letters("c") or len(
        list(place.iterdir())
    ) > 4:
        return "the next report does not mend it", early
    return None, early


def small_case(folder: Path) -> None:
    """Eight weeks of two platforms, one of which falls; written as a case."""
    rng, rows = random.Random(1), ["date,platform,visits,orders"]
    for day in range(56):
        for platform in ("app", "web"):
            fall = 0.8 if platform == "app" and day >= 28 else 1.0
            orders = round(400 * fall * rng.gauss(1, 0.03))
            visits = round(2000 * rng.gauss(1, 0.03))
            rows.append(f"{date(2026, 3, 2) + timedelta(days=day)},{platform},{visits},{orders}")
    folder.mkdir()
    (folder / "daily.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (folder / "case.yml").write_text(SPEC, "utf-8")


def command(
    case: Path, out: Path, store: Path, lang: str, loaded: Connection | None = None
) -> None:
    """`kpilab review`, quietly; tells which modules it loaded."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        app(
            ["review", str(case), "--out", str(out), "--store", str(store), "--lang", lang],
            standalone_mode=False,
        )
    if loaded:
        loaded.send(sorted(sys.modules))


def reviewed(*given: object) -> ForkProcess:
    process = FORK.Process(target=command, args=given, daemon=True)
    process.start()
    return process


def text_of(folder: Path) -> str:
    """review.json without the moment it was made; "" where there is none."""
    path = folder / "review.json"
    data = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return json.dumps({k: v for k, v in data.items() if k != "created"}) if data else ""


class KillInAReview:
    """A whole `kpilab review` is killed at a random moment of its usual time, and run again."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def prepare(self, place: Path) -> None:
        """The case, a report in Chinese that is to be replaced,
        and the report in English that it will be."""
        small_case(place / "case")
        told, sender = FORK.Pipe(duplex=False)
        first = reviewed(place / "case", place / "wanted", place, "en", sender)
        for name in told.recv():
            with suppress(
                Exception
            ):  # what a child could import but we cannot costs time, nothing else
                importlib.import_module(name)
        first.join()
        reviewed(place / "case", place / "old", place, "zh").join()
        start = time.perf_counter()
        reviewed(place / "case", place / "wanted", place, "en").join()
        self.seconds = time.perf_counter() - start

    def __call__(self, place: Path, rng: random.Random) -> Outcome:
        if not self.seconds:
            self.prepare(place)
        old = {p.name: p.read_bytes() for p in (place / "old").iterdir()}
        wanted, out = text_of(place / "wanted"), place / "out"
        put(out, {name: old[name] for name in FILES})
        early = killed(reviewed(place / "case", out, place, "en"), self.seconds * rng.random())
        wrong = unsound(out, old, wanted)
        with Store.open(place) as store:
            if store.database.rows("PRAGMA integrity_check")[0]["integrity_check"] != "ok":
                wrong = "the store is damaged"
        again = reviewed(place / "case", out, place, "en")
        again.join()
        if (
            again.exitcode
            or text_of(out) != wanted
            or {p.name for p in out.iterdir()} != set(FILES)
        ):
            wrong = wrong or "the second run gives something else"
        return wrong, early


def unsound(out: Path, old: Mapping[str, bytes], wanted: str) -> str | None:
    """What is wrong with a folder in which a report was being replaced."""
    found = {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()}
    new = {name for name, content in found.items() if content != old[name]}
    if "review.json" in found and set(found) != set(FILES):
        return "a report that looks whole lacks a file"
    if "review.json" in found and new and new != set(FILES):
        return "a mixture of two reports"
    if "review.json" in new and text_of(out) != wanted:
        return "another review"
    if "review.html" in new and not found["review.html"].rstrip().endswith(b"</html>"):
        return "half a page"
    if "review.xlsx" in new and zipfile.ZipFile(out / "review.xlsx").testzip():
        return "half a workbook"
    return None


def writer(place: str, name: str, rows: int) -> None:
    with Store.open(place) as store:
        for k in range(rows):
            store.add_action("case", f"{name} {k}", owner="ann")


def two_writers(place: Path, rng: random.Random, rows: int = 0) -> Outcome:
    """Two programs write at once: what is missing afterwards?"""
    rows = rows or 50 + rng.randrange(50)
    both = [FORK.Process(target=writer, args=(str(place), name, rows)) for name in "ab"]
    for process in both:
        process.start()
    for process in both:
        process.join()
    with Store.open(place) as store:
        found = [a.what for a in store.actions()]
    missing = {f"{name} {k}" for name in "ab" for k in range(rows)} - set(found)
    wrong = missing or len(found) != 2 * rows or any(p.exitcode for p in both)
    return (f"{len(missing)} rows lost" if wrong else None), False


def two_long_writers(place: Path, rng: random.Random) -> Outcome:
    return two_writers(place, rng, rows=1000)


FAULTS: dict[str, tuple[Callable[[Path, random.Random], Outcome], bool, int]] = {
    # name -> (trial, whether all trials share one folder, one in so many of the trials asked for)
    "review killed": (KillInAReview(), True, 2),
    "report killed": (kill_in_a_report, True, 1),
    "save to the store killed": (kill_in_a_save, True, 1),
    "two programs, 50-99 rows each": (two_writers, False, 4),
    "two programs, 1,000 rows each": (two_long_writers, False, 40),
}


def trials(name: str, count: int, seed: int) -> tuple[list[str], int]:
    """What went wrong in so many trials, and in how many the kill came before the end."""
    trial, shared, _ = FAULTS[name]
    rng, wrong, early = random.Random(f"{seed} {name}"), [], 0
    with tempfile.TemporaryDirectory() as folder:
        for k in range(count):
            place = Path(folder) / ("all" if shared else str(k))
            place.mkdir(exist_ok=True)
            said, hit = trial(place, rng)
            wrong += [said] if said else []
            early += hit
    return wrong, early


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=200, help="trials of the cheap faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=FAULTS, help="this fault alone")
    asked = parser.parse_args()
    failed = False
    print(f"{'fault':32} {'trials':>6} {'cut short':>9} {'wrong':>6} {'seconds':>8}")
    for name in [asked.only] if asked.only else FAULTS:
        start, count = time.perf_counter(), max(1, asked.repeat // FAULTS[name][2])
        wrong, early = trials(name, count, asked.seed)
        print(
            f"{name:32} {count:6d} {early:9d} {len(wrong):6d} {time.perf_counter() - start:8.0f}",
            flush=True,
        )
        for said in sorted(set(wrong)):
            print(f"  {wrong.count(said)} x {said}")
        failed |= bool(wrong)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
