"""Speed of funnels, paths and retention over Parquet, as ratios to other engines in one run.

    python benchmarks/events.py --rows 1 10 --repeat 3

Data (20 events, ten rows per user, one user with 1 % of all rows, rows out of order) are generated
into a passing folder. Every line is a process of its own: the best of the repetitions in seconds of
the clock and of the processor, the same as multiples of the reference above it, and the most memory
the process held. "floor" scans, filters and groups by user. ClickHouse embedded is the package chdb
(extra `bench`).
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import duckdb
import ibis
import pandas as pd

from kpilab import EventLog, funnel, paths, retention
from kpilab.engine.events import stream, windows
from kpilab.engine.events.step_rows import rows_of
from kpilab.engine.events.steps import Steps, planned

STEPS = ["visit", "search", "cart", "ship", "pay"]
FIRST, NEXT_CELL = "funnel, first of a notebook", "same, 3 s after EventLog()"
READING = 3  # seconds between two cells of a notebook
NAMES = [*STEPS, *(f"other{k}" for k in range(15))]


def make(path: Path, rows: int, seed: int = 1) -> None:
    """A log of `rows` events over 90 days, shuffled within blocks."""
    names = "[" + ",".join(f"'{n}'" for n in NAMES) + "]"
    con = duckdb.connect()
    con.execute(f"SELECT setseed({seed / 10})")
    con.execute(f"""COPY (
        SELECT CASE WHEN random() < 0.01 THEN 0 ELSE floor(random() * {rows // 10})::BIGINT END AS
            "user",
               TIMESTAMP '2026-01-01' + to_microseconds(floor(random() * 90 * 86400e6)::BIGINT) AS
               time,
               {names}[1 + floor(pow(random(), 2) * {len(NAMES)})::INT] AS event
        FROM range({rows})) TO '{path}' (FORMAT parquet)""")


def floor(path: Path) -> None:
    listed = ",".join(f"'{s}'" for s in STEPS)
    duckdb.sql(f"""SELECT count(*), sum(n) FROM (SELECT "user", count(*) n, min(time), max(time)
        FROM '{path}' WHERE event IN ({listed}) GROUP BY "user")""").fetchall()


def clickhouse(path: Path) -> None:
    """windowFunnel of the embedded ClickHouse."""
    import chdb

    conditions = ", ".join(f"event = '{s}'" for s in STEPS)
    listed = ",".join(f"'{s}'" for s in STEPS)
    str(
        chdb.query(
            f"""SELECT level, count() FROM (SELECT
        windowFunnel(604800000000)(toUInt64(toUnixTimestamp64Micro(time)), {conditions}) AS level
        FROM file('{path}', Parquet) WHERE event IN ({listed})
        GROUP BY user) GROUP BY level ORDER BY level""",
            "CSV",
        )
    )


def paths_sql(path: Path) -> None:
    """Sessions, top ways of five from 'cart', and the transition matrix in plain DuckDB SQL."""
    con = duckdb.connect()
    con.execute(f"""CREATE TEMP TABLE e AS
        SELECT "user", time, event, sum(fresh) OVER (PARTITION BY "user" ORDER BY time) AS session
        FROM (SELECT *, CASE WHEN time - lag(time) OVER (PARTITION BY "user" ORDER BY time) <=
        INTERVAL 30 MINUTE
              THEN 0 ELSE 1 END AS fresh FROM '{path}')""")
    con.execute("""SELECT event, follows, count(*), count(DISTINCT "user") FROM (SELECT "user",
        event, lead(event) OVER
        (PARTITION BY "user", session ORDER BY time) AS follows FROM e) GROUP BY ALL""").fetchall()
    con.execute("""SELECT way, count(*) FROM (SELECT "user", session, min_by(way,
        time) AS way FROM (SELECT "user",
        session, time, event, concat_ws(' > ', event, lead(event) OVER w, lead(event, 2) OVER w,
        lead(event, 3) OVER w,
        lead(event, 4) OVER w) AS way FROM e WINDOW w AS (PARTITION BY "user",
        session ORDER BY time))
        WHERE event = 'cart' GROUP BY ALL) GROUP BY way ORDER BY 2 DESC LIMIT 20""").fetchall()


def retention_sql(path: Path) -> None:
    """Weekly cohorts by one bit mask per user."""
    duckdb.sql(f"""WITH m AS (SELECT "user", bit_or(1::BIGINT << (epoch(time)::BIGINT // 604800 -
    2900)::INT) AS b
        FROM '{path}' GROUP BY 1)
        SELECT first, k, count(*) FROM (SELECT b, (log2(b & -b))::INT AS first FROM m),
            range(20) r(k)
        WHERE (b >> k) & 1 = 1 GROUP BY 1, 2""").fetchall()


def portable(path: Path) -> None:
    """The same funnel through the portable expression."""
    log = EventLog(path)
    plan = planned(Steps(STEPS), "7d", log)
    rows, keys = rows_of(log, plan)
    windows.outcomes(rows, plan.chain, keys).group_by("level").agg(n=ibis._.count()).to_pandas()


def small_use() -> None:
    """A notebook that has used everything but the kernels: a small log never asks for them."""
    small = pd.DataFrame(
        {"user": [1, 1], "time": pd.to_datetime(["2026-01-01"] * 2), "event": STEPS[:2]}
    )
    funnel(EventLog(small), STEPS[:2])


# Name -> (work, reference, most millions of rows it is run on)
WORK: dict[str, tuple[Callable[[Path], object], str, int]] = {
    "floor": (floor, "floor", 1000),
    "funnel": (lambda path: funnel(EventLog(path), STEPS), "floor", 1000),
    "funnel, portable expression": (portable, "floor", 1),
    "funnel, ClickHouse embedded": (clickhouse, "floor", 1000),
    "paths + matrix, plain SQL": (paths_sql, "paths + matrix, plain SQL", 10),
    "paths + matrix": (
        lambda path: paths(EventLog(path), start="cart"),
        "paths + matrix, plain SQL",
        10,
    ),
    "retention, bit mask SQL": (retention_sql, "retention, bit mask SQL", 10),
    "retention": (lambda path: retention(EventLog(path)), "retention, bit mask SQL", 10),
    FIRST: (lambda path: funnel(EventLog(path), STEPS), "funnel", 1),
    NEXT_CELL: (lambda path: funnel(EventLog(path), STEPS), "funnel", 1),
}


def measured(name: str, path: Path, repeat: int) -> tuple[float, float, float]:
    """Seconds of the clock and of the processor (best of the repetitions), and GiB held at most."""
    if name in (FIRST, NEXT_CELL):
        small_use()
        repeat = 1
        if name == NEXT_CELL:
            EventLog(path)
            time.sleep(READING)
    else:
        stream.prepare()
    clock, processor = [], []
    for _ in range(repeat):
        began, used = time.perf_counter(), time.process_time()
        WORK[name][0](path)
        clock.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    return min(clock), min(processor), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def alone(name: str, path: Path, repeat: int) -> tuple[float, float, float]:
    """`measured` in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measured, name, path, repeat).result()


def table(folder: Path, millions: float, repeat: int, only: str) -> None:
    """Print one size's table."""
    path, found = folder / "log.parquet", {}
    make(path, int(millions * 1e6))
    print(f"\n{int(millions * 1e6):,} rows")
    print(f"  {'':30s}{'clock':>9s}{'ratio':>8s}{'processor':>11s}{'ratio':>8s}{'GiB':>7s}   to")
    for name, (_, to, most) in WORK.items():
        if (
            millions > most
            or only not in name + to
            or ("ClickHouse" in name and not find_spec("chdb"))
        ):
            continue
        found[name] = clock, processor, held = alone(name, path, repeat)
        ratios = [value / base for value, base in zip((clock, processor), found[to], strict=False)]
        print(
            f"  {name:30s}{clock:9.3f}{ratios[0]:8.2f}{processor:11.3f}{ratios[1]:8.2f}"
            f"{held:7.2f}   {to}",
            flush=True,
        )
    if "funnel" in found and "funnel, ClickHouse embedded" in found:
        ours, theirs = found["funnel"], found["funnel, ClickHouse embedded"]
        print(
            f"  funnel / ClickHouse embedded: clock {ours[0] / theirs[0]:.2f}, processor "
            f"{ours[1] / theirs[1]:.2f}"
        )
    path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=float, nargs="+", default=[1, 10], help="millions of rows")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="", help="part of the names of the rows wanted")
    asked = parser.parse_args()
    stream.prepare()
    with tempfile.TemporaryDirectory() as folder:
        for millions in asked.rows:
            table(Path(folder), millions, asked.repeat, asked.only)


if __name__ == "__main__":
    main()
