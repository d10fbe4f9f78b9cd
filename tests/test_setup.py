"""The set-up is one thing said once: versions agree, the lock is safe,
no machine's paths are in the tree."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import kpilab
from kpilab import errors

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# What `make` installs: the core and all extras but the engines that need a server or Java.
WANTED = [
    *PROJECT["dependencies"],
    *(w for name in ("report", "lab", "track", "dev") for w in EXTRAS[name]),
]
WANTED = [w for w in WANTED if not w.startswith("kpilab[")]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
MACHINE = re.compile(r"(?<![\w.])/(?:work|home|root|Users)/\w")


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement.strip(), maxsplit=1)[0].lower().replace("_", "-")


def test_the_version_is_the_same_everywhere():
    assert PROJECT["version"] == kpilab.__version__


def test_the_lock_names_no_address():
    assert "://" not in LOCK


def test_everything_in_the_lock_has_a_hash():
    entries = re.split(r"\n(?=[a-zA-Z0-9])", LOCK.strip())
    assert [
        e.splitlines()[0] for e in entries if "--hash=sha256:" not in e and not e.startswith("#")
    ] == []


def test_the_lock_holds_every_direct_dependency():
    locked = {name_of(line) for line in LOCK.splitlines() if re.match(r"[a-zA-Z0-9]", line)}
    assert {name_of(w) for w in WANTED} - locked == set()


def test_conda_users_get_the_same_dependencies():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    through_pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert set(through_pip) == {*WANTED, "-e ."}


def test_everything_that_may_be_missing_is_in_the_extra_that_is_named():
    for package, name in errors.EXTRAS.items():
        brought = {
            name_of(w).replace("-", "_").removesuffix("_python").removeprefix("python_")
            for w in EXTRAS[name]
        }
        assert package in brought


def test_the_console_command_is_there():
    assert PROJECT["scripts"]["kpilab"] == "kpilab.cli:main"


def test_ci_can_be_run():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_no_path_of_a_machine_is_in_the_tree():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = [n for n in listed.stdout.decode().split("\0") if n]
    text = {
        ".py",
        ".md",
        ".toml",
        ".yml",
        ".yaml",
        ".json",
        ".ipynb",
        ".lock",
        ".txt",
        ".j2",
        ".cfg",
        "",
    }
    found = [
        name
        for name in names
        if Path(name).suffix in text
        and (ROOT / name).is_file()
        and MACHINE.search((ROOT / name).read_text("utf-8", errors="ignore"))
    ]
    assert found == []
