"""The engine's server is lost in the middle of a review."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

import pandas as pd
import pytest

from kpilab.case.read import open_case
from kpilab.core.case import Case
from kpilab.core.finding import Review
from kpilab.engine import run
from kpilab.engine.connect import connect
from kpilab.report.document import document, to_text
from kpilab.report.words import Words
from kpilab.verdict.run import Stopped, review
from tests.case.conftest import CASE, events
from tests.track.conftest import SPEC, daily

ADDRESS = os.environ.get("KPILAB_TEST_POSTGRES", "")


def told(review: Review) -> dict:
    return json.loads(to_text(document(Words(review, "en"), {}, "")))


@pytest.fixture
def case(tmp_path) -> Case:
    (tmp_path / "case.yml").write_text(SPEC, "utf-8")
    daily(0.8).to_csv(tmp_path / "daily.csv", index=False)
    return open_case(tmp_path)


@pytest.fixture
def lose(monkeypatch) -> Callable[[str, int], Callable[[str, int, int], None]]:
    """In the step named, the next queries fail as if the server were gone, so many of them."""
    monkeypatch.setattr("kpilab.verdict.run.PAUSE", 0)
    real, left = run._fetched, [0]

    def fetched(fetch: Callable[[], object], *rest: object) -> object:
        def lost() -> object:
            left[0] -= 1
            raise ConnectionResetError(104, "Connection reset by peer")

        return real(lost if left[0] else fetch, *rest)

    monkeypatch.setattr(run, "_fetched", fetched)

    def at(step: str, times: int) -> Callable[[str, int, int], None]:
        def progress(name: str, done: int, total: int) -> None:
            assert name == step or not left[0], "the step named asks the engine"
            left[0] = times if name == step and done < total else 0

        return progress

    return at


@pytest.mark.slow
def test_a_connection_lost_once_changes_nothing(case, lose):
    wanted = told(review(case))
    for step in ("data", "root_cause"):
        assert told(review(case, progress=lose(step, 1))) == wanted, step


@pytest.mark.parametrize(
    ("step", "finished"), [("data", []), ("root_cause", ["trust", "goal", "relation"])]
)
def test_one_lost_twice_stops_the_review_and_names_the_step(case, lose, step, finished):
    with pytest.raises(
        Stopped, match=f"step '{step}'.*connection to the engine was lost.*reset by peer"
    ) as told:
        review(case, progress=lose(step, 2))
    assert told.value.step == step
    assert [report.step for report in told.value.finished] == finished


def test_another_failure_of_the_engine_is_not_tried_again(case, monkeypatch):
    import duckdb

    from kpilab.verdict.steps import goal

    calls = []

    def examine(*_):
        calls.append(1)
        raise duckdb.IOException("IO Error: No files found")

    examine.__module__ = goal.__name__
    with pytest.raises(Stopped, match="step 'goal': goal: the engine failed: IO Error"):
        review(case, steps=[examine])
    assert calls == [1]


def test_a_fault_of_our_own_is_not_called_the_engines(case):
    def examine(*_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        review(case, steps=[examine])


@pytest.mark.parametrize(
    ("name", "state", "lost"),
    [
        ("OperationalError", None, True),
        ("errors.AdminShutdown", "57P01", True),
        ("errors.ConnectionFailure", "08006", True),
        ("InterfaceError", None, True),
        ("errors.DiskFull", "53100", False),
        ("errors.UndefinedTable", "42P01", False),
        ("errors.QueryCanceled", "57014", False),
    ],
)
def test_what_a_server_says_tells_whether_it_is_gone(name, state, lost):
    psycopg = pytest.importorskip("psycopg")
    kind = psycopg
    for part in name.split("."):
        kind = getattr(kind, part)
    assert kind.sqlstate == state if hasattr(kind, "sqlstate") else state is None
    with pytest.raises(run.EngineError) as told, run.failures("test"):
        raise kind("said by the server")
    assert isinstance(told.value, run.ConnectionLost) == lost


@pytest.fixture
def server() -> Iterator[str]:
    name = f"kpilab_lost_case_{os.getpid()}"
    con = connect(ADDRESS)
    con.create_table(name, events(), overwrite=True)
    yield name
    con.drop_table(name)


@pytest.mark.postgres
@pytest.mark.skipif(not ADDRESS, reason="no server named in KPILAB_TEST_POSTGRES")
def test_a_server_that_ends_the_connection_is_reached_anew(tmp_path, server, monkeypatch):
    """Ended before, and in the middle of, the queries of several steps."""
    monkeypatch.setattr("kpilab.verdict.run.PAUSE", 0)
    import psycopg

    text = CASE.replace("events.csv", server).replace(
        "kpilab: 1", f"kpilab: 1\nengine: {ADDRESS}\ntimezone: Asia/Shanghai"
    )
    (tmp_path / "case.yml").write_text(text, "utf-8")
    case = open_case(tmp_path)
    wanted = told(review(case))
    con = case.tables["events"].table.get_backend()
    killer = psycopg.connect(ADDRESS.replace("postgres://", "postgresql://"), autocommit=True)
    calls, at = [0], [0]
    real = psycopg.Cursor.execute

    def ended(cursor, *given, **named):
        if cursor.connection is not killer:
            calls[0] += 1
            if calls[0] == at[0]:
                killer.execute(
                    "SELECT pg_terminate_backend(%s)", (cursor.connection.info.backend_pid,)
                )
        return real(cursor, *given, **named)

    monkeypatch.setattr(psycopg.Cursor, "execute", ended)
    assert told(review(case)) == wanted
    queries = calls[0]
    assert queries > 20
    for k in range(1, queries + 1, queries // 3):
        calls[0], at[0], before = 0, k, con.con.info.backend_pid
        assert told(review(case)) == wanted, f"ended at query {k} of {queries}"
        assert con.con.info.backend_pid != before, "another connection than before"
        assert con.con.info.parameter_status("TimeZone") == "Asia/Shanghai"
    killer.close()


def test_a_fault_of_whole_rows_beside_one_of_a_column_names_no_column(case, tmp_path):
    rows = daily(0.8)
    rows.loc[rows.index[-9], "platform"] = None
    pd.concat([rows, rows.iloc[-3:]]).to_csv(tmp_path / "daily.csv", index=False)
    faults = {i["statement"]: i for i in told(review(open_case(tmp_path)))["data_quality"]}
    assert {fault["column"] for fault in faults.values()} == {None, "platform"}
    assert not any("nan" in said for said in faults)
