"""The loop from the command line: exit codes, words, and one way through it from action to push."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from kpilab.cli import app
from kpilab.track.store import Store
from tests.report.reviews import story
from tests.track.conftest import daily
from tests.track.test_notify import receiver, url  # noqa: F401  # a fixture


@pytest.fixture
def run(tmp_path, make, monkeypatch):
    """Run a command on the workspace `tmp_path` with the case `loop` in it."""
    monkeypatch.setenv("KPILAB_STORE", str(tmp_path))
    monkeypatch.delenv("KPILAB_NOTIFY_URLS", raising=False)
    monkeypatch.chdir(tmp_path)
    make(daily(1.1), "alarms:\n  fresh: {rule: freshness, table: daily, within: 2d}\n")
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


def test_an_action_is_added_done_and_believed(run):
    where = [
        "--metric",
        "orders",
        "--where",
        "platform=app",
        "--expected",
        "10",
        "--due",
        "2026-04-01",
    ]
    assert (
        run("actions", "add", "loop", "simplify the form", "--owner", "Ann", *where).stdout
        == "kept as action 1\n"
    )
    listed = run("actions", "list").stdout
    assert (
        "1. simplify the form\n   Ann · due 1 Apr 2026 · orders at platform = app\n   not "
        "done, late" in listed
    )
    assert run("actions", "done", "1", "--on", "2026-03-30").stdout == "action 1 is done\n"
    answer = run("actions", "list", "loop")
    assert answer.exit_code == 0
    assert "1 action: 1 worked" in answer.stdout
    assert "against the other segments · expected +10.0 %" in answer.stdout
    assert "有效 · +" in run("actions", "list", "loop", "--lang", "zh").stdout


def test_an_action_can_be_dropped(run):
    run("actions", "add", "loop", "paint it", "--owner", "Ann")
    assert run("actions", "done", "1", "--drop").stdout == "action 1 is dropped\n"
    assert "dropped" in run("actions", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("actions", "add", "loop", "x", "--owner", "a", "--metric", "oders"),
            "use one of ['orders'",
        ),
        (
            ("actions", "add", "loop", "x", "--owner", "a", "--metric", "orders", "--where", "app"),
            "names no segment",
        ),
        (("actions", "add", "loop", "x", "--owner", "a", "--expected", "3"), "of no metric"),
        (("actions", "add", "loop", "x", "--owner", "a", "--due", "soon"), "'soon' is not a day"),
        (("actions", "done", "9"), "no action named '9'"),
        (("compare", "1", "2"), "no review named '1'"),
        (("notify",), "no review is kept here"),
        (("watch", "loop", "--today", "now"), "'now' is not a day"),
    ],
)
def test_what_is_wrong_is_told_and_the_code_is_two(run, arguments, words):
    answer = run(*arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert words in answer.stderr


def test_reviews_are_compared_from_store_or_file(run, tmp_path):
    (tmp_path / "old").mkdir()
    with Store.open(tmp_path) as store:
        store.save(story())
    from kpilab.report.build import write

    write(story(), tmp_path / "old")
    answer = run("compare", "old", "1")
    assert answer.exit_code == 0
    assert "2 still open, 0 new, 0 gone" in answer.stdout
    assert "still open: Unmonitored leak · Pay rate (stated by both reviews)" in answer.stdout
    assert "仍未解决" in run("compare", "old", "1", "--lang", "zh").stdout


def test_a_verdict_is_pushed(run, tmp_path, receiver, monkeypatch):  # noqa: F811
    with Store.open(tmp_path) as store:
        store.save(story())
    monkeypatch.setenv("KPILAB_NOTIFY_URLS", url(receiver))
    answer = run("notify")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert "sent to 1 addresses" in answer.stdout
    assert "tok3n" not in answer.stdout
    assert "Unmonitored leak" in receiver.got[0][1]["message"]


def test_a_watch_ends_with_three_when_an_alarm_is_new_and_pushes_it_once(
    run,
    receiver,  # noqa: F811
    monkeypatch,
):
    monkeypatch.setenv("KPILAB_NOTIFY_URLS", url(receiver))
    assert run("watch", "loop", "--today", "2026-04-27").exit_code == 0
    late = ("watch", "loop", "--today", "2026-05-02")
    assert [run(*late).exit_code for _ in range(3)] == [3, 0, 0]
    assert len(receiver.got) == 1
    assert "daily" in receiver.got[0][1]["message"]


def test_a_push_that_fails_is_told_and_tried_again(run, receiver, monkeypatch):  # noqa: F811
    monkeypatch.setenv("KPILAB_NOTIFY_URLS", url(receiver))
    receiver.status = 500
    late = ("watch", "loop", "--today", "2026-05-02")
    first = run(*late)
    assert (first.exit_code, "did not reach" in first.stderr) == (3, True)
    assert run(*late).exit_code == 2
    receiver.status = 200
    assert run(*late).exit_code == 0


def test_a_board_is_written(run, tmp_path):
    answer = run("board", "loop", "--out", tmp_path / "out", "--lang", "zh")
    assert answer.stdout == f"{tmp_path / 'out' / 'board.html'}\n"
    assert 'lang="zh-CN"' in (tmp_path / "out" / "board.html").read_text("utf-8")


@pytest.mark.slow
def test_a_review_is_kept_when_a_store_is_named(run, tmp_path):
    answer = run("review", "loop", "--out", "out")
    assert "kept as review 1" in answer.stdout
    with Store.open(tmp_path) as store:
        saved = store.reviews("loop")[0]
    told = json.loads((tmp_path / "out" / "review.json").read_text("utf-8"))
    assert saved.goal["current"] == told["goal"]["current"]
    assert [c.kind for c in saved.causes] == [c["kind"] for c in told["causes"]]
    assert saved.levels["orders"] == (told["goal"]["baseline"], told["goal"]["current"])


def test_check_reads_the_alarm_rules(run, make):
    make(extra="alarms:\n  a: {rule: chrat}\n")
    answer = run("check", "loop")
    assert answer.exit_code == 1
    assert "alarms.a.rule" in answer.stderr
