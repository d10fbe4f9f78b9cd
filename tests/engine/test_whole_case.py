"""The same case on another engine gives the same review."""

from __future__ import annotations

import copy
import json
import math
import os
import shutil
from collections.abc import Iterator

import pandas as pd
import pytest
import yaml

import kpilab
from kpilab.engine.column import marked
from kpilab.engine.connect import connect
from kpilab.engine.metrics import Cut, measure
from kpilab.report.build import write
from tests.case import test_fan_out as linked
from tests.case.conftest import CASE, events

ADDRESS = os.environ.get("KPILAB_TEST_POSTGRES", "")


def told(folder, out) -> dict:
    """The review's JSON without its pictures and what names the folder or the moment."""
    text = write(kpilab.review(kpilab.open_case(folder)), out, created="").json.read_text("utf-8")
    found = json.loads(text)
    return {k: v for k, v in found.items() if k not in ("case", "created")}


def differences(first: object, second: object, place: str = "") -> Iterator[str]:
    """Where two JSON values differ: numbers by more than a millionth, everything else at all."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted(set(first) | set(second)):
            if key != "chart":
                yield from differences(first.get(key), second.get(key), f"{place}/{key}")
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for k, (a, b) in enumerate(zip(first, second, strict=True)):
            yield from differences(a, b, f"{place}/{k}")
    elif isinstance(first, int | float) and isinstance(second, int | float):
        if not math.isclose(first, second, rel_tol=1e-6, abs_tol=1e-9):
            yield f"{place}: {first} and {second}"
    elif first != second:
        yield f"{place}: {first!r} and {second!r}"


def folders(tmp_path):
    """Two folders, the first with the case as it is on DuckDB."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        events().to_parquet(folder / "events.parquet")
    (here / "case.yml").write_text(CASE.replace("events.csv", "events.parquet"), "utf-8")
    return here, there


@pytest.mark.postgres
@pytest.mark.skipif(not ADDRESS, reason="no server named in KPILAB_TEST_POSTGRES")
def test_postgres_and_duckdb_review_alike(tmp_path):
    here, there = folders(tmp_path)
    name = "kpilab_whole_case"
    server = connect(ADDRESS)
    server.create_table(name, events(), overwrite=True)
    try:
        there_text = CASE.replace("events.csv", name).replace(
            "kpilab: 1", f"kpilab: 1\nengine: {ADDRESS}"
        )
        (there / "case.yml").write_text(there_text, "utf-8")
        assert list(differences(told(here, tmp_path / "a"), told(there, tmp_path / "b"))) == []
    finally:
        server.drop_table(name)


@pytest.mark.spark
def test_spark_and_duckdb_review_alike(tmp_path):
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    here, there = folders(tmp_path)
    settings = {
        "spark.master": "local[1]",
        "spark.ui.enabled": False,
        "spark.sql.shuffle.partitions": 1,
    }
    options = "".join(f"\n  {key}: {json.dumps(value)}" for key, value in settings.items())
    engine = f"kpilab: 1\nengine: pyspark://\nengine_options:{options}"
    text = CASE.replace("events.csv", "events.parquet").replace("kpilab: 1", engine)
    (there / "case.yml").write_text(text, "utf-8")
    assert list(differences(told(here, tmp_path / "a"), told(there, tmp_path / "b"))) == []


LINKED = linked.changed(
    ("tables.orders.columns", {"wait": "date_diff('day', customers.since, day)"}),
    ("tables.lines.columns.cost", "qty * products.cost"),
    ("tables.products.valid", {"from": "start", "until": "end"}),
    ("metrics.waited", {"table": "orders", "numerator": "sum(wait)", "denominator": "count(*)"}),
    ("metrics.cost", {"table": "lines", "measure": "sum(cost)"}),
    ("metrics.net", {"formula": "sales - 2 * freight"}),
)


def linked_tables() -> dict[str, pd.DataFrame]:
    """The linked tables, with costs that change in the middle of the second week."""
    frames = linked.tables()
    first = frames["products"].assign(
        start=pd.Timestamp("2025-01-01"), end=pd.Timestamp("2026-01-13")
    )
    later = first.assign(start=pd.Timestamp("2026-01-14"), end=pd.NaT, cost=9.0)
    return frames | {"products": pd.concat([first, later], ignore_index=True)}


def figures(case) -> dict[str, list]:
    """Every metric in both periods, as a whole and by each dimension of its table."""
    found = {}
    for name, metric in case.metrics.items():
        table = case.tables[metric.table]
        for by in ((), *((d,) for d in table.dimensions_named)):
            rows = measure(table, [metric], dict(case.periods), Cut(by=by))
            keys = [rows[c].astype(str) for c in ("kpilab_period", *map(marked, by))]
            found[f"{name} by {by}"] = sorted(
                zip(*keys, rows[name].fillna(-1).round(9), strict=True)
            )
    return found


def here_and_there(folder, engine: dict, sources: dict[str, str]):
    """The linked case on DuckDB, and on another engine."""
    folders = [folder / "here", folder / "there"]
    for place in folders:
        place.mkdir()
        linked.written(place, LINKED, linked_tables())
    other = copy.deepcopy(LINKED) | engine
    for name, source in sources.items():
        other["tables"][name]["source"] = source
    (folders[1] / "case.yml").write_text(yaml.safe_dump(other), "utf-8")
    return [kpilab.open_case(place) for place in folders]


@pytest.mark.postgres
@pytest.mark.skipif(not ADDRESS, reason="no server named in KPILAB_TEST_POSTGRES")
def test_postgres_and_duckdb_join_alike(tmp_path):
    server = connect(ADDRESS)
    names = {name: f"kpilab_linked_{name}" for name in linked_tables()}
    for name, frame in linked_tables().items():
        server.create_table(names[name], frame, overwrite=True)
    try:
        here, there = here_and_there(tmp_path, {"engine": ADDRESS}, names)
        assert figures(here) == figures(there)
        assert [i.rows for i in here.issues] == [i.rows for i in there.issues]
    finally:
        for table in names.values():
            server.drop_table(table)


@pytest.mark.spark
@pytest.mark.slow
def test_spark_and_duckdb_join_alike(tmp_path):
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    settings = {
        "spark.master": "local[1]",
        "spark.ui.enabled": False,
        "spark.sql.shuffle.partitions": 1,
    }
    engine = {"engine": "pyspark://", "engine_options": settings}
    here, there = here_and_there(tmp_path, engine, {})
    assert figures(here) == figures(there)
    assert [i.rows for i in here.issues] == [i.rows for i in there.issues]
