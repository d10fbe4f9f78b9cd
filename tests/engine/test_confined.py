"""Once the sources are registered, the engine reads these files and no other: no neighbour,
no link, no network."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from kpilab.engine.connect import confine, connect
from kpilab.engine.door import files
from kpilab.engine.door.reading import Reading
from kpilab.errors import BadInput


@pytest.fixture
def folder(tmp_path) -> Path:
    for k in (1, 2):
        pd.DataFrame({"day": [date(2026, 1, k)], "n": [k]}).to_parquet(
            tmp_path / f"log-{k}.parquet"
        )
    (tmp_path / "neighbour.csv").write_text("secret\n1\n")
    (tmp_path / "o'neil").mkdir()
    (tmp_path / "o'neil" / "log.csv").write_text("n\n3\n")
    return tmp_path


def opened(folder: Path, *sources: str):
    con = connect()
    paths = [str(folder / source) for source in sources]
    tables = [files.opened(con, p, f"t{k}", Reading()).table for k, p in enumerate(paths)]
    confine(con, paths)
    return con, tables


def attempts(folder: Path) -> list[str]:
    return [
        f"SELECT * FROM read_csv('{folder}/neighbour.csv')",
        f"SELECT * FROM read_csv('{folder}/../{folder.name}/neighbour.csv')",
        f"SELECT * FROM glob('{folder}/*')",
        f"SELECT * FROM read_text('{folder}/log-*')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('https://localhost/x.csv')",
        f"COPY (SELECT 1) TO '{folder}/new.parquet'",
        f"COPY (SELECT 1) TO '{folder}/log-1.parquet'",
        f"ATTACH '{folder}/new.db'",
        f"EXPORT DATABASE '{folder}/out'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
        "SET allowed_directories = ['/']",
    ]


@pytest.mark.parametrize("source", ["log-1.parquet", "log-*.parquet", "o'neil/log.csv"])
def test_nothing_but_the_sources_is_read_or_written(folder, source):
    con, (table,) = opened(folder, source)
    assert table.count().to_pandas() >= 1
    for attempt in attempts(folder):
        with pytest.raises(duckdb.Error):
            con.raw_sql(attempt).fetchall()
    assert sorted(p.name for p in folder.iterdir()) == [
        "log-1.parquet",
        "log-2.parquet",
        "neighbour.csv",
        "o'neil",
    ]


def test_a_pattern_gives_the_files_that_matched_when_the_case_was_opened(folder):
    con, (table,) = opened(folder, "log-*.parquet")
    assert table.n.sum().to_pandas() == 3
    os.symlink(folder / "neighbour.csv", folder / "log-9.csv")
    with pytest.raises(duckdb.Error):
        con.raw_sql(f"SELECT * FROM read_text('{folder}/log-9.csv')").fetchall()
    (folder / "log-3.parquet").write_bytes((folder / "log-1.parquet").read_bytes())
    with pytest.raises(duckdb.Error):
        con.raw_sql(f"SELECT * FROM read_parquet('{folder}/log-3.parquet')").fetchall()


def test_a_link_that_is_the_source_leads_to_its_file_alone(folder):
    os.symlink(folder / "log-1.parquet", folder / "link.parquet")
    con, (table,) = opened(folder, "link.parquet")
    assert table.count().to_pandas() == 1
    with pytest.raises(duckdb.Error):
        con.raw_sql(f"SELECT * FROM read_parquet('{folder}/log-2.parquet')").fetchall()


def test_a_damaged_workbook_is_refused_in_words(folder):
    (folder / "bad.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(BadInput, match="cannot be read"):
        files.opened(connect(), folder / "bad.xlsx", "t", Reading())


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("duckdb://", {"extensions": "httpfs"}),
        ("duckdb://", {"allow_unsigned_extensions": True}),
        ("duckdb://", {"custom_extension_repository": "http://localhost"}),
        ("duckdb://", {"database": "other.db"}),
        ("duckdb://", {"threads": -1}),
        ("duckdb://", {"memory_limit": "abc"}),
        ("duckdb:///etc/passwd", {}),
        ("pyspark://", {"spark.jars.packages": "a:b:1"}),
        ("pyspark://", {"spark.pyspark.python": "/tmp/x"}),
        ("pyspark://", {"spark.driver.extraJavaOptions": "-javaagent:x"}),
        ("postgres://localhost:1/x", {}),
        ("foo://x", {}),
        ("duckdbx", {}),
        ("other.ddb", {}),
        ("", {}),
    ],
)
def test_a_case_cannot_load_code_through_the_engine_and_is_told_in_words(
    url, options, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as told:
        connect(url, options)
    assert "case.yml, key 'engine" in told.value.where
    assert list(tmp_path.iterdir()) == []
