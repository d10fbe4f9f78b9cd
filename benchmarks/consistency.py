"""Does a review say one thing in all its faces? Reviews sample and company worlds, writes each in
both languages, and counts the facts that differ between page, Markdown, terminal, data, workbook,
chart, Word, slides, the app's home page and the board, and the sentences that go against themselves
or their verdict.

python benchmarks/consistency.py --worlds 60 --seed 1
python benchmarks/consistency.py retail company:churn        (only these)
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import kpilab
from kpilab.samples.write import company_names, names, write
from tests.report.consistent import contradictions
from tests.report.faces import of_case

LANGUAGES = ("en", "zh")


def faults(name: str, seed: int) -> list[str]:
    """What differs in the review of one world, in either language."""
    with tempfile.TemporaryDirectory() as folder:
        write(name, Path(folder) / "world", seed=seed)
        case = kpilab.open_case(Path(folder) / "world")
        review = kpilab.review(case)
        return [
            f"{lang}: {fault}"
            for lang in LANGUAGES
            for fault in contradictions(review, lang, of_case(case, review, lang, folder))
        ]


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("worlds_named", nargs="*")
    asked.add_argument("--worlds", type=int, default=60)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    chosen = given.worlds_named or list(islice(cycle((*names(), *company_names())), given.worlds))
    found = 0
    for k, name in enumerate(chosen):
        told = faults(name, given.seed + k)
        found += len(told)
        print(f"{name}: {len(told)}", *told, sep="\n  ", flush=True)
    print(f"{len(chosen)} worlds, {len(LANGUAGES)} languages: {found} contradictions")


if __name__ == "__main__":
    main()
