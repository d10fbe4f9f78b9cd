"""Everything in the lock is under a permissive licence,
but for what is named here with the reason."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

LOCK = Path(__file__).parents[1] / "requirements.lock"
PERMISSIVE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software|Zlib|Unlicense|CC0|HPND|0BSD", re.IGNORECASE
)
NAMED = {
    "certifi": "MPL 2.0, used as it is: a list of certificates",
    "fqdn": "MPL 2.0, used as it is, by JupyterLab",
    "pathspec": "MPL 2.0, used as it is",
    "hypothesis": "MPL 2.0, in the tests only",
    "psycopg": "LGPL 3, only with the extra postgres",
    "psycopg-binary": "LGPL 3, only with the extra postgres",
    "axe-playwright-python": "MIT in its repository, not in its metadata; in the tests only",
}


def licence(name: str) -> str:
    about = metadata.metadata(name)
    classes = [
        c.rpartition("::")[2].strip()
        for c in about.get_all("Classifier") or []
        if c.startswith("License")
    ]
    return about.get("License-Expression") or "; ".join(classes) or about.get("License") or ""


def locked() -> list[str]:
    return sorted(set(re.findall(r"^([A-Za-z0-9_.-]+)==", LOCK.read_text(), re.MULTILINE)))


def test_every_locked_package_is_permissive_or_named():
    unknown = {}
    for name in locked():
        try:
            found = licence(name)
        except metadata.PackageNotFoundError:
            continue  # for another platform or version of Python
        if not PERMISSIVE.search(found) and name.lower() not in NAMED:
            unknown[name] = found
    assert not unknown


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_is_still_in_the_lock(name):
    assert name in locked()
