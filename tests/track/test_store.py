"""The store keeps what was saved, whole or not at all, whoever writes beside."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest

from kpilab.core.values import Where
from kpilab.errors import BadInput
from kpilab.track.database import KEY, connect, masked
from kpilab.track.records import Aim
from kpilab.track.schema import REVIEWS, STEPS
from kpilab.track.store import Store
from tests.report.reviews import finding, story

# Saves in children that have everything imported; each is killed after so many seconds.
SAVER = """
import os, signal, sys, time
from kpilab.track.store import Store
from tests.report.reviews import finding, story
from dataclasses import replace
review = story()
found = tuple(finding(f"goal.{k}") for k in range(200))
many = replace(review, steps=(replace(review.steps[1], findings=found),))
for seconds in sys.argv[2:]:
    ready, told = os.pipe()
    child = os.fork()
    if not child:
        with Store.open(sys.argv[1]) as store:
            os.write(told, b"x")
            while True:
                store.save(many)
    os.read(ready, 1)
    time.sleep(float(seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print(os.listdir(sys.argv[1]))
"""
WRITER = """
import sys
from kpilab.track.store import Store
with Store.open(sys.argv[1]) as store:
    for k in range(200):
        store.add_action("case", f"{sys.argv[2]} {k}", owner="ann")
"""


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as opened:
        yield opened


def python(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE
    )


def test_a_review_comes_back_as_it_was_saved(store):
    review = story()
    saved = store.review(store.save(review))
    assert (saved.case, saved.title, saved.periods) == (
        review.case,
        review.title,
        dict(review.periods),
    )
    assert saved.goal["gap"] == pytest.approx(review.goal.gap)
    assert [r["amount"] for r in saved.bridge] == [r.amount for r in review.bridge]
    for kept, cause in zip(saved.causes, review.causes, strict=True):
        assert (kept.kind, kept.subject, kept.where, kept.actors) == (
            cause.kind,
            cause.subject,
            cause.where,
            cause.actors,
        )
        assert (kept.period, kept.confidence, kept.effect_pct) == (
            cause.period,
            cause.confidence,
            cause.effect_pct,
        )
        assert set(kept.said) == {"en", "zh"}
    assert len(store.findings(review.case)) == len(review.findings)


def test_the_review_of_the_latest_period_comes_first(store):
    later = store.save(story())
    early = replace(story(), periods={**story().periods, "current": story().periods["baseline"]})
    store.save(early)
    assert store.reviews()[0].id == later
    assert store.reviews("another case") == ()


def test_a_finding_is_kept_with_a_review_or_under_a_name(store):
    saved = store.save(story())
    store.add_finding(saved, finding("lab.1"))
    store.add_finding(story().case, finding("lab.2"))
    store.add_finding("my notebook", finding("lab.3"), "zh")
    kept = {f.name: f for f in store.findings() if f.name.startswith("lab")}
    assert [kept[f"lab.{k}"].review for k in (1, 2, 3)] == [saved, saved, None]
    assert kept["lab.3"].case == "my notebook"
    assert next(iter(kept["lab.3"].said)) == "zh"


def test_analysts_add_reject_and_annotate_answers(store):
    cause = store.review(store.save(story())).causes[0].id
    store.note(cause, "reject", "the step is on the ops board", answer=2, author="ann")
    store.note(cause, "add", "The card form asks twice", author="bob")
    store.note(cause, "comment", "since 3 July", answer=3)
    whys = store.whys(cause)
    assert [w.rejected for w in whys] == [False, False, True, False]
    assert (whys[3].answer["en"], whys[3].comments) == (
        "The card form asks twice",
        ("since 3 July",),
    )
    with pytest.raises(BadInput, match="no answer 9"):
        store.note(cause, "comment", "?", answer=9)


def test_the_last_decision_on_a_cause_counts(store):
    cause = store.review(store.save(story())).causes[0].id
    store.decide(cause, "accepted", author="ann")
    store.decide(cause, "rejected", reason="known bug", author="bob")
    assert store.reviews()[0].causes[0].decision == "rejected"


def test_an_action_goes_from_open_to_done(store):
    where = Where({"platform": ("android", "ios")}, {"store": ("s7",)})
    made = store.add_action(
        "c", "mend it", owner="ann", due=date(2026, 7, 1), aim=Aim("m", where, 0.1)
    )
    store.add_action("c", "other", owner="bob")
    (first, second) = store.actions("c")
    assert (first.id, first.where, first.expected, first.state) == (made, where, 0.1, "open")
    assert first.late(date(2026, 7, 2))
    assert not second.late(date(2026, 7, 2))
    store.finish(made, date(2026, 7, 3))
    store.drop(second.id)
    assert [a.state for a in store.actions("c")] == ["done", "dropped"]
    assert store.actions("c", "done")[0].done_on == date(2026, 7, 3)
    assert store.actions("c", "open") == ()


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda s: s.finish(7, date(2026, 1, 1)), "no action named '7'"),
        (lambda s: s.review(7), "no review named '7'"),
        (lambda s: s.whys(7), "no cause named '7'"),
        (lambda s: s.add_action("c", " ", owner="ann"), "needs words and an owner"),
        (lambda s: s.actions(state="dun"), "no state named 'dun'"),
    ],
)
def test_what_is_not_there_is_named(store, call, what):
    with pytest.raises(BadInput, match=what):
        call(store)


def test_an_older_store_is_brought_up_to_date_and_keeps_its_rows(tmp_path):
    file = tmp_path / "kpilab.db"
    with sqlite3.connect(file) as old:
        for statement in REVIEWS:
            old.execute(statement.replace("{id}", KEY["sqlite"]))
        old.execute("CREATE TABLE store_version (version INTEGER NOT NULL)")
        old.execute("INSERT INTO store_version VALUES (1)")
        old.execute("INSERT INTO actions (case_name, what, owner, place, state, made) "
                    "VALUES ('c', 'kept', 'ann', '[{}, {}]', 'open', '2026-01-01')")  # fmt: skip
    old.close()
    with Store.open(file) as store:
        assert [a.what for a in store.actions()] == ["kept"]
        assert store.database.rows("SELECT version FROM store_version") == [{"version": len(STEPS)}]
        assert store.database.rows("SELECT * FROM alarms") == []


def test_a_newer_store_is_refused(tmp_path):
    with Store.open(tmp_path) as store:
        store.database.rows("UPDATE store_version SET version = 99")
    with pytest.raises(BadInput, match="version 99"):
        Store.open(tmp_path)


def test_a_file_that_is_no_store_is_refused(tmp_path):
    (tmp_path / "kpilab.db").write_bytes(
        b"no database at all, but long enough to be read as a header " * 20
    )
    with pytest.raises(BadInput, match="not a database"):
        Store.open(tmp_path)
    with pytest.raises(BadInput, match="no folder"):
        Store.open(tmp_path / "nowhere")


def test_rows_of_a_deleted_review_go_with_it(store):
    saved = store.save(story())
    store.database.rows("DELETE FROM reviews WHERE id = ?", (saved,))
    assert (store.findings(), store.reviews()) == ((), ())


def test_names_from_the_data_are_values_not_sql(store):
    name = "x'); DROP TABLE actions; -- ? %s \0"
    store.add_action(name, name, owner=name)
    assert store.actions(name.replace("\0", ""))[0].what == name.replace("\0", "")


def test_two_programs_that_write_at_once_lose_nothing(tmp_path):
    """With 1,000 rows each: benchmarks/faults.py."""
    writers = [python(WRITER, tmp_path, name) for name in ("a", "b")]
    assert [w.wait(120) for w in writers] == [0, 0]
    with Store.open(tmp_path) as store:
        assert sorted(a.what for a in store.actions()) == sorted(
            f"{name} {k}" for name in "ab" for k in range(200)
        )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_in_the_middle_of_a_save_leaves_all_or_nothing(tmp_path):
    rng = random.Random(7)
    # The last one has the time to finish saves, however busy the machine is.
    saver = python(SAVER, tmp_path, *(0.02 + 0.2 * rng.random() for _ in range(4)), 2.0)
    assert saver.wait(120) == 0
    assert len(saver.stdout.readlines()) == 5
    with Store.open(tmp_path) as store:
        counts = store.database.rows(
            "SELECT count(f.id) AS n FROM reviews r LEFT JOIN findings f ON f.review = r.id "
            "GROUP BY r.id"
        )
        orphans = store.database.rows(
            "SELECT id FROM findings WHERE review NOT IN (SELECT id FROM reviews)"
        )
        assert store.database.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert {row["n"] for row in counts} == {200}
    assert orphans == []


def test_opening_one_new_store_from_many_threads_makes_it_once(tmp_path):
    def opened(_):
        with Store.open(tmp_path) as store:
            return store.add_action("c", "w", owner="ann")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(opened, range(16)))) == 16


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://ann:se@cret@db/kpi", "postgresql://…@db/kpi"),
        ("postgres://db/kpi?password=secret", "postgres://db/kpi"),
        ("json://token@host/path", "json://…@host/path"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address, shown):
    assert masked(address) == shown


def test_a_server_that_is_not_there_is_named_without_the_password():
    with pytest.raises(BadInput) as told:
        Store.open("postgresql://ann:topsecret@127.0.0.1:9/kpi?connect_timeout=2")
    assert "topsecret" not in str(told.value)
    assert "127.0.0.1" in str(told.value)


@pytest.mark.postgres
@pytest.mark.skipif(
    "KPILAB_TEST_POSTGRES" not in os.environ, reason="no server named in KPILAB_TEST_POSTGRES"
)
def test_a_server_keeps_the_same(tmp_path):
    address = os.environ["KPILAB_TEST_POSTGRES"]
    database = connect(address)
    for table in ("alarms", "notes", "actions", "decisions", "causes", "findings", "reviews"):
        database.rows(f"DELETE FROM {table}")
    database.close()
    writers = [python(WRITER, address, name) for name in ("a", "b")]
    assert [w.wait(120) for w in writers] == [0, 0]
    with Store.open(address) as store:
        assert len(store.actions("case")) == 400
        saved = store.review(store.save(story()))
        assert saved.causes[0].where == story().causes[0].where
        store.note(saved.causes[0].id, "add", "by hand")
        assert store.whys(saved.causes[0].id)[-1].answer["en"] == "by hand"
