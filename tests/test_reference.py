"""Every public function has a page of the reference: an example that runs, and what it gives."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.conftest import few

ROOT = Path(__file__).parents[1]
SPEC = importlib.util.spec_from_file_location("pages", ROOT / "docs/pages.py")
assert SPEC
assert SPEC.loader
pages = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(pages)
FUNCTIONS = pages.functions()
WITH_CELLS = [n for n, room in sorted(FUNCTIONS.items()) if n in pages.cells(room)]


def test_every_public_function_has_an_example():
    assert len(FUNCTIONS) > 70
    assert [n for n, room in FUNCTIONS.items() if not pages.example(n, room)] == []


def test_no_example_is_of_a_function_that_is_gone():
    rooms = {path.stem for path in (ROOT / "docs/examples").glob("*.py")}
    assert rooms <= set(FUNCTIONS.values())
    named = {(n, room) for room in rooms for n in pages.cells(room) if n}
    assert named <= set(FUNCTIONS.items())


# Those of docstrings run in `test_examples.py`.
@pytest.mark.few(1)
@pytest.mark.parametrize("name", few(WITH_CELLS, 3))
def test_a_page_shows_what_its_example_gives(name):
    text, picture = pages.page(name, FUNCTIONS[name])
    code, told = re.findall(r"```(?:python|text)\n(.*?)\n```", text, re.S)
    assert f"{name}(" in code
    assert len(told) > 0
    assert picture is None or picture.startswith("<svg")
