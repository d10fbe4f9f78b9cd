"""Kills, full and read-only disks, and an engine that goes away: what was there stays,
and the error is clear."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kpilab.cli import app
from kpilab.core.files import put
from kpilab.engine.connect import connect
from kpilab.engine.run import collect
from kpilab.errors import BadInput, EngineError
from kpilab.report.build import write
from kpilab.track.database import StoreError
from kpilab.track.store import Store
from tests.engine.test_spill import SMALL, sorted_by_hash
from tests.report import reviews
from tests.track.conftest import SPEC, daily

REPORT = ("review.html", "review.json", "review.md", "review.xlsx")
# Reviews of one case, each in a child of its own that has everything imported; all but the last die
# in the step named.
DYING = """
import os, signal, sys
from contextlib import contextmanager
import kpilab.case.read, kpilab.report.build, kpilab.report.text
import kpilab.track.notes, kpilab.track.store
from kpilab.cli import app, progress
# what a review loads on its way
import altair, openpyxl, kpilab.show.charts.review.goal, scipy.stats
place = sys.argv[1]
for fatal in sys.argv[2:]:
    child = os.fork()
    if not child:
        @contextmanager
        def deadly(lang):
            def end(step, done, total):
                if step == fatal:
                    os.kill(os.getpid(), signal.SIGKILL)
            yield end
        progress._bar = deadly
        given = ["review", f"{place}/case", "--out", f"{place}/out", "--store", place]
        app(given, standalone_mode=False)
        os._exit(0)
    died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(fatal, died, *sorted(os.listdir(f"{place}/out")), flush=True)
"""


def run(*arguments: object):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def held(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def told(folder: Path) -> dict:
    """review.json but for the moment it was made."""
    return {
        k: v
        for k, v in json.loads((folder / "review.json").read_text("utf-8")).items()
        if k != "created"
    }


@pytest.fixture
def case(tmp_path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "case.yml").write_text(SPEC, "utf-8")
    daily().to_csv(folder / "daily.csv", index=False)
    return folder


@pytest.mark.slow  # two whole reviews
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_killed_review_leaves_the_old_report_and_the_next_one_is_the_same(tmp_path, case):
    out = tmp_path / "out"
    put(out, dict.fromkeys(REPORT, b"old"))
    steps = ["report", "none"]
    answer = subprocess.run(
        [sys.executable, "-c", DYING, str(tmp_path), *steps],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    lines = [line for line in answer.stdout.splitlines() if line.split(" ")[0] in steps]
    codes = [0 if step == "none" else -9 for step in steps]
    assert lines == [
        f"{step} {code} {' '.join(REPORT)}" for step, code in zip(steps, codes, strict=True)
    ]
    assert run("review", case, "--out", tmp_path / "again", "--store", tmp_path).exit_code == 0
    assert told(tmp_path / "again") == told(out)
    with Store.open(tmp_path) as store:
        assert len(store.reviews()) == 2, "those of the two reviews that came to their end"


@pytest.fixture
def disk(tmp_path) -> Iterator[Callable[[str], Path]]:
    """A small disk of its own, in memory; its options can be given anew."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True
    ).returncode:
        pytest.skip("mounting a small disk needs the rights of an administrator, on Linux")

    def mounted(options: str) -> Path:
        subprocess.run(
            ["mount", "-o", f"remount,{options}", str(place)], check=True, capture_output=True
        )
        return place

    yield mounted
    subprocess.run(["umount", "-l", str(place)], check=True, capture_output=True)


def test_a_report_on_a_disk_that_is_full_or_read_only(disk):
    out = disk("size=8m") / "out"
    write(reviews.nothing(), out)
    before = held(out)
    used = sum(map(len, before.values()))
    disk(f"size={used // 1024 + 400}k")
    with pytest.raises(BadInput, match="No space left") as full:
        write(reviews.story(), out)
    assert (full.value.where, "make room" in full.value.hint) == (str(out), True)
    assert held(out) == before
    disk("size=8m,ro")
    with pytest.raises(BadInput, match="Read-only") as refused:
        write(reviews.story(), out)
    assert (refused.value.where, "may write" in refused.value.hint) == (str(out), True)
    assert held(out) == before
    disk("size=8m,rw")
    assert write(reviews.story(), out).json.read_bytes() != before["review.json"]
    assert sorted(held(out)) == sorted(before)


@pytest.mark.slow
def test_a_command_on_such_a_disk_fails_like_any_other(disk, case):
    out = disk("size=300k") / "out"
    full = [
        (words, "No space left")
        for words in (["review", case, "--out", out], ["sample", "shop", out])
    ]
    for command, said in [*full, (["board", case, "--out", out], "Read-only file system")]:
        disk("size=8m,ro" if command[0] == "board" else "size=300k")
        answer = run(*command)
        assert answer.exit_code == 2, command
        assert said in answer.stderr
        assert str(out) in answer.stderr
        assert "hint:" in answer.stderr
        assert "Traceback" not in answer.stderr


def test_a_store_on_a_disk_that_is_full_or_read_only(disk):
    place = disk("size=300k")
    with Store.open(place) as store:
        kept, said = [], ""
        try:
            while len(kept) < 1000:
                kept.append(store.add_action("case", "x" * 2000, owner="ann"))
        except StoreError as full:
            said = str(full)
        assert "full\n  hint:  make room" in said
        assert str(place) in said
        assert [a.id for a in store.actions()] == kept
    disk("size=8m,ro")
    with (
        pytest.raises((BadInput, StoreError), match=r"kpilab\.db") as refused,
        Store.open(place) as store,
    ):
        store.add_action("case", "no", owner="ann")
    assert "writ" in str(refused.value)
    disk("size=8m,rw")
    with Store.open(place) as store:
        assert [a.id for a in store.actions()] == kept
        assert store.add_action("case", "room again", owner="ann") == kept[-1] + 1
        assert store.database.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]


def test_an_engine_whose_disk_is_full(disk):
    place = disk("size=2m")
    con = connect(options={**SMALL, "temp_directory": str(place)})
    with pytest.raises(EngineError, match="make room on the engine's disk") as told:
        collect(sorted_by_hash(con), "sort")
    assert str(place) in str(told.value)
    assert collect(con.sql("SELECT 1 AS n"), "after")["n"].tolist() == [1]


def test_a_store_that_runs_out_of_pages_keeps_what_it_has(tmp_path):
    """The full disk without a disk: SQLite says the same when its file may not grow."""
    with Store.open(tmp_path) as store:
        store.add_action("case", "kept", owner="ann")
        store.database.rows(
            f"PRAGMA max_page_count = {store.database.rows('PRAGMA page_count')[0]['page_count']}"
        )
        with pytest.raises(StoreError, match="make room on that disk"):
            store.save(reviews.many(20, 2))
        store.database.rows("PRAGMA query_only = 1")
        with pytest.raises(StoreError, match="writable"):
            store.add_action("case", "no", owner="ann")
    with Store.open(tmp_path) as store:
        assert [a.what for a in store.actions()] == ["kept"]
        assert store.reviews() == ()


@pytest.mark.slow
def test_what_the_finished_steps_found_is_kept_when_the_engine_goes_away(
    tmp_path, case, monkeypatch
):
    out = tmp_path / "out"
    put(out, dict.fromkeys(REPORT, b"old"))
    monkeypatch.setattr("kpilab.verdict.run.PAUSE", 0)

    def gone(*_):
        raise ConnectionResetError(104, "Connection reset by peer")

    gone.__module__ = "kpilab.verdict.steps.external"
    from kpilab.verdict import run as verdict

    monkeypatch.setattr(
        verdict.review, "__kwdefaults__", {"steps": (*verdict.STEPS[:3], gone), "progress": None}
    )
    answer = run("review", case, "--out", out)
    assert answer.exit_code == 2
    assert "stopped in step 'external'" in answer.stderr
    assert str(out / "unfinished.md") in answer.stderr
    text = (out / "unfinished.md").read_text("utf-8")
    assert "Connection reset by peer" in text
    assert "goal.1" in text
    assert {name: (out / name).read_bytes() for name in REPORT} == dict.fromkeys(REPORT, b"old")
    monkeypatch.undo()
    assert run("review", case, "--out", out).exit_code == 0
    assert sorted(held(out)) == sorted(REPORT)
