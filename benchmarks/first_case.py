"""What `kpilab init` makes of folders of tables nobody prepared: keys, links, customer, goal, and
whether the draft reviews without a hand on it.

python benchmarks/first_case.py FOLDER …   (or FILE …: each alone)
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import kpilab
from kpilab.case.write import First
from kpilab.cli.first import written
from kpilab.errors import KpilabError
from kpilab.show.say import sentence

HEAD = (
    "tables",
    "keys",
    "links",
    "rejected",
    "customer",
    "goal",
    "it could be",
    "funnel",
    "review",
)


def main(places: list[str]) -> None:
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    for place in map(Path, places):
        with tempfile.TemporaryDirectory() as folder:
            files = [place] if place.is_file() else sorted(place.iterdir())
            for file in files:
                if file.is_file() and file.suffix in (".csv", ".parquet", ".xlsx", ".json"):
                    shutil.copy(file, folder)
            try:
                first = written(folder)
                told = [*_told(first), _reviewed(Path(folder))]
            except KpilabError as error:
                told = [""] * (len(HEAD) - 2) + [f"no draft: {str(error).splitlines()[0]}"]
            print(f"| {place.name} | {' | '.join(told)} |", flush=True)


def _told(first: First) -> list[str]:
    related, case = first.found.related, first.case
    keys = ", ".join(f"{n}.{k}" for n, k in related.keys.items())
    links = ", ".join(f"{x.sheet}.{x.column} → {x.to} ({x.share:.0%})" for x in related.links)
    rejected = "; ".join(
        f"{x.sheet}.{x.column} → {x.to}: {sentence(x.why)}" for x in related.rejected
    )
    customer = case.customer.table if case.customer else ""
    draft = first.draft
    goal = f"{draft.measure or draft.goal} on {draft.table} = {draft.formula or 'no formula'}"
    others = ", ".join(first.alternatives)
    return [keys, links, rejected, customer, goal, others, " > ".join(draft.funnel)]


def _reviewed(folder: Path) -> str:
    try:
        found = kpilab.review(kpilab.open_case(folder))
    except KpilabError as error:
        return f"failed: {str(error).splitlines()[0]}"
    causes = [f"{c.kind} {c.subject} {dict(c.where.values)}" for c in found.causes]
    return f"{found.answer}: {'; '.join(causes)}" if causes else f"{found.answer}"


if __name__ == "__main__":
    main(sys.argv[1:])
