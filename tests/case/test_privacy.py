"""Pseudonyms: no name leaves the case, a person keeps one pseudonym, and nothing is silently unmatched."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import kpilab
from kpilab.case.privacy import KEY_FILE, secret
from kpilab.core.table import EventLog
from kpilab.engine.pseudonym import pseudonym, pseudonymised
from kpilab.errors import BadInput
from kpilab.report.build import write as write_report
from kpilab.samples.write import write as write_sample

KEY = "k" * 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A world in which some actors' claims do not match their traces; actors are to be hidden."""
    place = write_sample("fabricated_execution", tmp_path_factory.mktemp("case") / "team", seed=2_600_101)
    case = place / "case.yml"
    case.write_text(case.read_text("utf-8") + "\nprivacy: {pseudonymise: [actor]}\n", "utf-8")
    return place


def actors(folder: Path) -> set[str]:
    return set(pd.read_parquet(folder / "execution.parquet")["actor"].astype(str))


def texts(folder: Path) -> str:
    """Everything a review wrote, the workbook unpacked."""
    parts = [(folder / f"review.{end}").read_text("utf-8") for end in ("json", "html", "md")]
    with zipfile.ZipFile(folder / "review.xlsx") as book:
        parts += [book.read(name).decode("utf-8") for name in book.namelist()]
    return "\n".join(parts)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_name_in_any_output_and_the_verdict_is_the_same(folder, tmp_path, monkeypatch, lang):
    monkeypatch.setenv("KPILAB_KEY", KEY)
    review = kpilab.review(kpilab.open_case(folder, language=lang))
    write_report(review, tmp_path, lang)
    said, names = texts(tmp_path), actors(folder)
    assert [n for n in names if n in said] == []
    cause = next(c for c in review.causes if c.kind == "fabricated_execution")
    open_names = (folder / "case.yml").read_text("utf-8").replace("privacy:", "# privacy:")
    (folder / "plain.yml").write_text(open_names, "utf-8")
    plain = kpilab.review(kpilab.open_case(folder / "plain.yml"))
    named = next(c for c in plain.causes if c.kind == "fabricated_execution").actors
    assert set(cause.actors) == {pseudonym(n, KEY) for n in named}
    assert all(p in said for p in cause.actors)


def test_the_engine_and_python_make_the_same_pseudonym():
    frame = pd.DataFrame({"time": pd.Timestamp("2025-03-03"), "user": ["Li Lei", "李雷", None], "event": "pay"})
    log = pseudonymised(EventLog(frame), ["user"], KEY)
    assert log.table.to_pandas()["user"].fillna("").tolist() == [pseudonym("Li Lei", KEY), pseudonym("李雷", KEY), ""]
    assert re.fullmatch(r"p-[0-9a-f]{12}", pseudonym("Li Lei", KEY))
    assert pseudonym("Li Lei", KEY) != pseudonym("Li Lei", KEY + "!")


def test_the_key_is_made_once_and_kept_secret(tmp_path, monkeypatch):
    monkeypatch.delenv("KPILAB_KEY", raising=False)
    first = secret(tmp_path)
    assert secret(tmp_path) == first
    assert len(first) == 64
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    assert [p.name for p in tmp_path.iterdir()] == [KEY_FILE]
    monkeypatch.setenv("KPILAB_KEY", "short")
    with pytest.raises(BadInput, match="has 5 characters"):
        secret(tmp_path)


def refused(folder: Path, tmp_path: Path, *changes: tuple[str, str]) -> str:
    text = (folder / "case.yml").read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "other.yml").write_text(text, "utf-8")
    with pytest.raises(BadInput) as error:
        kpilab.open_case(folder / "other.yml")
    return str(error.value)


def test_unknown_columns_and_conditions_on_names_are_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("KPILAB_KEY", KEY)
    said = refused(folder, tmp_path, ("[actor]", "[actr]"))
    assert "no column or role named 'actr'" in said
    assert "actor" in said
    said = refused(folder, tmp_path, ("[actor]", "[actor, event]"))
    assert "'event' is pseudonymised and cannot be read in" in said
