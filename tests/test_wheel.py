"""The package as people get it: a wheel, installed alone into a fresh environment,
used from another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.track.conftest import daily

ROOT = Path(__file__).parents[1]
pytest.importorskip("hatchling")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from the checkout, without a network."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    return next(folder.glob("kpilab-*.whl"))


@pytest.fixture(scope="module")
def commands(tmp_path_factory, wheel) -> Path:
    """The commands of an environment with the wheel in it;
    what it depends on is borrowed from the running one."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder)
    place = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(place / "python"),
        "--disable-pip-version-check",
    ]
    install = [*pip, "install", "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=60)
    packages = next(folder.rglob("site-packages"))
    # A path added this way is searched last, and .pth files in it (such as that of the checkout)
    # are not read.
    (packages / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"], "utf-8")
    return place


def test_the_wheel_holds_the_package_its_data_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"kpilab", next(t for t in tops if t.endswith(".dist-info"))}
    assert [
        n for n in names if "__pycache__" in n or ".ipynb_checkpoints" in n or n.endswith(".db")
    ] == []
    for needed in (
        "py.typed",
        "__init__.pyi",
        "events.pyi",
        "report/page.html.j2",
        "show/messages/zh/review/report.json",
        "track/board.css",
        "_bundle/data/shop/case.yml",
    ):
        assert f"kpilab/{needed}" in names
    assert [n for n in names if n.startswith("kpilab/_bundle/notebooks/") and n.endswith(".ipynb")]
    assert [n for n in names if n.endswith("licenses/LICENSE")]


@pytest.mark.slow
def test_the_installed_command_reviews_a_case_from_another_folder(commands, tmp_path):
    (tmp_path / "shop").mkdir()
    daily(0.7).to_csv(tmp_path / "shop" / "daily.csv", index=False)
    known = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def run(*command: str) -> str:
        answer = subprocess.run(
            [str(commands / command[0]), *command[1:]],
            cwd=tmp_path,
            env=known,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (answer.returncode, answer.stderr) == (0, "")
        return answer.stdout

    where = run("python", "-c", "import kpilab; print(kpilab.__file__)").strip()
    assert Path(where).is_relative_to(commands.parent), "not the checkout"
    assert "wrote" in run("kpilab", "init", "shop")
    assert "review.html" in run("kpilab", "review", "shop", "--out", "report")
    review = json.loads((tmp_path / "report" / "review.json").read_text("utf-8"))
    assert review["goal"]["change"] < 0
    assert {p.name for p in (tmp_path / "report").iterdir()} == {
        f"review.{e}" for e in ("html", "json", "md", "xlsx")
    }
