"""Does a kill or a busy neighbour lose anything? Kills programs in the middle of a save and looks what is left."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path

from kpilab.core.finding import BridgeRow, Cause, Finding, GoalChange, Review, StepReport
from kpilab.core.values import Message, Period
from kpilab.track.store import Store

FINDINGS, CAUSES = 40, 5
LONGEST = 0.06  # seconds to the kill: a save takes a few hundredths


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


def kill_in_a_save(place: Path, rng: random.Random) -> str | None:
    """Kill a saver at a random moment; what is wrong with the store afterwards, None for nothing."""
    context = multiprocessing.get_context("fork")
    kept, sender = context.Pipe(duplex=False)
    process = context.Process(target=saver, args=(str(place), sender), daemon=True)
    process.start()
    kept.recv()
    time.sleep(LONGEST * rng.random())
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    told = []
    while kept.poll():
        told.append(kept.recv())
    kept.close()
    sender.close()
    return broken(place, told)


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


def writer(place: str, name: str, rows: int) -> None:
    with Store.open(place) as store:
        for k in range(rows):
            store.add_action("case", f"{name} {k}", owner="ann")


def two_writers(place: Path, rng: random.Random) -> str | None:
    """Two programs write at once; what is missing afterwards."""
    context = multiprocessing.get_context("fork")
    rows = 50 + rng.randrange(50)
    both = [context.Process(target=writer, args=(str(place), name, rows)) for name in "ab"]
    for process in both:
        process.start()
    for process in both:
        process.join()
    with Store.open(place) as store:
        found = {a.what for a in store.actions()}
    missing = {f"{name} {k}" for name in "ab" for k in range(rows)} - found
    return f"{len(missing)} rows lost" if missing or any(p.exitcode for p in both) else None


FAULTS: dict[str, tuple[Callable[[Path, random.Random], str | None], bool]] = {
    # name -> (trial, whether all trials share one store)
    "killed in the middle of a save": (kill_in_a_save, True),
    "two programs write at once": (two_writers, False),
}


def trials(name: str, count: int, seed: int) -> list[str]:
    """What went wrong in so many trials."""
    trial, shared = FAULTS[name]
    rng, wrong = random.Random(f"{seed} {name}"), []
    with tempfile.TemporaryDirectory() as folder:
        for k in range(count):
            place = Path(folder) / ("all" if shared else str(k))
            place.mkdir(exist_ok=True)
            said = trial(place, rng)
            wrong += [said] if said else []
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=200, help="trials per fault")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    failed = False
    print(f"{'fault':34} {'trials':>6} {'wrong':>6} {'seconds':>8}")
    for name in FAULTS:
        start = time.perf_counter()
        wrong = trials(name, asked.repeat, asked.seed)
        print(f"{name:34} {asked.repeat:6d} {len(wrong):6d} {time.perf_counter() - start:8.0f}", flush=True)
        for said in sorted(set(wrong)):
            print(f"  {wrong.count(said)} x {said}")
        failed |= bool(wrong)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
