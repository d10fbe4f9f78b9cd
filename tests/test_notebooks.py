"""Every notebook runs from top to bottom, and is the same as the text file beside it."""

from __future__ import annotations

from pathlib import Path

import jupytext
import papermill
import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(p for p in FOLDER.glob("*.ipynb"))
MOST_CELLS, MOST_BYTES = 15, 200_000


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
def test_it_runs(path, tmp_path):
    done = tmp_path / path.name
    known = papermill.inspect_notebook(path)
    parameters = {"out": str(tmp_path / "review")} if "out" in known else {}
    papermill.execute_notebook(
        path, done, parameters, cwd=FOLDER, kernel_name="python3", progress_bar=False
    )
    assert not any(
        o.output_type == "error" for c in jupytext.read(done).cells for o in c.get("outputs", [])
    )
