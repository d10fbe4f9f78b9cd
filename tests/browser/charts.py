"""What the tests of charts look at: every kind of result, as findings of a review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from kpilab.core.finding import Review, StepReport
from kpilab.core.result import Result
from tests.laws.catalogue import ENTRIES
from tests.laws.given import AS_IT_IS, Given
from tests.report import reviews

NO_RESULT = {"open_case", "review", "write_worksheet", "read_worksheet"}
CHECK = (Path(__file__).parent / "check.js").read_text("utf-8")
NAMES = [n for n in ENTRIES if n not in NO_RESULT]


@cache
def result(name: str) -> Result:
    """A small result of a public function."""
    made = ENTRIES[name].call(Given(ENTRIES[name].tables, AS_IT_IS, Path(mkdtemp())))
    assert isinstance(made, Result)
    return made


def shown(results: Mapping[str, Result], lang: str) -> Review:
    """A review whose findings are the results, told by their headlines."""
    found = tuple(
        reviews.finding(f"root_cause.{name}", statement=r.headline, evidence=(r,))
        for name, r in results.items()
    )
    return replace(reviews.nothing(lang), steps=(StepReport("root_cause", found),))


def series(spec: Any) -> Iterator[tuple[str, set[str], set[str]]]:
    """Field, declared values and values in the data, of each encoding of a spec that declares
    some."""
    rows = [row for held in spec.get("datasets", {}).values() for row in held]

    def walk(part: Any) -> Iterator[tuple[str, set[str], set[str]]]:
        if isinstance(part, list):
            for one in part:
                yield from walk(one)
        elif isinstance(part, dict):
            scale = part.get("scale")
            domain = scale.get("domain") if isinstance(scale, dict) else None
            if isinstance(domain, list) and all(isinstance(v, str) for v in domain):
                field = part["field"]
                yield field, set(domain), {str(r[field]) for r in rows if field in r}
            for one in part.values():
                yield from walk(one)

    yield from walk({k: v for k, v in spec.items() if k != "datasets"})
