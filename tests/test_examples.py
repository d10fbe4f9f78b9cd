"""What a docstring shows as an example is what comes out."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import kpilab

ROOT = Path(__file__).parents[1]
SHOWN = sorted(p for p in (ROOT / "kpilab").rglob("*.py") if ">>> " in p.read_text("utf-8"))
NAMES = [".".join(p.relative_to(ROOT).with_suffix("").parts) for p in SHOWN]

REVIEWS = {"kpilab.verdict.run", "kpilab.verdict.past"}  # their examples are whole reviews
CASES = [pytest.param(n, marks=pytest.mark.slow) if n in REVIEWS else n for n in NAMES]


@pytest.fixture(scope="module")
def known():
    """What examples may name: the bundled case and its events."""
    case = kpilab.open_case(ROOT / "data/shop")
    return {"case": case, "log": case.tables["events"]}


@pytest.mark.parametrize("name", CASES)
def test_the_examples_of_a_module_run(name, known, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testmod(
        import_module(name),
        extraglobs=known | {"folder": tmp_path},
        optionflags=doctest.NORMALIZE_WHITESPACE,
    )
    assert tried
    assert not failed


def test_no_example_is_skipped():
    assert [n for n, p in zip(NAMES, SHOWN, strict=True) if "+SKIP" in p.read_text("utf-8")] == []
