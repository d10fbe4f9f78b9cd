"""The house's rules: who may import whom, and how long a file or function may be."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "kpilab"
FILES = sorted(p for p in ROOT.rglob("*.py") if "_bundle" not in p.parts)
EVERYTHING = {p.name.removesuffix(".py") for p in ROOT.iterdir()}
MAY_IMPORT = {
    "errors": set(),
    "core": {"errors"},
    "engine": {"errors", "core"},
    "stats": {"errors"},
    "case": {"errors", "core", "engine"},
    "analysis": {"errors", "core", "engine", "stats", "questions"},
    "questions": {"errors", "core", "engine"},
    "verdict": {"errors", "core", "engine", "stats", "case", "analysis", "questions"},
    "show": {"errors", "core"},
    "report": {"errors", "core", "verdict", "show"},
    "track": {
        "errors",
        "core",
        "case",
        "engine",
        "stats",
        "analysis",
        "questions",
        "verdict",
        "show",
    },
    "workbench": EVERYTHING - {"cli"},
    "samples": {"errors", "core"},
    "cli": EVERYTHING,
    "__main__": {"cli"},
}
# What is no room is a door, as `kpilab/events.py`: it names things in its stub and imports none.
ANYBODY = {"old", "public"}
MAY_IMPORT["public"] = {"errors"}
# core/result.py and core/finding.py speak and draw on request; core/table.py wraps a DataFrame or
# path on request.
INSIDE_FUNCTIONS = {
    "core/result.py": {"show"},
    "core/finding.py": {"report"},
    "core/table.py": {"engine"},
}
SOLE_USERS = {
    "duckdb": {"engine"},
    "pyspark": {"engine"},
    "sqlglot": {"engine", "case"},
    "statsmodels": {"stats"},
    "pydantic": {"case"},
    "altair": {"show", "workbench", "core", "report"},
    "ipywidgets": {"workbench"},
    "jinja2": {"report", "track"},
    "typer": {"cli"},
    "rich": {"cli"},
}


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.If)
            and isinstance(node.test, ast.Name)
            and node.test.id == "TYPE_CHECKING"
        ):
            node.body = []
    found = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{a.name}" for a in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_only_what_stands_below(path):
    mine, name = room(path), str(path.relative_to(ROOT))
    rooms = {i.split(".")[1] for i in imports(path) if i.startswith("kpilab.")} & EVERYTHING
    allowed = MAY_IMPORT.get(mine, set()) | {mine, *ANYBODY} | INSIDE_FUNCTIONS.get(name, set())
    assert rooms - allowed == set()


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_analysis_imports_another(path):
    """A part (a module without a result of its own) is imported by its neighbours alone."""
    if room(path) != "analysis":
        return
    neighbours = {
        p.stem for p in path.parent.glob("*.py") if "(Result):" not in p.read_text("utf-8")
    }
    here = f"kpilab.analysis.{path.parent.name}."
    analyses = {i for i in imports(path) if i.startswith("kpilab.analysis.")}
    assert {i for i in analyses if i.removeprefix(here).split(".")[0] not in neighbours} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_libraries_stay_in_their_room(path):
    outside = {i.split(".")[0] for i in imports(path)}
    assert [
        lib for lib, rooms in SOLE_USERS.items() if lib in outside and room(path) not in rooms
    ] == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_short(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 400
    long = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and _lines_of_code(node) > 50
    ]
    assert long == []


def _lines_of_code(node: ast.FunctionDef) -> int:
    """Lines of the body without the docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize(
    ("written", "what"),
    [
        (
            r"\[1:\] ?\* ?[\w.]+\[:-1\]|corrcoef\(.*\[1:\].*\[:-1\]",
            "correlation of neighbours: `dependence.alike`",
        ),
        (
            r"groupby\(.*(dayofweek|weekday)|bincount\(.*weekday",
            "pattern of the week: `pattern.factors`",
        ),
        (
            r"==? *\w+\)\.astype\(float\) for \w+ in np\.unique",
            "the week as regressors: `pattern.dummies`",
        ),
    ],
)
def test_what_the_core_of_statistics_has_is_written_nowhere_else(written, what):
    core = ROOT / "stats" / "core"
    again = [
        str(p.relative_to(ROOT))
        for p in FILES
        if core not in p.parents and re.search(written, p.read_text("utf-8"))
    ]
    assert again == [], what


def test_no_circles_inside_a_room():
    """Imports inside functions and for types count too."""
    modules = {
        ".".join(p.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): p
        for p in FILES
    }
    for name in sorted({room(p) for p in FILES}):
        inside = {m: p for m, p in modules.items() if m.split(".")[1:2] == [name]}
        graph = {m: {_module(i, inside) for i in _named(p)} - {m, ""} for m, p in inside.items()}
        tuple(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def _named(path: Path) -> set[str]:
    nodes = [
        n
        for n in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(n, ast.ImportFrom) and n.module
    ]
    return {f"{n.module}.{a.name}" for n in nodes for a in n.names}


def _module(name: str, known: dict[str, Path]) -> str:
    """The module a dotted name lies in; "" if it is none of these."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name
