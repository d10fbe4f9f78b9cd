"""A review of linked tables against one of the same rows joined beforehand: processor time, wall
time and memory, each in a process of its own.

python benchmarks/joins.py [--items 10000000] [--limit 6GB]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import yaml

PERIODS = {"baseline": ["2026-01-01", "2026-03-31"], "current": ["2026-04-01", "2026-06-30"]}
DIMENSIONS = ("channel", "region", "plan", "category")


def tables(folder: Path, items: int) -> None:
    """Ten items an order, five orders a customer, two years of days, as parquet files."""
    con, orders = duckdb.connect(), items // 10
    con.execute("SELECT setseed(0.5)")
    made = {
        "customers": f"""SELECT range AS customer_id, 'r' || (range % 7) AS region,
            'p' || (range % 3) AS plan FROM range({orders // 5})""",
        "products": """SELECT range AS product_id, 'c' || (range % 12) AS category,
            2.0 + range % 9 AS unit_cost FROM range(500)""",
        "orders": f"""SELECT range AS order_id, range % {orders // 5} AS customer_id,
            DATE '2024-07-01' + CAST(range * 730 / {orders} AS INT) AS order_date,
            CASE WHEN range % 3 = 0 THEN 'app' ELSE 'web' END AS channel FROM range({orders})""",
        "order_items": f"""SELECT range // 10 AS order_id, (range * 7919) % 500 AS product_id,
            1 + range % 3 AS qty, round(5 + random() * 20, 2) AS unit_price FROM range({items})""",
    }
    for name, query in made.items():
        con.execute(f"CREATE TABLE {name} AS {query}")
        con.execute(f"COPY {name} TO '{folder / name}.parquet'")
    con.execute(f"""COPY (SELECT i.*, o.order_date, o.channel, c.region, c.plan, p.category,
        i.qty * i.unit_price AS amount, i.qty * p.unit_cost AS cost FROM order_items i
        JOIN orders o USING (order_id) JOIN customers c USING (customer_id)
        JOIN products p USING (product_id)) TO '{folder / "wide"}.parquet'""")


def case(folder: Path, linked: bool, limit: str) -> Path:
    """The same question, on linked tables or on the table joined beforehand."""
    lines: dict[str, object] = {"kind": "facts", "source": "wide.parquet", "time": "order_date"}
    lines["dimensions"] = list(DIMENSIONS)
    more: dict[str, object] = {}
    if linked:
        lines |= {"source": "order_items.parquet", "time": "orders.order_date"}
        lines["links"] = {"order_id": "orders", "product_id": "products"}
        lines["columns"] = {"amount": "qty * unit_price", "cost": "qty * products.unit_cost"}
        tables = ("orders", "customers", "customers", "products")
        lines["dimensions"] = [f"{t}.{d}" for t, d in zip(tables, DIMENSIONS, strict=True)]
        more = {
            "orders": {"kind": "facts", "key": "order_id", "time": "order_date",
                       "links": {"customer_id": "customers"}},
            "customers": {"kind": "entities", "key": "customer_id"},
            "products": {"kind": "entities", "key": "product_id"},
        }  # fmt: skip
        for name, table in more.items():
            table["source"] = f"{name}.parquet"  # type: ignore[index]  # a mapping, as above
    measures = {"revenue": "sum(amount)", "lines": "count(*)", "units": "sum(qty)"}
    metrics: dict[str, dict[str, str]] = {
        name: {"table": "lines", "measure": text} for name, text in measures.items()
    }
    for name, above, below in (
        ("per_line", "sum(qty)", "count(*)"),
        ("price", "sum(amount)", "sum(qty)"),
    ):
        metrics[name] = {"table": "lines", "numerator": above, "denominator": below}
    spec = {
        "kpilab": 1, "title": "joins", "periods": PERIODS, "tables": {"lines": lines, **more},
        "metrics": metrics, "goal": {"metric": "revenue", "formula": "lines * per_line * price"},
        "engine_options": {"memory_limit": limit, "threads": 2},
    }  # fmt: skip
    path = folder / ("linked.yml" if linked else "wide.yml")
    path.write_text(yaml.safe_dump(spec), "utf-8")
    return path


def run(path: Path) -> None:
    """One review, timed from the inside."""
    import kpilab

    began = time.perf_counter()
    opened = kpilab.open_case(path)
    read, before = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    found = kpilab.review(opened)
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {"open": read, "all": time.perf_counter() - began, "goal": found.goal.change}
    told |= {"processor": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024}
    told |= {"review": told["processor"] - before.ru_utime - before.ru_stime}
    print(json.dumps(told))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=10_000_000)
    parser.add_argument("--limit", default="6GB")
    parser.add_argument("--run", type=Path)
    given = parser.parse_args()
    if given.run:
        run(given.run)
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        tables(folder, given.items)
        print(f"{given.items:,} items, 2 threads, memory limit {given.limit}")
        print(
            "| | open s | open and review s | processor s | of it review | memory MiB |"
            " change of revenue |"
        )
        print("|---|---|---|---|---|---|---|")
        for linked in (False, True, False, True):
            path = case(folder, linked, given.limit)
            command = [sys.executable, __file__, "--run", str(path)]
            told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            names = ("open", "all", "processor", "review", "memory", "goal")
            cells = [told[name] for name in names]
            print(f"| {path.stem} | " + " | ".join(f"{c:,.2f}" for c in cells) + " |", flush=True)


if __name__ == "__main__":
    main()
