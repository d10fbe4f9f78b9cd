"""What does not fit into memory goes to disk: into a folder of one's own, and back out of it."""

from __future__ import annotations

import gc
import os

import pytest

from kpilab.engine.connect import confine, connect
from kpilab.engine.run import collect
from kpilab.errors import BadInput, EngineError

SMALL = {"memory_limit": "40MB", "threads": 1}


def sorted_by_hash(con, rows=2_000_000):
    """A sort that needs more memory than SMALL has, down to one row."""
    numbers = f"SELECT (hash(range) >> 12)::BIGINT AS h, range AS i FROM range({rows})"
    return con.sql(
        "SELECT count(d) AS n, sum(d) AS total FROM (SELECT h - lag(h) OVER (ORDER BY h, i) "
        f"AS d FROM ({numbers}))"
    )


def test_two_connections_put_their_rows_aside_in_folders_of_their_own(tmp_path):
    options = {**SMALL, "temp_directory": str(tmp_path / "made" / "here")}
    first, second = connect(options=options), connect(options=options)
    confine(first, [str(tmp_path / "data.csv")])
    folders = [
        c.raw_sql("SELECT current_setting('temp_directory')").fetchone()[0] for c in (first, second)
    ]
    assert folders[0] != folders[1]
    assert collect(sorted_by_hash(first), "sort")["n"].tolist() == [1_999_999]
    assert os.path.isdir(folders[0])
    del first, second
    gc.collect()
    assert list((tmp_path / "made" / "here").iterdir()) == []


def test_what_a_killed_program_left_is_swept(tmp_path):
    dead = tmp_path / ".kpilab-999999999-0123abcd.spill"
    for folder in (dead, tmp_path / ".kpilab-mine.spill"):
        folder.mkdir()
        (folder / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"x")
    connect(options={"temp_directory": str(tmp_path)})
    assert {p.name for p in tmp_path.iterdir()} == {".kpilab-mine.spill"}


def test_a_spill_folder_that_is_full_is_told_with_the_mend(tmp_path):
    con = connect(options={**SMALL, "temp_directory": str(tmp_path)})
    con.raw_sql("SET max_temp_directory_size = '1MB'")  # DuckDB heeds it only once it is open
    with pytest.raises(EngineError, match="temp_directory") as told:
        collect(sorted_by_hash(con), "sort")
    assert "sort" in str(told.value)
    assert str(tmp_path) in str(told.value)
    assert collect(con.sql("SELECT 1 AS n"), "after")["n"].tolist() == [1], "the engine goes on"


def test_a_spill_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadInput, match="cannot be written") as told:
        connect(options={"temp_directory": str(tmp_path / "file" / "below")})
    assert "engine_options: temp_directory" in told.value.hint
