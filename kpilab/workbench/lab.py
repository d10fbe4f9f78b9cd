"""JupyterLab on kpilab's notebooks, and the same questions as a page without code, on one case."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from kpilab.errors import BadInput

PACKAGE = Path(__file__).parents[1]
TEMPLATES = Path(__file__).parent / "share"  # a page of Voilà that loads nothing from elsewhere
HOME = "home.ipynb"
# What tells every notebook its case, its language, and where findings are kept.
CASE, LANG, WORKSPACE = "KPILAB_CASE", "KPILAB_LANG", "KPILAB_WORKSPACE"
# Text twins of the notebooks would double the list; the rest is what Jupyter hides anyway.
HIDDEN = [
    "__pycache__",
    "*.pyc",
    "*.pyo",
    ".DS_Store",
    "*~",
    "[01][0-9]_*.py",
    "2[0-9]_*.py",
    "home.py",
]
# No request leaves the machine: no news, no check for updates, no list of extensions.
OFFLINE = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


def bundled(package: Path = PACKAGE) -> Path:
    """The shop that kpilab brings along."""
    beside = package.parent / "data" / "shop"
    return beside if beside.is_dir() else package / "_bundle" / "data" / "shop"


def brought(package: Path = PACKAGE) -> Path:
    """The folder of notebooks that kpilab brings along: those of the checkout, or of the package.

    Raises:
        BadInput: the package brought none.
    """
    beside = package.parent / "notebooks"
    if (package.parent / "pyproject.toml").is_file() and beside.is_dir():
        return beside
    if not (package / "_bundle" / "notebooks").is_dir():
        what, hint = "no notebooks came with this installation", "install kpilab from a wheel again"
        raise BadInput(what, str(package), hint)
    return package / "_bundle" / "notebooks"


def notebooks(folder: Path | None, package: Path = PACKAGE) -> Path:
    """The folder to open.

    Without `folder` in a checkout, its own `notebooks/`. Else the notebooks are copied to `folder`
    (`kpilab-lab` if None) once; what is there already is left alone, because it is the user's work
    by then.

    Raises:
        BadInput: the package brought no notebooks, or the folder cannot be written.
    """
    source = brought(package)
    if folder is None and source.parent == package.parent:
        return source
    target = folder or Path("kpilab-lab")
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted(source.glob("*.ipynb")):
            if not (target / path.name).exists():
                shutil.copyfile(path, target / path.name)
    except OSError as error:
        raise BadInput(
            f"cannot write {target}: {error.strerror}", "option --to", "choose another folder"
        ) from None
    return target


def folder_of(folder: Path | None) -> Path | None:
    """The case, or folder of tables, that was asked for; None for the bundled shop.

    Raises:
        BadInput: no such folder.
    """
    if folder is not None and not folder.exists():
        hint = f"name a folder with a case.yml; notebooks are copied elsewhere with --to {folder}"
        raise BadInput(f"no case at {str(folder)!r}", "argument CASE", hint)
    return None if folder is None else folder.resolve()


def environment(case: Path | None, lang: str | None) -> dict[str, str]:
    """The variables that tell every notebook its case and language."""
    told = {CASE: str(case) if case else "", LANG: lang or ""}
    return os.environ | {name: value for name, value in told.items() if value}


def start(folder: Path, case: Path | None, lang: str | None, *, browser: bool = True) -> int:
    """Run JupyterLab on a case, home page first, until it is closed; its exit code."""
    options = [
        *OFFLINE,
        f"--ContentsManager.hide_globs={HIDDEN!r}",
        f"--ServerApp.root_dir={folder.resolve()}",
    ]
    return _run("jupyterlab", [str(folder / HOME), *options], environment(case, lang), browser)


def serve(case: Path | None, lang: str | None, port: int = 8866, *, browser: bool = True) -> int:
    """Show the home page of a case without code, on this machine only; the exit code of Voilà."""
    options = [f"--port={port}", "--Voila.ip=127.0.0.1", "--template=kpilab"]
    paths = os.pathsep.join([str(TEMPLATES), *filter(None, [os.environ.get("JUPYTER_PATH")])])
    told = environment(case, lang) | {"JUPYTER_PATH": paths, WORKSPACE: str(Path.cwd())}
    return _run("voila", [str(brought() / HOME), *options], told, browser)


def _run(module: str, arguments: list[str], variables: dict[str, str], browser: bool) -> int:
    quiet = [] if browser else ["--no-browser"]
    command = [sys.executable, "-m", module, *arguments, *quiet]
    return subprocess.run(command, env=variables, check=False).returncode  # noqa: S603  # our own interpreter, no shell
