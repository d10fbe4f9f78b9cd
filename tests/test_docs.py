"""The documentation: every page is reachable, every analysis is in the reference,
what pages show as code runs."""

from __future__ import annotations

import re
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path

import pytest
import yaml

import kpilab
from kpilab.public import written

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
RUNNABLE = (
    "where-lost",
    "market",
    "work-done",
    "change-helped",
    "trust",
    "targets",
    "machines",
    "definitions",
)


def config() -> dict:
    return yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))


def pages(nav: object) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else []
    return [page for part in parts for page in pages(part)]


def test_every_page_is_in_the_navigation_and_exists():
    named = pages(config()["nav"])
    assert sorted(named) == sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md"))


def test_what_the_reference_names_exists():
    text = "\n".join(p.read_text("utf-8") for p in (DOCS / "reference").glob("*.md"))
    named = re.findall(r"^::: (\S+)$", text, re.MULTILINE)
    assert len(named) > 20
    assert [name for name in named if find_spec(name) is None] == []


def test_every_benchmark_with_figures_exists():
    for page in (DOCS / "benchmarks").glob("*.md"):
        scripts = re.findall(r"benchmarks/(\w+)\.py", page.read_text("utf-8"))
        assert scripts, page.name
        assert all((ROOT / "benchmarks" / f"{name}.py").exists() for name in scripts), page.name


def test_nothing_is_loaded_from_outside():
    assert config()["theme"]["font"] is False
    assert not [
        p for p in DOCS.rglob("*.md") if re.search(r"!\[[^]]*\]\(https?:", p.read_text("utf-8"))
    ]


def test_the_glossary_has_every_public_name_and_names_what_is_there():
    """In both languages; panels, files and sample worlds are no terms of the field."""
    text = (DOCS / "glossary.md").read_text("utf-8")
    named = set(re.findall(r"`kpilab\.([\w.]+)`", text)) - {"funnel"}
    assert all(attrgetter(name)(kpilab).__doc__ for name in named)
    beside = ("workbench", "report", "samples")
    public = {n for n, path in written().items() if path.split(".")[1] not in beside}
    assert public - {name.rpartition(".")[2] for name in named} == set()
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| ")]
    terms = [row for row in rows if row[1].strip() != "中文"]
    assert [row[0] for row in terms if not re.search(r"[\u4e00-\u9fff]", row[1] + row[3])] == []
    at_top = {row[4].split("`")[1].rpartition(".")[2] for row in terms if "★" in row[0]}
    rooms = {name for name in public if name in dir(kpilab) and name[0].islower()}
    assert at_top == rooms - {"open_case", "review"}


@pytest.mark.parametrize("name", RUNNABLE)
def test_the_code_of_a_page_runs(name, tmp_path, monkeypatch):
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    known: dict[str, object] = {}
    for block in CODE.findall((DOCS / f"how-to/{name}.md").read_text("utf-8")):
        exec(compile(block, f"how-to/{name}.md", "exec"), known)


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/stability.md"])
def test_the_maps_of_the_code_name_what_is_there(page):
    named = re.findall(r"`([a-z_/]+\.(?:pyi?|json))`", (ROOT / page).read_text("utf-8"))
    assert named
    assert [
        n
        for n in named
        if not (ROOT / "kpilab" / n).exists() and not (ROOT / n).exists() and n != "review.json"
    ] == []
