"""Event analyses on Spark and on DuckDB answer alike: one session, one small log with ties,
duplicates and gaps."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pandas as pd
import pytest

from kpilab import EventLog, Where, funnel, paths, retention
from kpilab.engine.connect import connect
from kpilab.engine.events import stream
from kpilab.events import (
    Exclusion,
    Gap,
    Pairs,
    Path,
    Return,
    Step,
    Steps,
    Ways,
    activity,
    dropoff,
    paths_change,
    sequences,
    step_matrix,
)

pytestmark = pytest.mark.spark
STEPS = ["visit", "cart", "pay"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    pytest.importorskip("pyspark")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Spark needs Java")
    random, n = np.random.default_rng(4), 150
    heavy = random.random(n) < 0.1
    frame = pd.DataFrame({
        "user": np.where(heavy, 0, random.integers(1, 40, n)).astype(str),
        "event": random.choice(["visit", "cart", "ship", "pay", "help"], n),
        "os": random.choice(["ios", "web"], n),
        # Whole hours of a fortnight: many ties; some rows stand twice; in no order.
        "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 14 * 24, n),
            unit="h"),
    })  # fmt: skip
    frame["time"] = frame["time"].astype("datetime64[us]")
    frame = pd.concat([frame, frame.head(20)], ignore_index=True)
    frame.loc[::97, "user"] = None
    folder = tmp_path_factory.mktemp("spark")
    quiet = {
        "spark.sql.warehouse.dir": str(folder),
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.master": "local[1]",
    }
    # A file of times without a zone, as pandas and DuckDB write them: a type of its own on Spark.
    frame.to_parquet(folder / "events.parquet")
    stream.prepare()
    return EventLog(frame), EventLog(
        connect("pyspark://", quiet).read_parquet(str(folder / "events.parquet"))
    )


def both(logs, work, *parts):
    duck, spark = (work(log) for log in logs)
    for part in parts:
        found, wanted = getattr(spark, part), getattr(duck, part)
        pd.testing.assert_frame_equal(
            found, wanted, check_dtype=False, check_exact=False, rtol=1e-9
        )


@pytest.mark.parametrize(
    ("steps", "options"),
    [
        (Steps(STEPS, mode="strict"), {"breakdown": "os"}),
        (Steps(STEPS, "session", "unordered"), {"within": "1d"}),
        (
            Steps(["visit", "visit", "pay"], exclude=[Exclusion("help")]),
            {"within": "3d", "grain": "week"},
        ),
        (["visit", Step("ship", optional=True), Step("pay", within="12h", hold=("os",))], {}),
        (Steps(["visit", "event = 'pay' and os = 'ios'"], reuse_event=True), {}),
        (Steps(STEPS, strict_deduplication=True), {"within": "9d", "breakdown": "os"}),
        (Steps(STEPS, strict_increase=True), {"grain": "week"}),
        (["visit", Step("cart", at_least="3h"), Step("pay", at_least="1h", within="2d")], {}),
    ],
    ids=["strict", "unordered", "repeated", "optional", "predicate", "once", "increase", "wait"],
)
def test_funnels_are_equal(logs, steps, options):
    both(logs, lambda log: funnel(log, steps, **options), "table", "values", "trend")


def test_drop_offs_are_equal(logs):
    both(logs, lambda log: dropoff(log, STEPS, after="cart", by=["os"]), "table")


@pytest.mark.parametrize(
    "options",
    [
        {"start": "cart", "ways": Ways(timeout="2h")},
        {"end": "pay", "ways": Ways(unit="user", length=3, collapse=True)},
        {"start": "cart", "end": "pay", "ways": Ways(unit="user", through="help")},
    ],
    ids=["forward", "backward", "through"],
)
def test_paths_are_equal(logs, options):
    both(logs, lambda log: paths(log, **options), "table", "transitions")


def test_step_matrices_are_equal(logs):
    both(
        logs,
        lambda log: step_matrix(
            log, around=("cart", Gap(), "pay"), steps=3, path=Path(unit="user")
        ),
        "table",
    )


def test_comparisons_of_paths_are_equal(logs):
    sides = {"current": Where({"os": "ios"}), "baseline": Where({"os": "web"})}
    both(
        logs,
        lambda log: paths_change(log, ways=Ways(timeout="5h"), **sides),
        "table",
        "transitions",
    )


@pytest.mark.parametrize("how", ["n", "rolling", "bracket"])
def test_retention_is_equal(logs, how):
    both(
        logs,
        lambda log: retention(log, grain="day", by="os", start="visit", back=Return(how=how)),
        "table",
        "curve",
    )


def test_activity_is_equal(logs):
    both(logs, lambda log: activity(log, by="os", grain="day"), "table", "lifecycle")


def test_sequences_are_equal(logs):
    pairs = [("cart", "pay"), ("visit", "visit")]
    both(logs, lambda log: sequences(log, pairs, within="1d"), "table")
    both(logs, lambda log: sequences(log, pairs, within="3d", at_least="1h"), "table")
    apart = Pairs(pairs, overlapping=False)
    both(logs, lambda log: sequences(log, apart, within="3d", at_least="1h"), "table")
