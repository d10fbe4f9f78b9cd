"""What `kpilab init` makes of folders of tables nobody prepared: keys, links, customer, goal, and
whether the draft reviews without a hand on it.

python benchmarks/first_case.py FOLDER …   (or FILE …: each alone)
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import yaml

import kpilab
from kpilab.cli.first import scaffold
from kpilab.errors import KpilabError


def main(places: list[str]) -> None:
    print("| tables | keys | links | customer | goal | funnel | review |")
    print("|---|---|---|---|---|---|---|")
    for place in map(Path, places):
        with tempfile.TemporaryDirectory() as folder:
            files = [place] if place.is_file() else sorted(place.iterdir())
            for file in files:
                if file.is_file() and file.suffix in (".csv", ".parquet", ".xlsx", ".json"):
                    shutil.copy(file, folder)
            print(f"| {place.name} | {' | '.join(_told(Path(folder)))} |", flush=True)


def _told(folder: Path) -> list[str]:
    try:
        spec = yaml.safe_load(scaffold(folder).read_text("utf-8"))
    except KpilabError as error:
        return ["", "", "", "", "", f"no draft: {str(error).splitlines()[0]}"]
    tables = spec["tables"]
    keys = ", ".join(f"{n}.{t['key']}" for n, t in tables.items() if "key" in t)
    links = ", ".join(
        f"{n}.{c} → {to}" for n, t in tables.items() for c, to in t.get("links", {}).items()
    )
    goal = spec["goal"]
    metric = spec["metrics"][goal["metric"]]
    steps = " > ".join(spec.get("funnels", {}).get("main", {}).get("steps", ()))
    told = f"{metric['measure']} on {metric['table']} = {goal.get('formula', 'no formula')}"
    return [keys, links, spec.get("customer", ""), told, steps, _reviewed(folder)]


def _reviewed(folder: Path) -> str:
    try:
        found = kpilab.review(kpilab.open_case(folder))
    except KpilabError as error:
        return f"failed: {str(error).splitlines()[0]}"
    return f"ok, {len(found.causes)} causes"


if __name__ == "__main__":
    main(sys.argv[1:])
