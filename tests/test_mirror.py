"""Tests stand where what they test stands."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent / "kpilab"
# Folders of the package without one of tests, and the tests that hold what is in them.
ELSEWHERE = {
    "engine/data": "verdict/steps/test_trust.py",  # rows that trust counts, end to end
    "stats/events": "analysis/events/test_funnel.py",  # arrays behind one analysis each
    "stats/external": "analysis/external/test_counterfactual.py",
    "workbench/apps": "workbench/test_apps.py",  # every view of every app
    # Every question is drawn in both languages.
    "show/charts": "laws/test_laws.py",
}
INHERIT = ("workbench/apps", "show/charts")  # with all below


def folders() -> list[str]:
    """Folders of the package that hold logic."""
    found = set()
    for path in ROOT.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        if "_bundle" not in path.parts and any(isinstance(n, ast.FunctionDef) for n in tree.body):
            found.add(str(path.parent.relative_to(ROOT)))
    return sorted(found)


@pytest.mark.parametrize("folder", folders())
def test_a_room_has_its_tests_in_the_mirrored_place_or_says_where(folder):
    above = [f for f in INHERIT if folder.startswith(f)]
    named = ELSEWHERE.get(folder) or (ELSEWHERE[above[0]] if above else None)
    mirrored = list((TESTS / folder).glob("test_*.py"))
    assert mirrored or (named and (TESTS / named).exists())


def test_no_room_is_named_that_is_gone_or_has_tests_of_its_own():
    for folder, test in ELSEWHERE.items():
        assert (ROOT / folder).is_dir()
        assert (TESTS / test).exists()
        assert not list((TESTS / folder).glob("test_*.py"))


@pytest.mark.parametrize("folder", [p for p in TESTS.rglob("*") if p.is_dir()], ids=str)
def test_a_folder_of_tests_mirrors_one_of_the_package(folder):
    name = folder.relative_to(TESTS)
    others = {"browser", "data", "laws"}  # one page, reference values, every question at once
    if "__pycache__" not in name.parts and name.parts[0] not in others:
        assert (ROOT / name).is_dir()
