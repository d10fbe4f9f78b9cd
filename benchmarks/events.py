"""Speed of funnels, paths and retention over Parquet, as ratios to other engines in one run.

    python benchmarks/events.py --rows 1 10 --repeat 3

Data (20 events, ten rows per user, one user with 1 % of all rows, rows out of order) are generated into a passing
folder. Times are the best of the repetitions, in seconds; "floor" scans, filters and groups by user.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import ibis

from kpilab import EventLog, funnel, paths, retention
from kpilab.engine import stream, windows
from kpilab.engine.steps import planned, rows_of

STEPS = ["visit", "search", "cart", "ship", "pay"]
NAMES = [*STEPS, *(f"other{k}" for k in range(15))]


def make(path: Path, rows: int, seed: int = 1) -> None:
    """A log of `rows` events over 90 days, shuffled within blocks."""
    names = "[" + ",".join(f"'{n}'" for n in NAMES) + "]"
    con = duckdb.connect()
    con.execute(f"SELECT setseed({seed / 10})")
    con.execute(f"""COPY (
        SELECT CASE WHEN random() < 0.01 THEN 0 ELSE floor(random() * {rows // 10})::BIGINT END AS "user",
               TIMESTAMP '2026-01-01' + to_microseconds(floor(random() * 90 * 86400e6)::BIGINT) AS time,
               {names}[1 + floor(pow(random(), 2) * {len(NAMES)})::INT] AS event
        FROM range({rows})) TO '{path}' (FORMAT parquet)""")


def best(work: Callable[[], object], repeat: int) -> float:
    """Shortest of the repetitions, seconds."""
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def floor_sql(path: Path) -> str:
    listed = ",".join(f"'{s}'" for s in STEPS)
    return f"""SELECT count(*), sum(n) FROM (SELECT "user", count(*) n, min(time), max(time)
        FROM '{path}' WHERE event IN ({listed}) GROUP BY "user")"""


def clickhouse(path: Path) -> Callable[[], object] | None:
    """windowFunnel of the embedded ClickHouse, if it is installed."""
    try:
        import chdb
    except ImportError:
        return None
    conditions = ", ".join(f"event = '{s}'" for s in STEPS)
    listed = ",".join(f"'{s}'" for s in STEPS)
    query = f"""SELECT level, count() FROM (SELECT
        windowFunnel(604800000000)(toUInt64(toUnixTimestamp64Micro(time)), {conditions}) AS level
        FROM file('{path}', Parquet) WHERE event IN ({listed})
        GROUP BY user) GROUP BY level ORDER BY level"""
    return lambda: str(chdb.query(query, "CSV"))


def paths_sql(path: Path) -> None:
    """Sessions, top ways of five from 'cart', and the transition matrix in plain DuckDB SQL."""
    con = duckdb.connect()
    con.execute(f"""CREATE TEMP TABLE e AS
        SELECT "user", time, event, sum(fresh) OVER (PARTITION BY "user" ORDER BY time) AS session
        FROM (SELECT *, CASE WHEN time - lag(time) OVER (PARTITION BY "user" ORDER BY time) <= INTERVAL 30 MINUTE
              THEN 0 ELSE 1 END AS fresh FROM '{path}')""")
    con.execute("""SELECT event, follows, count(*), count(DISTINCT "user") FROM (SELECT "user", event, lead(event) OVER
        (PARTITION BY "user", session ORDER BY time) AS follows FROM e) GROUP BY ALL""").fetchall()
    con.execute("""SELECT way, count(*)
        FROM (SELECT list_slice(l, list_position(l, 'cart'), list_position(l, 'cart') + 4) AS way
        FROM (SELECT list(event ORDER BY time) AS l FROM e GROUP BY "user", session) WHERE list_contains(l, 'cart'))
        GROUP BY way ORDER BY 2 DESC LIMIT 20""").fetchall()


def retention_sql(path: Path) -> None:
    """Weekly cohorts by one bit mask per user."""
    duckdb.sql(f"""WITH m AS (SELECT "user", bit_or(1::BIGINT << (epoch(time)::BIGINT // 604800 - 2900)::INT) AS b
        FROM '{path}' GROUP BY 1)
        SELECT first, k, count(*) FROM (SELECT b, (log2(b & -b))::INT AS first FROM m), range(20) r(k)
        WHERE (b >> k) & 1 = 1 GROUP BY 1, 2""").fetchall()


def portable(path: Path) -> None:
    """The same funnel through the portable expression."""
    plan = planned(STEPS, "7d")
    rows, keys = rows_of(EventLog(path), plan)
    windows.outcomes(rows, plan.chain, keys).group_by("level").agg(n=ibis._.count()).to_pandas()


def measured(folder: Path, millions: float, repeat: int, only: str) -> None:
    """Print one size's table."""
    path, rows = folder / "log.parquet", int(millions * 1e6)
    make(path, rows)
    base = best(lambda: duckdb.sql(floor_sql(path)).fetchall(), repeat)
    work: dict[str, Callable[[], object]] = {
        "funnel (kernel)": lambda: funnel(EventLog(path), STEPS),
        "funnel (expression)": lambda: portable(path),
    }
    peer = clickhouse(path)
    if peer:
        work["funnel, ClickHouse embedded"] = peer
    if rows <= 10_000_000:
        work |= {
            "paths + matrix": lambda: paths(EventLog(path), start="cart"),
            "paths + matrix, plain SQL": lambda: paths_sql(path),
            "retention": lambda: retention(EventLog(path)),
            "retention, bit mask SQL": lambda: retention_sql(path),
        }
    print(f"\n{rows:,} rows  floor {base:.3f} s")
    for name, call in work.items():
        if only not in name:
            continue
        took = best(call, repeat)
        print(f"  {name:32s} {took:8.3f} s   {took / base:6.2f} x floor", flush=True)
    print(f"  peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=float, nargs="+", default=[1, 10], help="millions of rows")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="", help="part of the names of the rows wanted")
    asked = parser.parse_args()
    stream.prepare()
    with tempfile.TemporaryDirectory() as folder:
        for millions in asked.rows:
            measured(Path(folder), millions, asked.repeat, asked.only)


if __name__ == "__main__":
    main()
