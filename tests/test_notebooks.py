"""Every notebook runs from top to bottom, and is the same as the text file beside it."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import jupytext
import papermill
import pytest
from IPython.core.interactiveshell import InteractiveShell

import kpilab
from kpilab.samples.write import write
from tests.case.conftest import CASE, events
from tests.conftest import few

DOORS = {"kpilab", *(f"kpilab.{name}" for name in dir(kpilab) if name not in kpilab.__all__)}
FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(p for p in FOLDER.glob("*.ipynb"))
MOST_CELLS, MOST_BYTES = 15, 200_000
HAN = re.compile("[一-鿿]")


def test_there_is_a_first_notebook():
    assert NOTEBOOKS[0].name == "00_quarterly_review.ipynb"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_is_the_text_file_beside_it(path):
    cells = [(c.cell_type, c.source) for c in jupytext.read(path).cells]
    assert cells == [(c.cell_type, c.source) for c in jupytext.read(path.with_suffix(".py")).cells]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_is_short_and_defines_no_functions(path):
    cells = jupytext.read(path).cells
    assert len([c for c in cells if c.cell_type == "code"]) <= MOST_CELLS
    assert not any(
        line.startswith(("def ", "class ")) for c in cells for line in c.source.splitlines()
    )
    assert path.stat().st_size < MOST_BYTES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_text_is_said_in_both_languages(path):
    for cell in jupytext.read(path).cells:
        if cell.cell_type == "markdown":
            titled = cell.source.startswith("#")
            heading, _, text = cell.source.partition("\n") if titled else ("", "", cell.source)
            english, _, chinese = heading.partition(" · ")
            assert not titled or (english and not HAN.search(english) and HAN.search(chinese))
            said = {bool(HAN.search(part)) for part in text.split("\n\n") if part.strip()}
            assert said == {True, False} or (titled and not said), cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_imports_public_names_only(path):
    tree = ast.parse(path.with_suffix(".py").read_text("utf-8"))
    froms = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    ours = [n for n in froms if str(n.module).startswith("kpilab")]
    named = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert {n for n in named if n.startswith("kpilab")} | {n.module for n in ours} <= DOORS
    assert all(a.name in dir(import_module(str(n.module))) for n in ours for a in n.names)


@pytest.mark.slow
def test_the_first_one_runs_in_a_kernel_of_its_own(tmp_path):
    path, done = NOTEBOOKS[0], tmp_path / "done.ipynb"
    parameters = {"out": str(tmp_path / "review")}
    papermill.execute_notebook(
        path, done, parameters, cwd=FOLDER, kernel_name="python3", progress_bar=False
    )
    outputs = [o for c in jupytext.read(done).cells for o in c.get("outputs", [])]
    assert not [o for o in outputs if o.output_type == "error"]


# One notebook each on a case of another kind, so that every kind and every notebook occurs.
TAKING = [p for p in NOTEBOOKS if p.name[0] in "01" and p != NOTEBOOKS[0]]
KINDS = (
    "bare", "ab_srm", "company:churn", "equipment", "company:n_flat", "activity", "nothing",
    "company:delay", "landing", "growth",
)  # fmt: skip
PAIRS = [(kind, TAKING[k % len(TAKING)]) for k, kind in enumerate(KINDS)]


def made(kind: str, folder: Path) -> Path:
    """A case: with events and nothing else, or one of the samples."""
    if kind != "bare":
        return write(kind, folder, seed=1, size=0.3)
    (folder / "case.yml").write_text(CASE, "utf-8")
    events().to_csv(folder / "events.csv", index=False)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        pytest.param(
            *pair, marks=[] if k == 0 else pytest.mark.slow, id=f"{pair[0]}-{pair[1].stem}"
        )
        for k, pair in enumerate(PAIRS)
    ],
)
def test_it_runs_on_another_case(kind, path, shell, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "case").mkdir()
    monkeypatch.setenv("KPILAB_CASE", str(made(kind, tmp_path / "case")))
    monkeypatch.setenv("KPILAB_LANG", "zh")
    shell.reset()
    for cell in jupytext.read(path).cells:
        if cell.cell_type == "code":
            shell.run_cell(cell.source, silent=False).raise_error()


@pytest.fixture(scope="module")
def shell():
    """One shell for all the others: a kernel each would load the same libraries again."""
    made = InteractiveShell.instance()
    yield made
    InteractiveShell.clear_instance()


@pytest.mark.parametrize("path", few(NOTEBOOKS[1:]), ids=lambda p: p.stem)
def test_it_runs(path, shell, monkeypatch, tmp_path):
    monkeypatch.chdir(FOLDER)
    shell.reset()
    for cell in jupytext.read(path).cells:
        if cell.cell_type == "code":
            shell.run_cell(cell.source, silent=False).raise_error()
            if "parameters" in cell.metadata.get("tags", []):
                shell.user_ns["out"] = str(tmp_path / "review")
