"""How good is the verdict? Reviews fresh sample worlds, or given cases, and scores them against
what was planted.

python benchmarks/verdict.py --worlds 200 --effect 1 --seed 1 --jobs 2
python benchmarks/verdict.py --cases FOLDER      (cases with truth/NAME.json or NAME/truth.json)
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kpilab.core.finding import Cause

WEIGHT = {
    "kind": 0.50,
    "subject": 0.15,
    "where": 0.15,
    "actors": 0.10,
    "period": 0.05,
    "size": 0.05,
}
STATED, COUNTED, EXTRA = 0.5, 3, 0.15
BINS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0001)


# --- the rule ---------------------------------------------------------------------------------


def overlap(first: set, second: set) -> float:
    """F1 of two sets; two empty ones agree."""
    return 1.0 if not first and not second else 2 * len(first & second) / (len(first) + len(second))


def same_days(got: list[str] | None, want: list[str]) -> float:
    """Intersection over union of two periods."""
    if not got:
        return 0.0
    (a, b), (c, d) = (
        [date.fromisoformat(day).toordinal() for day in period] for period in (got, want)
    )
    return max(0, min(b, d) - max(a, c) + 1) / (max(b, d) - min(a, c) + 1)


def places(where: dict) -> set:
    """A segment as a set of (dimension, value)."""
    return {(k, str(v)) for k, v in (where or {}).items()}


def parts(want: dict, got: dict) -> dict[str, float]:
    """How well a stated cause meets a planted one of the same kind, part by part, 0-1."""
    score = {
        "kind": 1.0,
        "subject": float(got["subject"] == want["subject"]),
        "where": overlap(places(got["where"]), places(want["where"])),
        "period": float(same_days(got["period"], want["period"]) >= 0.5),
    }
    if want["actors"]:
        score["actors"] = overlap(set(got["actors"]), set(want["actors"]))
    size = want.get("effect_pct")
    if size is not None and not want["kind"].startswith("ab_"):
        near = got["effect_pct"] is not None and abs(got["effect_pct"] - size) <= max(
            3.0, 0.35 * abs(size)
        )
        score["size"] = float(near)
    return score


def weigh(score: dict[str, float]) -> float:
    """Weighted mean over the parts that apply."""
    return sum(WEIGHT[k] * v for k, v in score.items()) / sum(WEIGHT[k] for k in score)


def judge(wanted: list[dict], causes: list[dict]) -> dict:
    """Score of one review: quality of each planted cause, minus what was said beyond them."""
    stated = [cause for cause in causes if cause["confidence"] >= STATED]
    used: set[int] = set()
    met: list[dict[str, float]] = []
    for want in wanted:
        fits = {
            k: parts(want, c)
            for k, c in enumerate(stated[:COUNTED])
            if k not in used and c["kind"] == want["kind"]
        }
        best = max(fits, key=lambda k: (weigh(fits[k]), -k), default=None)
        met.append({} if best is None else fits[best])
        used |= set() if best is None else {best}
    false = len(stated) - len(used)
    right = [k in used for k in range(len(stated))]
    result = {
        "false": false,
        "met": met,
        "said": [(c["confidence"], ok) for c, ok in zip(stated, right, strict=True)],
    }
    if not wanted:
        return result | {"score": max(0.0, 1 - 0.5 * false), "first": float(not stated)}
    quality = fmean(weigh(m) if m else 0.0 for m in met)
    first = bool(stated) and stated[0]["kind"] in {want["kind"] for want in wanted}
    return result | {"score": max(0.0, quality - EXTRA * min(false, 3)), "first": float(first)}


# --- the worlds -------------------------------------------------------------------------------


def name_of(number: int) -> str:
    """Name of the n-th world: every fourth has nothing wrong, the others go round the kinds."""
    from kpilab.samples.harmless import HARMLESS
    from kpilab.samples.kinds import KINDS

    wrong, harmless = [*KINDS, "two_causes"], list(HARMLESS)
    quiet = number % 4 == 3
    names = harmless if quiet else wrong
    turn = number // 4 if quiet else number - number // 4
    return names[turn % len(names)]


def run_fresh(number: int, *, seed: int, effect: float) -> dict:
    """Make the n-th world, review it, judge the review."""
    from kpilab.samples.write import write

    name, world_seed = name_of(number), 100_000 * seed + number
    with tempfile.TemporaryDirectory() as folder:
        case = write(name, Path(folder) / f"{name}-{world_seed}", seed=world_seed, effect=effect)
        return run_case(case, case / "truth.json", group=name)


def run_case(case: Path, truth: Path, group: str | None = None) -> dict:
    """Review one case folder and judge it; a crash counts as a review that says something wrong."""
    import kpilab

    wanted = json.loads(truth.read_text("utf-8"))["causes"]
    kinds = "+".join(cause["kind"] for cause in wanted) or "nothing wrong"
    start, crash = time.perf_counter(), None
    try:
        causes = [plain(cause) for cause in kpilab.review(kpilab.open_case(case)).causes]
    except Exception as error:  # noqa: BLE001  (a benchmark counts crashes, whatever they are)
        crash = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        causes = [{"kind": "crash", "confidence": 1.0}]
    result = judge(wanted, causes)
    said = [f"{c['kind']}({c['confidence']:.2f})" for c in causes]
    return result | {
        "name": case.name,
        "group": group or kinds,
        "kinds": kinds,
        "seconds": time.perf_counter() - start,
        "crash": crash,
        "saying": said,
    }


def plain(cause: Cause) -> dict:
    """A stated cause in the words of review.json."""
    period = cause.period
    return {
        "kind": cause.kind,
        "subject": cause.subject,
        "where": cause.where.plain(),
        "actors": list(cause.actors),
        "period": [str(period.first), str(period.last)] if period else None,
        "effect_pct": cause.effect_pct,
        "confidence": cause.confidence,
    }


def cases_in(folder: Path) -> list[tuple[Path, Path]]:
    """Case folders with their truth, which lies in the case or in a folder `truth` beside it."""
    found = [
        (case.parent, case.parent / "truth.json") for case in sorted(folder.glob("*/case.yml"))
    ]
    beside = [(case, folder / "truth" / f"{case.name}.json") for case, _ in found]
    return [
        a if a[1].exists() else b
        for a, b in zip(found, beside, strict=True)
        if a[1].exists() or b[1].exists()
    ]


# --- the tables -------------------------------------------------------------------------------


def mean(values: Iterable[float]) -> str:
    values = list(values)
    return f"{fmean(values):6.2f}" if values else "     -"


def show(results: list[dict]) -> None:
    """One row per kind of world, then the totals, the reliability of confidence, and crashes."""
    groups = defaultdict(list)
    for result in results:
        groups[result["group"]].append(result)
    planted = [r for r in results if r["kinds"] != "nothing wrong"]
    quiet = [r for r in results if r["kinds"] == "nothing wrong"]
    columns = ("n", "score", "first", "false", "subj", "where", "actors", "period", "size", "sec")
    print(f"{'world':44s}" + " ".join(f"{c:>6s}" for c in columns))
    named = [
        *groups.items(),
        ("with something planted", planted),
        ("nothing wrong", quiet),
        ("ALL", results),
    ]
    for name, rows in named:
        print(line(name, rows))
    errors = " ".join(
        f"{k} ±{error([r[k] for r in results]):.3f}" for k in ("score", "first", "false")
    )
    silent = mean(not r["said"] for r in quiet)
    print(
        f"\nMonte-Carlo error of ALL (one sd): {errors}; worlds with nothing wrong left alone: "
        f"{silent.strip()}"
    )
    reliability([pair for r in results for pair in r["said"] if not r["crash"]])
    for result in results:
        if result["crash"]:
            print(f"CRASH {result['name']}: {result['crash']}")


def line(name: str, rows: list[dict]) -> str:
    """Means of one group of worlds."""
    met = [m for r in rows for m in r["met"] if m]
    hits = [
        mean(m[k] for m in met if k in m) for k in ("subject", "where", "actors", "period", "size")
    ]
    tops = [mean(r[k] for r in rows) for k in ("score", "first", "false")]
    return f"{name:44s}{len(rows):6d} " + " ".join([*tops, *hits, mean(r["seconds"] for r in rows)])


def error(values: list[float]) -> float:
    """Standard error of a mean."""
    if len(values) < 2:
        return math.nan
    middle = fmean(values)
    return math.sqrt(sum((v - middle) ** 2 for v in values) / (len(values) - 1) / len(values))


def reliability(said: list[tuple[float, bool]]) -> None:
    """Of the causes stated with a confidence, how many are true?"""
    print("\nconfidence        n   said   true")
    for low, high in pairwise(BINS):
        inside = [(c, ok) for c, ok in said if low <= c < high]
        if inside:
            stated, true = mean(c for c, _ in inside), mean(ok for _, ok in inside)
            print(f"{low:.2f}-{min(high, 1):.2f}  {len(inside):7d} {stated} {true}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=52, help="number of fresh worlds")
    parser.add_argument("--effect", type=float, default=1.0, help="factor on every planted size")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", help="fresh worlds of this name alone, e.g. mix_shift")
    parser.add_argument("--cases", type=Path, help="score these cases instead of fresh worlds")
    parser.add_argument(
        "--verbose", action="store_true", help="print what was said about each world"
    )
    parser.add_argument("--json", type=Path, help="write the results of each world here")
    asked = parser.parse_args()
    if asked.cases:
        pairs = cases_in(asked.cases)
        tasks = [partial(run_case, case, truth) for case, truth in pairs]
    else:
        numbers = range(asked.worlds)
        if asked.only:
            numbers = [k for k in range(40 * asked.worlds) if name_of(k) == asked.only][
                : asked.worlds
            ]
        tasks = [partial(run_fresh, k, seed=asked.seed, effect=asked.effect) for k in numbers]
    results = list(done(tasks, asked.jobs, asked.verbose))
    show(results)
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1, default=str), "utf-8")


def done(tasks: list, jobs: int, verbose: bool) -> Iterator[dict]:
    """Results in order, as they come."""
    with ProcessPoolExecutor(jobs) as pool:
        for future in [pool.submit(task) for task in tasks]:
            result = future.result()
            if verbose:
                print(
                    f"{result['score']:.2f} {result['name']:34s} truth: {result['kinds']:40s} "
                    f"said: {result['saying']}"
                )
                sys.stdout.flush()
            yield result


if __name__ == "__main__":
    main()
