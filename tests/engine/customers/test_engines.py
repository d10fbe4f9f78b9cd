"""Questions about customers answer alike on DuckDB, PostgreSQL and Spark."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pytest

from kpilab import EventLog, Facts, Period
from kpilab.core.case import Metric
from kpilab.customers import (
    Lines,
    acquisition,
    basket,
    channel_shift,
    churn,
    cohorts,
    concentration,
    growth,
    lifetime,
    payback,
    pipeline,
    price_volume_mix,
    pull_forward,
    repeat,
    service_effect,
    survival,
)
from kpilab.engine.connect import connect
from kpilab.engine.daily import Measured

ADDRESS = os.environ.get("KPILAB_TEST_POSTGRES", "")
BEFORE = Period(date(2026, 1, 1), date(2026, 3, 31))
NOW = Period(date(2026, 4, 1), date(2026, 6, 30))
ASKED = {"customer": "who", "amount": "amount", "current": NOW}


def orders() -> pd.DataFrame:
    noise, n = np.random.default_rng(4), 4000
    day = pd.Timestamp("2024-07-01") + pd.to_timedelta(noise.integers(0, 730, n), "D")
    who = noise.integers(0, 300, n)
    frame = pd.DataFrame({"date": day, "who": who, "amount": noise.gamma(2, 20, n).round(2)})
    frame["qty"] = noise.integers(1, 5, n)
    frame["late"] = noise.random(n) < 0.1
    frame["number"] = noise.integers(0, 2500, n)
    frame["channel"] = noise.choice(["app", "web"], n)
    return frame.assign(
        region=np.array(["a", "b", "c"])[who % 3], date=day.astype("datetime64[us]")
    )


def refunds() -> pd.DataFrame:
    """The orders, of which one in ten is taken back on its day."""
    frame = orders()
    back = frame[frame["late"]]
    return pd.concat([frame, back.assign(amount=-back["amount"])], ignore_index=True)


def deals() -> pd.DataFrame:
    noise, rows = np.random.default_rng(5), []
    for k in range(400):
        at = pd.Timestamp("2024-07-01") + pd.Timedelta(hours=int(noise.integers(0, 17000)))
        for stage in ("open", "won"):
            rows.append((at, k, stage, "ab"[k % 2]))
            at += pd.Timedelta(hours=int(noise.integers(1, 900)))
    frame = pd.DataFrame(rows, columns=["time", "user", "event", "region"])
    return frame.assign(time=frame["time"].astype("datetime64[us]"))


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, pd.DataFrame], ir.Table]:
    pytest.importorskip("pyspark")
    if not shutil.which("java"):
        pytest.skip("Spark needs Java")
    folder = tmp_path_factory.mktemp("spark")
    con = connect("pyspark://", {
        "spark.sql.warehouse.dir": str(folder), "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1", "spark.master": "local[1]",
    })  # fmt: skip

    def put(name: str, frame: pd.DataFrame) -> ir.Table:
        frame.to_parquet(folder / f"{name}.parquet")
        return con.read_parquet(str(folder / f"{name}.parquet"))

    return put


@pytest.fixture(scope="module")
def postgres() -> Iterator[Callable[[str, pd.DataFrame], ir.Table]]:
    if not ADDRESS:
        pytest.skip("no server named in KPILAB_TEST_POSTGRES")
    con, made = connect(ADDRESS), []

    def put(name: str, frame: pd.DataFrame) -> ir.Table:
        # Another process may run a part of these tests on the same server.
        made.append(f"kpilab_customers_{name}_{os.getpid()}")
        return con.create_table(made[-1], frame, overwrite=True)

    yield put
    for name in dict.fromkeys(made):  # the same one may be put twice
        con.drop_table(name)


@pytest.fixture(
    scope="module",
    params=[pytest.param(e, marks=getattr(pytest.mark, e)) for e in ("spark", "postgres")],
)
def tables(request: pytest.FixtureRequest) -> dict[str, tuple[Facts | EventLog, Facts | EventLog]]:
    put, found = request.getfixturevalue(request.param), {}
    for name, frame, role in (
        ("orders", orders(), Facts), ("refunds", refunds(), Facts), ("deals", deals(), EventLog),
    ):  # fmt: skip
        found[name] = (role(frame), role(put(name, frame)))
    return found


QUESTIONS = {
    "growth": lambda t: growth(
        t, customer="who", amount="amount", baseline=BEFORE, current=NOW, by=["region"]
    ),
    "churn": lambda t: churn(t, by=["region"], **ASKED),
    "acquisition": lambda t: acquisition(t, by=["region"], of="number", **ASKED),
    "basket": lambda t: basket(
        t,
        Lines("number", "channel", "qty"),
        customer="who",
        amount="amount",
        baseline=BEFORE,
        current=NOW,
    ),
    "survival": lambda t: survival(
        t, customer="who", amount="amount", until=NOW.last, by=["region"]
    ),
    "cohorts": lambda t: cohorts(
        t, customer="who", amount="amount", until=NOW.last, by=["region"], grain="quarter"
    ),
    "service_effect": lambda t: service_effect(
        t, "late", customer="who", amount="amount", within="60d", strata="region"
    ),
    "repeat": lambda t: repeat(t, by=["region"], **ASKED | {"current": BEFORE}),
    "concentration": lambda t: concentration(t, **ASKED),
    "channel_shift": lambda t: channel_shift(t, by="channel", **ASKED),
    "pull_forward": lambda t: pull_forward(t, customer="who", amount="amount", peak=BEFORE),
    "lifetime": lambda t: lifetime(t, customer="who", until=NOW.last),
    "payback": lambda t: payback(
        t,
        Measured(t, Metric("spend", t.name, measure="sum(qty)")),
        customer="who",
        amount="amount",
        by="region",
        until=NOW.last,
    ),
    "price_volume_mix": lambda t: price_volume_mix(
        t, by=["region"], quantity="qty", amount="amount", baseline=BEFORE, current=NOW
    ),
    "pipeline": lambda t: pipeline(t, ["open", "won"], current=NOW, by=["region"]),
}


ROWS = {"pipeline": "deals"}


@pytest.mark.parametrize(
    ("name", "rows"),
    [(n, ROWS.get(n, "orders")) for n in QUESTIONS]
    + [(n, "refunds") for n in ("growth", "cohorts")],
)
def test_tables_are_equal(tables, name, rows):
    here, there = (QUESTIONS[name](t) for t in tables[rows])
    for part in ("table", "months", "stages", "rates", "curve", "parts"):
        if isinstance(getattr(here, part, None), pd.DataFrame):
            pd.testing.assert_frame_equal(
                getattr(there, part), getattr(here, part), check_dtype=False, rtol=1e-8
            )
