"""Does a review of a large log end in time and in little memory? Reviews copies of a sample, each
size a process.

    python benchmarks/scale.py --millions 10 100 --memory 2GB

The sample is written once at a million events; its log is copied (every copy has users and sessions
of its own), the tables of sums are multiplied. The command `kpilab review` is timed, with its
steps; memory is the most it held.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

EVENTS_OF_ONE = 57_000  # of the sample at size 1
COPIED = {"events": ("event_id", "session_id"), "experiments": ()}
MULTIPLIED = ("facts", "reported")


def enlarged(sample: Path, folder: Path, times: int, memory: str, threads: int) -> int:
    """The case at `times` its size; the number of its events."""
    folder.mkdir()
    con = duckdb.connect()
    con.execute("SET preserve_insertion_order = false")
    con.execute("SET memory_limit = '3GB'")
    for file in sample.glob("*.parquet"):
        target = f"COPY ({{}}) TO '{folder / file.name}' (FORMAT parquet)"
        kinds = con.sql(f"SELECT * FROM '{file}' LIMIT 0")
        if file.stem in COPIED:
            numbers = [
                f"{c} + copy * (SELECT max({c}) + 1 FROM '{file}') AS {c}"
                for c in COPIED[file.stem]
            ]
            changed = ", ".join(["user_id || '-' || copy AS user_id", *numbers])
            text = f"SELECT * REPLACE ({changed}) FROM '{file}', range({times}) AS copies(copy)"
            con.execute(target.format(text.replace("SELECT *", "SELECT * EXCLUDE (copy)", 1)))
        elif file.stem in MULTIPLIED:
            sums = [
                c
                for c, kind in zip(kinds.columns, kinds.types, strict=True)
                if str(kind) in ("BIGINT", "DOUBLE")
            ]
            con.execute(
                target.format(
                    f"SELECT * REPLACE ({', '.join(f'{c} * {times} AS {c}' for c in sums)}) "
                    f"FROM '{file}'"
                )
            )
        else:
            con.execute(target.format(f"SELECT * FROM '{file}'"))
    text = (sample / "case.yml").read_text("utf-8")
    text = re.sub(
        r"^  target: (.*)$",
        lambda m: f"  target: {float(m[1]) * (times if float(m[1]) > 1 else 1)}",
        text,
        flags=re.M,
    )
    options = f"kpilab: 1\nengine_options:\n  memory_limit: {memory}\n  threads: {threads}\n"
    (folder / "case.yml").write_text(text.replace("kpilab: 1\n", options, 1), "utf-8")
    found = con.execute(f"SELECT count(*) FROM '{folder}/events.parquet'").fetchone()
    return int(found[0]) if found else 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--millions", type=float, nargs="+", default=[10])
    parser.add_argument("--memory", default="2GB", help="memory_limit of the engine")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    from kpilab.samples.write import write

    with tempfile.TemporaryDirectory() as place:
        sample = Path(place) / "sample"
        write("shop", str(sample), seed=asked.seed, size=1e6 / EVENTS_OF_ONE)
        for millions in asked.millions:
            folder = Path(place) / f"case{millions:g}"
            events = enlarged(sample, folder, max(round(millions), 1), asked.memory, asked.threads)
            size = (folder / "events.parquet").stat().st_size / 2**30
            print(f"{events:,} events, {size:.1f} GiB of Parquet", flush=True)
            began = time.perf_counter()
            command = [
                sys.executable,
                "-m",
                "kpilab",
                "review",
                str(folder),
                "--out",
                str(folder / "out"),
                "--verbose",
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
            took = time.perf_counter() - began
            print(
                "\n".join(
                    line
                    for line in done.stdout.splitlines() + done.stderr.splitlines()
                    if " s  " in line
                )
            )
            memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
            print(f"{took:.0f} s in all, {memory:.2f} GiB at most, exit {done.returncode}")
            print(
                "\n".join(line for line in done.stdout.splitlines() if re.match(r"\d+\. ", line))
                or done.stdout[-600:]
            )
            print(done.stderr[-800:] if done.returncode else "", flush=True)


if __name__ == "__main__":
    main()
