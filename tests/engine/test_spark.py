"""Funnels on Spark and on DuckDB answer alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab import EventLog, Exclusion, Step, funnel
from kpilab.engine import stream
from kpilab.engine.connect import connect

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    pytest.importorskip("pyspark")
    random, n = np.random.default_rng(4), 600
    heavy = random.random(n) < 0.1
    frame = pd.DataFrame({
        "user": np.where(heavy, 0, random.integers(1, 60, n)).astype(str),
        "event": random.choice(["visit", "cart", "ship", "pay", "help"], n),
        "os": random.choice(["ios", "web"], n),
        # Whole hours of a fortnight: many ties; some rows stand twice; in no order.
        "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 14 * 24, n), unit="h"),
    })  # fmt: skip
    frame["time"] = frame["time"].astype("datetime64[us]")
    frame = pd.concat([frame, frame.head(20)], ignore_index=True)
    frame.loc[::97, "user"] = None
    folder = str(tmp_path_factory.mktemp("spark"))
    quiet = {
        "spark.sql.warehouse.dir": folder,
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.master": "local[1]",
    }
    spark = connect("pyspark://", quiet)
    return EventLog(frame), EventLog(spark.create_table("kpilab_test_events", frame, overwrite=True))


def alike(found, wanted):
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False, check_exact=False, rtol=1e-9)


STEPS = ["visit", "cart", "pay"]


@pytest.mark.parametrize(
    ("steps", "options"),
    [
        (STEPS, {}),
        (STEPS, {"mode": "strict"}),
        (STEPS, {"mode": "unordered", "within": "1d"}),
        (STEPS, {"by": "session", "breakdown": "os"}),
        (["visit", "visit", "pay"], {"within": "3d"}),
        (STEPS, {"exclude": [Exclusion("help")], "grain": "week"}),
        (["visit", Step("ship", optional=True), Step("pay", within="12h", hold=("os",))], {}),
        (["visit", "event = 'pay' and os = 'ios'"], {}),
    ],
    ids=["ordered", "strict", "unordered", "session", "repeated", "excluded", "optional", "predicate"],
)
def test_funnels_are_equal(logs, steps, options):
    stream.prepare()
    duck, spark = (funnel(log, steps, **options) for log in logs)
    alike(spark.table, duck.table)
    alike(spark.values, duck.values)
    alike(spark.trend, duck.trend)
