"""The light core works without what its extras bring, and says which extra is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in GONE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
from kpilab import errors
GONE = {*errors.EXTRAS, "papermill", "nbconvert", "jupytext", "IPython"}
sys.meta_path.insert(0, Missing())
import kpilab
def refused(what):
    try:
        what()
    except kpilab.BadInput as error:
        print(error.what, "|", error.hint)
"""


def run(code: str) -> list[str]:
    answer = subprocess.run(
        [sys.executable, "-c", WITHOUT + code],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.splitlines()


@pytest.mark.slow
def test_the_core_reviews_a_case_and_answers_a_question_in_words():
    kinds, table, chart = run("""
case = kpilab.open_case("data/shop")
print(*[c.kind for c in kpilab.review(case).causes])
before, now = {"visits": 100.0, "rate": 0.5}, {"visits": 90.0, "rate": 0.4}
found = kpilab.decompose("visits * rate", before, now)
print("<table>" in found._repr_mimebundle_()["text/html"])
refused(found.chart)
""")
    assert kinds.startswith("untracked_leak")
    assert table == "True"
    assert chart == "altair is not installed | pip install 'kpilab[report]'"


def test_the_command_line_names_the_extra():
    *said, code = run("""
sys.stderr = sys.stdout
from kpilab.cli import app
try:
    app(["review", "data/shop", "--out", "nowhere"], standalone_mode=True)
except SystemExit as left:
    print(left.code)
""")
    assert code == "2"
    assert "pip install 'kpilab[report]'" in said[-1]
