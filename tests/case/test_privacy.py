"""Pseudonyms: no name leaves the case, a person keeps one pseudonym,
and nothing is silently unmatched."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import kpilab
from kpilab.analysis.execution.audit import audit_sample
from kpilab.analysis.execution.worksheet import write_worksheet
from kpilab.case.privacy import KEY_FILE, secret
from kpilab.core.table import EventLog, Executions
from kpilab.engine.pseudonym import pseudonym, pseudonymised
from kpilab.errors import BadInput
from kpilab.report.build import write as write_report
from kpilab.report.text import verdict
from kpilab.samples.write import write as write_sample
from kpilab.track.board import write_board
from kpilab.track.notify import short
from kpilab.track.store import Store
from kpilab.workbench.apps.execution.evidence import EXECUTION
from kpilab.workbench.panel import Panel
from kpilab.workbench.records import records

KEY = "k" * 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A world in which some actors' claims do not match their traces; actors are to be hidden."""
    place = write_sample(
        "fabricated_execution", tmp_path_factory.mktemp("case") / "team", seed=2_600_101
    )
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


@pytest.fixture(scope="module")
def private(folder):
    """The case with hidden actors, and its review."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KPILAB_KEY", KEY)
        case = kpilab.open_case(folder)
        return case, kpilab.review(case)


@pytest.mark.slow
def test_the_verdict_is_the_same_under_pseudonyms(folder, private):
    open_names = (folder / "case.yml").read_text("utf-8").replace("privacy:", "# privacy:")
    (folder / "plain.yml").write_text(open_names, "utf-8")
    plain = kpilab.review(kpilab.open_case(folder / "plain.yml"))
    named, hidden = (
        next(c for c in r.causes if c.kind == "fabricated_execution") for r in (plain, private[1])
    )
    assert set(hidden.actors) == {pseudonym(n, KEY) for n in named.actors}
    assert [c.kind for c in plain.causes] == [c.kind for c in private[1].causes]


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_name_in_any_file_of_the_report(folder, private, tmp_path, lang):
    write_report(private[1], tmp_path, lang)
    said = texts(tmp_path)
    assert [n for n in actors(folder) if n in said] == []
    assert all(
        p in said
        for p in next(c for c in private[1].causes if c.kind == "fabricated_execution").actors
    )


def test_no_name_in_store_board_message_terminal_work_sheet_or_panel(folder, private, tmp_path):
    case, review = private
    write_board(case, tmp_path)
    with Store.open(tmp_path) as store:
        saved = store.review(store.save(review))
        said = [*short(saved, "en"), *short(saved, "zh"), verdict(review)]
    table = next(iter(case.of_kind(Executions).values()))
    plan = audit_sample(table, period=case.current)
    write_worksheet(plan, tmp_path / "sheet.csv")
    panel = Panel(case, EXECUTION)
    panel.show.click()
    panel.wait()
    assert panel.result is not None
    said += [
        panel.evidence.value,
        panel.result.table.to_string(),
        str(panel.link.widget.spec if panel.link.widget else ""),
    ]
    said += [records(case, table.name, period=case.current).table.to_string()]
    said += [p.read_bytes().decode("utf-8", "replace") for p in tmp_path.rglob("*") if p.is_file()]
    assert [n for n in actors(folder) if n in "\n".join(said)] == []
    assert "p-" in panel.evidence.value


def test_the_engine_and_python_make_the_same_pseudonym():
    frame = pd.DataFrame(
        {"time": pd.Timestamp("2025-03-03"), "user": ["Li Lei", "李雷", None], "event": "pay"}
    )
    log = pseudonymised(EventLog(frame), ["user"], KEY)
    assert log.table.to_pandas()["user"].fillna("").tolist() == [
        pseudonym("Li Lei", KEY),
        pseudonym("李雷", KEY),
        "",
    ]
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


@pytest.mark.slow
def test_unknown_columns_and_conditions_on_names_are_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("KPILAB_KEY", KEY)
    said = refused(folder, tmp_path, ("[actor]", "[actr]"))
    assert "no column or role named 'actr'" in said
    assert "actor" in said
    said = refused(folder, tmp_path, ("[actor]", "[actor, event]"))
    assert "'event' is pseudonymised and cannot be read in" in said
