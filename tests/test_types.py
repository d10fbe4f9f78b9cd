"""A type checker sees the signature of every public function; calls of all of them are right."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kpilab.public import thing, written

ROOT = Path(__file__).parents[1]
FUNCTIONS = {n: f for n in written() if inspect.isfunction(f := thing(n))}
HEAD = "from typing import Any\n\nimport kpilab\n\n\ndef ask(given: Any) -> None:\n"


def call(name: str, function: Callable[..., object]) -> str:
    """A call with every argument by its name, or its place."""
    takes = inspect.signature(function).parameters.values()
    parts = ["given" if p.kind is not p.KEYWORD_ONLY else f"{p.name}=given" for p in takes]
    return f"{written()[name]}({', '.join(parts)})"


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict[str, list[dict]]:
    """What the checker says: of right calls, of calls with one argument too many, and of types."""
    folder = tmp_path_factory.mktemp("types")
    calls = {n: call(n, f) for n, f in FUNCTIONS.items()}
    wrong = [f"    {c.removesuffix(')')}, nonsense=given)\n" for c in calls.values()]
    shown = [f"    reveal_type({c})\n" for c in calls.values()]
    (folder / "right.py").write_text(HEAD + "".join(f"    {c}\n" for c in calls.values()))
    (folder / "wrong.py").write_text(HEAD + "".join(wrong))
    (folder / "shown.py").write_text(HEAD + "".join(shown))
    config = {"include": ["."], "extraPaths": [str(ROOT)], "typeCheckingMode": "standard"}
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    checker = [sys.executable, "-m", "basedpyright", "--outputjson", "-p", str(folder)]
    checker += ["--pythonpath", sys.executable]
    answer = subprocess.run(checker, cwd=folder, capture_output=True, text=True, timeout=300)
    found: dict[str, list[dict]] = {"right": [], "wrong": [], "shown": []}
    for said in json.loads(answer.stdout)["generalDiagnostics"]:
        found[Path(said["file"]).stem].append(said)
    return found


@pytest.mark.slow
def test_right_calls_have_no_errors(told):
    assert len(FUNCTIONS) > 60
    assert [said["message"] for said in told["right"]] == []


@pytest.mark.slow
def test_a_wrong_argument_is_an_error_of_every_function(told):
    assert [said["rule"] for said in told["wrong"]] == ["reportCallIssue"] * len(FUNCTIONS)


@pytest.mark.slow
def test_what_every_function_returns_is_known(told):
    types = [said["message"] for said in told["shown"]]
    assert len(types) == len(FUNCTIONS)
    assert [said for said in types if '"object"' in said or '"Unknown"' in said] == []
