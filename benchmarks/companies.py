"""How good is the verdict on ordinary companies? Reviews fresh company worlds, or folders with
truth, and scores them by `rule.py`; with --kinds it draws so many worlds of each kind of `kinds.py`
and says which were named, and as what.

python benchmarks/companies.py --worlds 60 --effect 1 --seed 1 --jobs 2 --split tune
python benchmarks/companies.py --kinds 8 --seed 1 --split report
python benchmarks/companies.py --folder DIR      (cases with truth/NAME.json or NAME/truth.json)
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from kinds import table, worlds
from rule import STATED, judge, meets, reasons_of

if TYPE_CHECKING:
    from kpilab.core.finding import Cause

BINS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0001)
FOLDER_STREAM = 1_000_000


# --- the worlds -------------------------------------------------------------------------------


def family_of(number: int, split: str) -> str:
    """Every third world has nothing wrong; the others go round the families of the split."""
    from kpilab.samples.companies.families import families

    names = families(split)
    wrong = [name for name in names if not name.startswith("n_")]
    quiet = [name for name in names if name.startswith("n_")]
    if number % 3 == 2:
        return quiet[number // 3 % len(quiet)]
    return wrong[(number - number // 3) % len(wrong)]


def run_fresh(number: int, *, family: str, seed: int, effect: float, split: str) -> dict:
    """Make the n-th world, review it, judge the review."""
    from kpilab.samples.companies.world import make, write

    with tempfile.TemporaryDirectory() as folder:
        world = make(family, seed=FOLDER_STREAM * seed + number, effect=effect, split=split)
        case = write(world, Path(folder) / f"{family}-{world.company.name}-{number}")
        return run_case(case, case / "truth.json")


def run_case(case: Path, truth: Path) -> dict:
    """Review one folder in this process and judge it; a crash counts as nothing right."""
    import kpilab

    want = json.loads(truth.read_text("utf-8"))
    start, crash, answer = time.process_time(), None, "?"
    causes: list[dict] = []
    gains: list[dict] = []
    quality = ""
    try:
        review = kpilab.review(kpilab.open_case(case))
        causes = [plain(cause) for cause in review.causes]
        gains = [plain(cause) for cause in getattr(review, "gains", ())]
        answer = str(getattr(review, "answer", "causes" if causes else "nothing"))
        quality = " ".join(issue.statement.key for step in review.steps for issue in step.issues)
    except Exception as error:  # noqa: BLE001  (a benchmark counts crashes, whatever they are)
        crash = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    result = judge(want, causes, gains, quality)
    if crash:
        result |= {"score": 0.0}
    wanted = reasons_of(want)
    beside = [
        c
        for c in gains
        if c["confidence"] >= STATED and not any(meets(c, r) >= 0.4 for r in wanted)
    ]
    return result | {
        "gains": len(beside),
        "reasons": wanted,
        "causes": causes,
        "name": case.name,
        "family": want["family"],
        "quiet": not reasons_of(want),
        "answer": answer,
        "seconds": time.process_time() - start,
        "crash": crash,
        "truth": [
            [r["family" if "family" in r else "id"], r["where"][:1]] for r in reasons_of(want)
        ],
        "saying": [words(c) for c in causes] + ["+" + words(c) for c in gains],
    }


def words(cause: dict) -> str:
    size = cause["effect_pct"] or 0
    return f"{cause['kind']}({cause['confidence']:.2f}) {cause['where']} {size:.1f}%"


def plain(cause: Cause) -> dict:
    """A stated cause in the words of review.json."""
    effect = cause.effect
    return {
        "kind": cause.kind,
        "where": cause.where.plain(),
        "effect_pct": cause.effect_pct,
        "confidence": cause.confidence,
        "effect": effect.value if effect else None,
        "low": effect.low if effect else None,
        "high": effect.high if effect else None,
    }


def cases_in(folder: Path) -> list[tuple[Path, Path]]:
    """Case folders with their truth, which lies in the case or in a folder `truth` beside it."""
    found = []
    for case in sorted(path.parent for path in folder.glob("*/case.yml")):
        for truth in (case / "truth.json", folder / "truth" / f"{case.name}.json"):
            if truth.exists():
                found.append((case, truth))
                break
    return found


# --- the tables -------------------------------------------------------------------------------


def mean(values: list[float]) -> str:
    return f"{fmean(values):.2f}" if values else "-"


def error(values: list[float]) -> float:
    """Standard error of a mean."""
    if len(values) < 2:
        return math.nan
    middle = fmean(values)
    return math.sqrt(sum((v - middle) ** 2 for v in values) / (len(values) - 1) / len(values))


def show(results: list[dict]) -> None:
    """One row per family, then the totals, answers, coverage, calibration and crashes."""
    groups = defaultdict(list)
    for result in results:
        groups[result["family"]].append(result)
    planted, quiet = ([r for r in results if r["quiet"] is is_quiet] for is_quiet in (False, True))
    columns = (
        "n",
        "score",
        "+-",
        "kind",
        "place",
        "false",
        "gains",
        "silent",
        "cover",
        "ratio",
        "sec",
    )
    print(f"{'family':22s}" + "".join(f"{c:>8s}" for c in columns) + "  answers")
    for name, rows in [*sorted(groups.items()), ("PLANTED", planted), ("NOTHING WRONG", quiet)]:
        if rows:
            print(line(name, rows))
    calibration([pair for r in results for pair in r["said"]])
    for result in results:
        if result["crash"]:
            print(f"CRASH {result['name']}: {result['crash']}")


def line(name: str, rows: list[dict]) -> str:
    """Means of one group of worlds; `gains` are those stated that no reason made (not scored)."""
    met = [m for r in rows for m in r["met"]]
    scores = [r["score"] for r in rows]
    silent = [float(not r["said"]) for r in rows if r["quiet"]]
    parts = [[m[k] for m in met if k in m] for k in ("kind", "place", "covered", "ratio")]
    kind, where, covered, ratio = map(mean, parts)
    answers = defaultdict(int)
    for row in rows:
        answers[row["answer"]] += 1
    cells = [
        str(len(rows)), mean(scores), f"{error(scores):.2f}", kind, where,
        mean([r["false"] for r in rows]), mean([r["gains"] for r in rows]), mean(silent),
        covered, ratio,
        f"{fmean(r['seconds'] for r in rows):.1f}",
    ]  # fmt: skip
    told = " ".join(f"{key}:{n}" for key, n in sorted(answers.items()))
    return f"{name:22s}" + "".join(f"{c:>8s}" for c in cells) + "  " + told


def calibration(said: list[tuple[float, bool]]) -> None:
    """Of the causes stated with a confidence, how many meet a planted reason?"""
    print("\nconfidence        n   said   true     +-")
    for low, high in pairwise(BINS):
        inside = [(c, float(ok)) for c, ok in said if low <= c < high]
        if inside:
            said_, true = zip(*inside, strict=True)
            print(
                f"{low:.2f}-{min(high, 1):.2f}  {len(inside):7d} {fmean(said_):6.2f} "
                f"{fmean(true):6.2f} {error(list(true)):6.2f}"
            )


def tasks_of(asked: argparse.Namespace) -> list:
    if asked.folder:
        return [partial(run_case, case, truth) for case, truth in cases_in(asked.folder)]
    if asked.kinds:
        from kpilab.samples.companies.families import families

        chosen = worlds(asked.kinds, [asked.only] if asked.only else families(asked.split))
    else:
        chosen = [(k, asked.only or family_of(k, asked.split)) for k in range(asked.worlds)]
    return [
        partial(
            run_fresh, k, family=family, seed=asked.seed, effect=asked.effect, split=asked.split
        )
        for k, family in chosen
    ]


def done(tasks: list, jobs: int, verbose: bool) -> Iterator[dict]:
    """Results in order, as they come."""
    with ProcessPoolExecutor(jobs) as pool:
        for future in [pool.submit(task) for task in tasks]:
            result = future.result()
            if verbose:
                print(f"{result['score']:.2f} {result['name']:40s} {result['truth']}")
                print(f"     said {result['answer']}: {result['saying']} {result['crash'] or ''}")
                sys.stdout.flush()
            yield result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=60, help="number of fresh worlds")
    parser.add_argument("--kinds", type=int, help="so many worlds of each kind of `kinds.py`")
    parser.add_argument("--effect", type=float, default=1.0, help="factor on every planted size")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--split", choices=("tune", "report"), default="tune")
    parser.add_argument("--only", help="worlds of this family alone, e.g. volume_place")
    parser.add_argument("--folder", type=Path, help="review these folders instead")
    parser.add_argument("--verbose", action="store_true", help="print what was said of each world")
    parser.add_argument("--json", type=Path, help="write the results of each world here")
    asked = parser.parse_args()
    results = list(done(tasks_of(asked), asked.jobs, asked.verbose))
    show(results)
    if asked.kinds:
        print("", *table(results), sep="\n")
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1, default=str), "utf-8")


if __name__ == "__main__":
    main()
