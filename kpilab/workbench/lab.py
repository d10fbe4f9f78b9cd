"""JupyterLab on kpilab's notebooks: those of the checkout,
or a copy of those an installed package brings along."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from kpilab.errors import BadInput

PACKAGE = Path(__file__).parents[1]


def notebooks(folder: Path, package: Path = PACKAGE) -> Path:
    """The folder to open.

    In a checkout, its own `notebooks/`. From an installed package, `folder`: notebooks and data are
    copied there once, and what is there already is left alone, because it is the user's work by
    then.

    Raises:
        BadInput: the package brought no notebooks, or the folder cannot be written.
    """
    beside = package.parent / "notebooks"
    if (package.parent / "pyproject.toml").is_file() and beside.is_dir():
        return beside
    bundle = package / "_bundle"
    if not bundle.is_dir():
        raise BadInput(
            "no notebooks came with this installation",
            str(package),
            "install kpilab from a wheel again",
        )
    try:
        for source in sorted(p for p in bundle.rglob("*") if p.is_file()):
            target = folder / source.relative_to(bundle)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    except OSError as error:
        raise BadInput(
            f"cannot write {folder}: {error.strerror}", "argument DIR", "choose another folder"
        ) from None
    return folder / "notebooks"


def start(folder: Path) -> int:
    """Run JupyterLab until it is closed; its exit code."""
    command = [sys.executable, "-m", "jupyterlab", str(folder)]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # our own interpreter, no shell


def serve(folder: Path, port: int = 8866) -> int:
    """Show the notebooks as pages without code, on this machine only; the exit code of Voilà."""
    quiet = ["--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"]
    command = [sys.executable, "-m", "voila", str(folder), *quiet]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # our own interpreter, no shell
