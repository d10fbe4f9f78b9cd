"""What differs between the reviews of two versions of the code, field by field.

Run it as `python benchmarks/reviews.py BEFORE AFTER`: two folders with a review each per case
(`kpilab review CASE --out BEFORE/CASE`). It prints how often each field differs, with examples.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

NAMED = {  # list -> by what its rows are told apart
    "causes": ("kind", "subject"),
    "gains": ("kind", "subject"),
    "bridge": ("label",),
    "not_examined": ("step", "reason"),
    "data_quality": ("table", "column", "period"),
}
Difference = tuple[str, Any, Any]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Field, value before and after; of findings only how many of each verdict a step has."""
    yield from _of_fields("", before, after, {*NAMED, "findings", "created", "version"})
    for name, keys in NAMED.items():
        old, new = (
            {tuple(str(row.get(k)) for k in keys): row for row in side.get(name, ())}
            for side in (before, after)
        )
        yield from ((f"{name}: gone", row, None) for row in sorted(old.keys() - new.keys()))
        yield from ((f"{name}: new", None, row) for row in sorted(new.keys() - old.keys()))
        for row in sorted(old.keys() & new.keys()):
            yield from _of_fields(f"{name}.", old[row], new[row], set())
    counts = [Counter((f["step"], f["verdict"]) for f in s["findings"]) for s in (before, after)]
    for key in sorted({*counts[0], *counts[1]}):
        if counts[0][key] != counts[1][key]:
            yield f"findings: {' '.join(key)}", counts[0][key], counts[1][key]


def _of_fields(
    above: str, before: Mapping[str, Any], after: Mapping[str, Any], besides: set[str]
) -> Iterator[Difference]:
    for key in sorted(({*before, *after}) - besides):
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _of_fields(f"{above}{key}.", old, new, besides)
        elif key not in before:
            yield f"{above}{key}: added", None, new
        elif old != new:
            yield f"{above}{key}", old, new


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--examples", type=int, default=3)
    asked = parser.parse_args()
    found: dict[str, list[tuple[str, Any, Any]]] = defaultdict(list)
    for path in sorted(asked.before.glob("*/review.json")):
        name = path.parent.name
        sides = (path, asked.after / name / "review.json")
        for field, old, new in differences(*(json.loads(p.read_text("utf-8")) for p in sides)):
            found[field].append((name, old, new))
    for field, rows in sorted(found.items()):
        print(f"{field}: {len(rows)} in {len({name for name, *_ in rows})} reviews")
        for name, old, new in rows[: asked.examples]:
            print(f"    {name}: {str(old)[:100]} -> {str(new)[:100]}")


if __name__ == "__main__":
    main()
