"""Shared fixtures: where the public reference material lies, if it is there."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

# As the command line does: looking for garbage again and again costs a tenth of the time.
gc.freeze()
gc.set_threshold(100_000, 50, 100)

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[2] / "shared"


def few(values: Iterable[Any], keep: int = 1) -> list[Any]:
    """The first of the values that show one fact; the others once more, where all tests run."""
    slow = pytest.mark.slow
    return [v if k < keep else pytest.param(v, marks=slow) for k, v in enumerate(values)]


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test marked `few(n)`, the cases after the first n run where all tests run."""
    seen: Counter[str] = Counter()
    for item in items:
        mark = item.get_closest_marker("few")
        if mark is not None:
            name = item.nodeid.partition("[")[0]
            seen[name] += 1
            if seen[name] > mark.args[0]:
                item.add_marker("slow")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference values, data sets and cases; skips where it is absent."""
    if not SHARED.exists():
        pytest.skip("the shared reference folder is not beside this checkout")
    return SHARED
