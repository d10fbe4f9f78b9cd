"""Printing says what is missing."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from kpilab.errors import BadInput
from kpilab.report.pdf import pdf


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "review.html"
    path.write_text("<p>x")
    return path


def test_a_missing_page_is_named(tmp_path):
    with pytest.raises(BadInput, match="no page to print"):
        pdf(tmp_path / "none.html", tmp_path / "out.pdf")


def test_without_a_browser_it_says_what_to_install(page, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(BadInput, match="none is installed") as error:
        pdf(page, page.with_suffix(".pdf"))
    assert "chromium" in error.value.hint
    assert not page.with_suffix(".pdf").exists()


def test_a_browser_that_hangs_is_given_up(page, monkeypatch):
    def hang(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(BadInput, match="longer than 5 seconds"):
        pdf(page, page.with_suffix(".pdf"), timeout=5)


def test_a_browser_that_prints_nothing_is_reported(page, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", lambda command, **options: None)
    with pytest.raises(BadInput, match="printed nothing"):
        pdf(page, page.with_suffix(".pdf"))
